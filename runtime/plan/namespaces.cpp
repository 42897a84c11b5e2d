// linux.namespaces and linux.timeOffsets: clone flags, joins and their order.
// Spec: config-linux.md#namespaces, config-linux.md#offset-for-time-namespace
#include <sched.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "runtime/plan/plan.hpp"

namespace coracle::plan {
namespace {

using oci::NamespaceType;

struct Kind {
  NamespaceType type;
  std::uint64_t clone_flag;  // 0: not made by the clone
};

// In the order of joining.  The user namespace gives the right to enter the
// others; after the mount namespace their paths would no longer resolve.
constexpr Kind kinds[] = {
    {NamespaceType::user, CLONE_NEWUSER},
    {NamespaceType::ipc, CLONE_NEWIPC},
    {NamespaceType::uts, CLONE_NEWUTS},
    {NamespaceType::network, CLONE_NEWNET},
    {NamespaceType::pid, CLONE_NEWPID},
    {NamespaceType::cgroup, 0},
    {NamespaceType::time, 0},
    {NamespaceType::mount, CLONE_NEWNS},
};

const oci::Namespace* find_namespace(const oci::Linux& config, NamespaceType type) {
  const auto found = std::ranges::find(config.namespaces, type, &oci::Namespace::type);
  return found == config.namespaces.end() ? nullptr : &*found;
}

std::string render_offsets(const std::map<std::string, oci::TimeOffset>& offsets) {
  std::string text;
  for (const char* clock : {"monotonic", "boottime"}) {
    const auto found = offsets.find(clock);
    if (found == offsets.end()) continue;
    text += clock;
    text += " " + std::to_string(found->second.secs);
    text += " " + std::to_string(found->second.nanosecs) + "\n";
  }
  return text;
}

}  // namespace

NamespaceUse namespace_use(const oci::Linux& config, NamespaceType type) {
  const oci::Namespace* found = find_namespace(config, type);
  if (found == nullptr) return NamespaceUse::inherited;
  return found->path.empty() ? NamespaceUse::created : NamespaceUse::joined;
}

Result<Namespaces> plan_namespaces(const oci::Linux& config) {
  Namespaces plan;
  for (const Kind& kind : kinds) {
    switch (namespace_use(config, kind.type)) {
      case NamespaceUse::inherited:
        break;
      case NamespaceUse::created:
        plan.clone_flags |= kind.clone_flag;
        break;
      case NamespaceUse::joined:
        plan.joins.push_back({kind.type, find_namespace(config, kind.type)->path});
        break;
    }
  }
  // The kernel gives /dev/mqueue to who makes the namespace: an id of the
  // container's, which init has not yet when it is cloned.
  if (namespace_use(config, NamespaceType::user) != NamespaceUse::inherited) {
    plan.new_ipc = namespace_use(config, NamespaceType::ipc) == NamespaceUse::created;
    plan.clone_flags &= ~std::uint64_t{CLONE_NEWIPC};
  }
  plan.new_cgroup = namespace_use(config, NamespaceType::cgroup) == NamespaceUse::created;
  plan.new_time = namespace_use(config, NamespaceType::time) == NamespaceUse::created;
  plan.time_offsets = render_offsets(config.time_offsets);
  return plan;
}

}  // namespace coracle::plan
