// Features <-> JSON.
#include "oci-spec/features.hpp"

#include <doctest/doctest.h>

#include "oci-spec/json.hpp"
#include "tests/unit/oci-spec/minimal.hpp"

using namespace coracle::oci;
using test::error_of;

namespace {

Features sample() {
  Features features;
  features.oci_version_min = "1.0.0";
  features.oci_version_max = "1.3.0";
  features.mount_options = {"rro"};
  features.linux_.cgroup.v2 = true;
  features.linux_.seccomp.actions = {"SCMP_ACT_LOG"};
  features.linux_.mount_extensions.idmap.enabled = true;
  features.linux_.intel_rdt.schemata = true;
  features.linux_.memory_policy.modes = {"MPOL_BIND"};
  features.linux_.net_devices.enabled = true;
  features.annotations = {{"k", "v"}};
  features.potentially_unsafe_config_annotations = {"bundle"};
  return features;
}

}  // namespace

TEST_CASE("features: what is written reads back") {
  const auto again = parse_features(write_features(sample()));
  REQUIRE(again.has_value());
  CHECK(write_features(*again) == write_features(sample()));
  CHECK(again->linux_.mount_extensions.idmap.enabled);
  CHECK(again->linux_.seccomp.actions == std::vector<std::string>{"SCMP_ACT_LOG"});
}

TEST_CASE("features: what is off is written, because absence means unknown") {
  const std::string text = write_features(sample());
  const auto document = json::parse(text, "features");
  REQUIRE(document.has_value());
  const json::Value part = *document->root().find("linux");
  CHECK(part.find("selinux")->find("enabled")->text() == "false");
  CHECK(part.find("cgroup")->find("systemdUser")->text() == "false");
  CHECK(part.find("seccomp")->find("knownFlags")->kind() == json::Kind::array);
}

TEST_CASE("features: both versions are required") {
  CHECK(error_of(parse_features("{}")) == "features: /ociVersionMin: missing, expected a string");
}
