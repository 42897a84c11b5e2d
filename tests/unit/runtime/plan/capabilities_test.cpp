// Capability names, numbers and sets.
#include "runtime/plan/capabilities.hpp"

#include <doctest/doctest.h>
#include <linux/capability.h>

#include <cstdint>
#include <string>
#include <vector>

namespace {

using namespace coracle;
using namespace coracle::plan;

constexpr std::uint64_t every = (std::uint64_t{1} << 41) - 1;

constexpr std::uint64_t bit(int number) {
  return std::uint64_t{1} << number;
}

struct Planned {
  Result<CapabilitySets> sets;
  std::vector<std::string> warnings;
};

Planned planned(const oci::Capabilities& config, std::uint64_t available = every,
                const Plan& so_far = {}) {
  HostFacts facts;
  facts.bounding_capabilities = available;
  std::vector<std::string> warnings;
  auto sets = plan_capabilities(config, so_far, facts, warnings);
  return {.sets = std::move(sets), .warnings = warnings};
}

}  // namespace

TEST_CASE("capabilities: names and numbers are the kernel's") {
  CHECK(capability_names().size() == 41);
  CHECK(capability_number("CAP_CHOWN") == CAP_CHOWN);
  CHECK(capability_number("CAP_SYS_ADMIN") == CAP_SYS_ADMIN);
  CHECK(capability_number("CAP_SYSLOG") == CAP_SYSLOG);
  CHECK(capability_number("CAP_CHECKPOINT_RESTORE") == CAP_CHECKPOINT_RESTORE);
  CHECK_FALSE(capability_number("CAP_FOO").has_value());
  CHECK_FALSE(capability_number("cap_chown").has_value());
}

TEST_CASE("capabilities: every set is as configured") {
  const Planned result = planned({.bounding = {"CAP_CHOWN", "CAP_KILL", "CAP_BPF"},
                                  .effective = {"CAP_CHOWN"},
                                  .inheritable = {"CAP_KILL"},
                                  .permitted = {"CAP_CHOWN", "CAP_KILL"},
                                  .ambient = {"CAP_KILL"}});
  CHECK(result.warnings.empty());
  const CapabilitySets& sets = result.sets.value();
  CHECK(sets.bounding == (bit(CAP_CHOWN) | bit(CAP_KILL) | bit(CAP_BPF)));
  CHECK(sets.effective == bit(CAP_CHOWN));
  CHECK(sets.inheritable == bit(CAP_KILL));
  CHECK(sets.permitted == (bit(CAP_CHOWN) | bit(CAP_KILL)));
  CHECK(sets.ambient == bit(CAP_KILL));
}

TEST_CASE("capabilities: an unknown name is ignored with one warning") {
  const Planned result = planned({.bounding = {"CAP_FOO", "CAP_CHOWN"},
                                  .effective = {"CAP_FOO"},
                                  .inheritable = {},
                                  .permitted = {},
                                  .ambient = {}});
  CHECK(result.sets.value().bounding == bit(CAP_CHOWN));
  CHECK(result.warnings == std::vector<std::string>{"capability CAP_FOO is unknown, ignored"});
}

TEST_CASE("capabilities: one that the kernel does not have is unknown") {
  HostFacts facts;
  facts.bounding_capabilities = every;
  facts.last_capability = CAP_AUDIT_READ;
  std::vector<std::string> warnings;
  const oci::Capabilities config{
      .bounding = {"CAP_BPF"}, .effective = {}, .inheritable = {}, .permitted = {}, .ambient = {}};
  CHECK(plan_capabilities(config, {}, facts, warnings).value().bounding == 0);
  CHECK(warnings == std::vector<std::string>{"capability CAP_BPF is unknown, ignored"});
}

TEST_CASE("capabilities: those that the runtime lacks are clamped in all sets") {
  const std::vector<std::string> both = {"CAP_CHOWN", "CAP_SYS_RESOURCE"};
  const oci::Capabilities config{
      .bounding = both, .effective = both, .inheritable = both, .permitted = both, .ambient = both};
  const Planned result = planned(config, every & ~bit(CAP_SYS_RESOURCE));
  const CapabilitySets& sets = result.sets.value();
  for (const std::uint64_t set :
       {sets.bounding, sets.effective, sets.inheritable, sets.permitted, sets.ambient}) {
    CHECK(set == bit(CAP_CHOWN));
  }
  CHECK(result.warnings ==
        std::vector<std::string>{
            "the runtime itself lacks these capabilities, ignored: CAP_SYS_RESOURCE"});
}

TEST_CASE("capabilities: nothing is clamped in another user namespace") {
  const oci::Capabilities config{.bounding = {"CAP_SYS_RESOURCE"},
                                 .effective = {},
                                 .inheritable = {},
                                 .permitted = {},
                                 .ambient = {}};
  Plan made;
  made.id_maps.writer = IdMapWriter::helpers;
  CHECK(planned(config, 0, made).sets.value().bounding == bit(CAP_SYS_RESOURCE));
  Plan joined;
  joined.namespaces.joins = {{.type = oci::NamespaceType::user, .path = "/proc/1/ns/user"}};
  CHECK(planned(config, 0, joined).sets.value().bounding == bit(CAP_SYS_RESOURCE));
  Plan other;
  other.namespaces.joins = {{.type = oci::NamespaceType::network, .path = "/proc/1/ns/net"}};
  CHECK(planned(config, 0, other).sets.value().bounding == 0);
}

TEST_CASE("capabilities: effective ones must be permitted") {
  const Planned result = planned({.bounding = {"CAP_CHOWN"},
                                  .effective = {"CAP_CHOWN"},
                                  .inheritable = {},
                                  .permitted = {"CAP_KILL"},
                                  .ambient = {}});
  CHECK(result.sets.error().text() ==
        "/process/capabilities/effective: CAP_CHOWN not in /process/capabilities/permitted");
}

TEST_CASE("capabilities: an ambient one that cannot be raised is dropped with a warning") {
  const Planned result = planned({.bounding = {"CAP_CHOWN", "CAP_KILL"},
                                  .effective = {},
                                  .inheritable = {"CAP_KILL"},
                                  .permitted = {"CAP_CHOWN", "CAP_KILL"},
                                  .ambient = {"CAP_CHOWN", "CAP_KILL"}});
  CHECK(result.sets.value().ambient == bit(CAP_KILL));
  REQUIRE(result.warnings.size() == 1);
  CHECK(result.warnings[0].starts_with("can't raise ambient capability CAP_CHOWN: "));
}
