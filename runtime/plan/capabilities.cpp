// process.capabilities -> bit sets; names <-> numbers.  capabilities(7)
#include "runtime/plan/capabilities.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <set>
#include <string_view>

#include "runtime/base/strings.hpp"

namespace coracle::plan {
namespace {

// By number.
constexpr std::array<std::string_view, 41> names = {
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
};

std::uint64_t bit(int number) {
  return std::uint64_t{1} << number;
}

// "CAP_CHOWN, CAP_KILL"
std::string list(std::uint64_t set) {
  std::vector<std::string> members;
  for (std::size_t number = 0; number < names.size(); ++number) {
    if ((set >> number & 1) != 0) members.emplace_back(names[number]);
  }
  return join(members, ", ");
}

using Unknown = std::set<std::string>;

Unknown unknown_names(const oci::Capabilities& config, int last_capability) {
  Unknown unknown;
  for (const auto* set : {&config.bounding, &config.effective, &config.inheritable,
                          &config.permitted, &config.ambient}) {
    for (const std::string& name : *set) {
      const std::optional<int> number = capability_number(name);
      if (!number || *number > last_capability) unknown.insert(name);
    }
  }
  return unknown;
}

std::uint64_t bits_of(const std::vector<std::string>& configured, const Unknown& unknown) {
  std::uint64_t set = 0;
  for (const std::string& name : configured) {
    if (!unknown.contains(name)) set |= bit(*capability_number(name));
  }
  return set;
}

// Who enters a user namespace, new or not, has every capability in it.
bool enters_user_namespace(const Plan& plan) {
  return plan.id_maps.writer != IdMapWriter::none ||
         std::ranges::any_of(plan.namespaces.joins, [](const Join& join) {
           return join.type == oci::NamespaceType::user;
         });
}

// Leaves in all sets what `available` has; returns what was lost.
std::uint64_t clamp(CapabilitySets& sets, std::uint64_t available) {
  std::uint64_t lost = 0;
  for (std::uint64_t* set :
       {&sets.bounding, &sets.effective, &sets.inheritable, &sets.permitted, &sets.ambient}) {
    lost |= *set & ~available;
    *set &= available;
  }
  return lost;
}

}  // namespace

std::optional<int> capability_number(std::string_view name) {
  const auto* found = std::ranges::find(names, name);
  if (found == names.end()) return std::nullopt;
  return static_cast<int>(found - names.begin());
}

std::vector<std::string> capability_names() {
  return {names.begin(), names.end()};
}

Result<CapabilitySets> plan_capabilities(const oci::Capabilities& config, const Plan& so_far,
                                         const HostFacts& facts,
                                         std::vector<std::string>& warnings) {
  const Unknown unknown = unknown_names(config, facts.last_capability);
  for (const std::string& name : unknown) {
    warnings.push_back("capability " + name + " is unknown, ignored");
  }
  CapabilitySets sets{.bounding = bits_of(config.bounding, unknown),
                      .effective = bits_of(config.effective, unknown),
                      .inheritable = bits_of(config.inheritable, unknown),
                      .permitted = bits_of(config.permitted, unknown),
                      .ambient = bits_of(config.ambient, unknown)};
  if (!enters_user_namespace(so_far)) {
    const std::uint64_t lost = clamp(sets, facts.bounding_capabilities);
    if (lost != 0) {
      warnings.push_back("the runtime itself lacks these capabilities, ignored: " + list(lost));
    }
  }
  const std::uint64_t forbidden = sets.effective & ~sets.permitted;
  if (forbidden != 0) {
    return fail("/process/capabilities/effective: " + list(forbidden) +
                " not in /process/capabilities/permitted");
  }
  const std::uint64_t raisable = sets.permitted & sets.inheritable;
  for (const std::string_view name : names) {
    const std::uint64_t capability = bit(*capability_number(name));
    if ((sets.ambient & ~raisable & capability) == 0) continue;
    warnings.push_back("can't raise ambient capability " + std::string(name) +
                       ": it is not both permitted and inheritable");
  }
  sets.ambient &= raisable;
  return sets;
}

}  // namespace coracle::plan
