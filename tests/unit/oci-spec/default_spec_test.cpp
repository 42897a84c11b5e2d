// What `coracle spec` writes.
#include "oci-spec/default_spec.hpp"

#include <doctest/doctest.h>

#include "oci-spec/parse.hpp"
#include "oci-spec/validate.hpp"
#include "oci-spec/write.hpp"
#include "tests/unit/oci-spec/minimal.hpp"

using namespace coracle::oci;
using test::error_of;

TEST_CASE("default spec: it is valid, with and without privilege") {
  CHECK(error_of(validate(default_spec({}))).empty());
  CHECK(error_of(validate(default_spec({.rootless = true, .euid = 1000, .egid = 100}))).empty());
}

TEST_CASE("default spec: it reads back as it was written") {
  const std::string text = write_spec(default_spec({.cgroup_namespace = true}), true);
  CHECK(write_spec(parse_spec(text).value(), true) == text);
}

TEST_CASE("default spec: without privilege the caller is root inside") {
  const Spec spec = default_spec({.rootless = true, .euid = 1000, .egid = 100});
  CHECK(spec.linux_.uid_mappings == std::vector<IdMapping>{{0, 1000, 1}});
  CHECK(spec.linux_.gid_mappings == std::vector<IdMapping>{{0, 100, 1}});
  CHECK_FALSE(spec.linux_.resources.has_value());
  CHECK(spec.mounts.at(5).type == "none");
  CHECK(spec.mounts.at(2).options.back() == "mode=0620");
}

TEST_CASE("default spec: all devices are denied at first") {
  CHECK(write_spec(default_spec({}), false)
            .find(R"("resources":{"devices":[{"allow":false,"access":"rwm"}]})") !=
        std::string::npos);
}
