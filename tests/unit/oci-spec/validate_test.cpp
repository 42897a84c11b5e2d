// The rules of config.md but for `process`.
#include "oci-spec/validate.hpp"

#include <doctest/doctest.h>

#include "tests/unit/oci-spec/minimal.hpp"

using namespace coracle::oci;
using test::error_of;
using test::minimal_spec;
using test::new_namespace;

namespace {

// The error of the minimal configuration once `change` was made.
std::string refusal(auto change) {
  Spec spec = minimal_spec();
  change(spec);
  return error_of(validate(spec));
}

std::string version_refusal(const std::string& version) {
  return refusal([&](Spec& spec) { spec.oci_version = version; });
}

}  // namespace

TEST_CASE("validate: the smallest configuration passes") {
  CHECK(error_of(validate(minimal_spec())).empty());
  CHECK(refusal([](Spec& spec) { spec.process.reset(); }).empty());
}

TEST_CASE("validate: every version 1.x is accepted") {
  for (const std::string version : {"1.0.0", "1.0.2-dev", "1.2.0+dev", "1.3.0-rc.1+a.b", "1.99.0"})
    CHECK(version_refusal(version).empty());
}

TEST_CASE("validate: another major version is refused") {
  CHECK(version_refusal("2.0.0") ==
        "config.json: /ociVersion: \"2.0.0\" is not supported, expected 1.0.0 or a later 1.x");
  CHECK_FALSE(version_refusal("0.6.0-dev").empty());
  CHECK_FALSE(version_refusal("10.0.0").empty());
}

TEST_CASE("validate: what is no semantic version is refused") {
  for (const std::string version :
       {"", "1", "1.0", "1.0.0.0", "v1.0.0", "1.01.0", "1.0.0-", "1.0.0+", "1.0.0-a..b", " 1.0.0"})
    CHECK(version_refusal(version) ==
          "config.json: /ociVersion: \"" + version + "\" is not a semantic version like 1.3.0");
}

TEST_CASE("validate: the root has a path") {
  CHECK(refusal([](Spec& spec) { spec.root.path.clear(); }) ==
        "config.json: /root/path: \"\" is not a path");
}

TEST_CASE("validate: a mount has a destination, which may be relative") {
  CHECK(refusal([](Spec& spec) { spec.mounts.resize(2); }) ==
        "config.json: /mounts/0/destination: \"\" is not a path");
  CHECK(refusal([](Spec& spec) { spec.mounts.emplace_back().destination = "proc"; }).empty());
}

TEST_CASE("validate: a mount maps both uids and gids or neither") {
  CHECK(refusal([](Spec& spec) {
          Mount& mount = spec.mounts.emplace_back();
          mount.destination = "/m";
          mount.uid_mappings = {{0, 0, 1}};
        }) == "config.json: /mounts/0/gidMappings: missing, expected beside uidMappings");
}

TEST_CASE("validate: a hook's path is absolute and its timeout above zero") {
  CHECK(refusal([](Spec& spec) { spec.hooks.poststop.emplace_back().path = "sh"; }) ==
        "config.json: /hooks/poststop/0/path: \"sh\" is not an absolute path");
  CHECK(refusal([](Spec& spec) {
          spec.hooks.create_runtime = {{.path = "/h", .args = {}, .env = {}, .timeout_s = 0}};
        }) ==
        "config.json: /hooks/createRuntime/0/timeout: 0 is not a number of seconds above zero");
}

TEST_CASE("validate: host and domain name need a uts namespace and fit the kernel") {
  CHECK(refusal([](Spec& spec) { spec.hostname = "web"; }) ==
        "config.json: /hostname: unable to set \"web\" without a private UTS namespace: add "
        "{\"type\": \"uts\"} to /linux/namespaces");
  CHECK_FALSE(refusal([](Spec& spec) { spec.domainname = "web"; }).empty());
  const auto with_uts = [](std::size_t length) {
    return refusal([length](Spec& spec) {
      spec.linux_.namespaces = {new_namespace(NamespaceType::uts)};
      spec.hostname = std::string(length, 'h');
    });
  };
  CHECK(with_uts(64).empty());
  CHECK(with_uts(65).ends_with("is longer than 64 bytes"));
}

TEST_CASE("validate: an annotation has a name") {
  CHECK(refusal([](Spec& spec) { spec.annotations[""] = "v"; }) ==
        "config.json: /annotations/: an annotation's name is empty");
}
