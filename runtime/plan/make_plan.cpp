// The whole Plan, one call per part, in the specification's order.
#include <sys/personality.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "runtime/base/strings.hpp"
#include "runtime/plan/paths.hpp"
#include "runtime/plan/plan.hpp"

namespace coracle::plan {
namespace {

using oci::NamespaceType;

bool inherits(const oci::Spec& spec, NamespaceType type) {
  return namespace_use(spec.linux_, type) == NamespaceUse::inherited;
}

Result<Rootfs> plan_rootfs(const oci::Spec& spec, const PlanOptions& options) {
  Rootfs rootfs{.path = host_path(spec.root.path, options.bundle),
                .readonly = spec.root.readonly,
                .no_pivot = options.no_pivot,
                .propagation = spec.linux_.rootfs_propagation.value_or(oci::RootfsPropagation()),
                .propagation_configured = spec.linux_.rootfs_propagation.has_value()};
  // Without pivot_root the host's mounts stay behind, and private ones would
  // never see the host's unmounts.
  if (rootfs.no_pivot && rootfs.propagation.type == oci::Propagation::private_) {
    return fail("/linux/rootfsPropagation: a private root is not safe with --no-pivot");
  }
  return rootfs;
}

// Paths to mask or to protect: clean, each once, in the given order.
std::vector<std::string> plan_paths(const std::vector<std::string>& configured) {
  std::vector<std::string> paths;
  for (const std::string& each : configured) {
    const std::string path = container_path(each);
    if (std::ranges::find(paths, path) == paths.end()) paths.push_back(path);
  }
  return paths;
}

Result<void> check_idmaps(const std::vector<Mount>& mounts, const HostFacts& facts) {
  if (facts.privileged) return {};
  const auto mapped = [](const Mount& mount) { return mount.idmap.kind != IdmapKind::none; };
  const auto found = std::ranges::find_if(mounts, mapped);
  if (found == mounts.end()) return {};
  return fail("/mounts/" + std::to_string(found - mounts.begin()) +
              ": mapping the ids of a mount needs CAP_SYS_ADMIN over its file system, which uid " +
              std::to_string(facts.euid) + " does not have");
}

std::vector<std::string> relative_destinations(const oci::Spec& spec) {
  std::vector<std::string> warnings;
  for (std::size_t index = 0; index < spec.mounts.size(); ++index) {
    const std::string& destination = spec.mounts[index].destination;
    if (destination.starts_with('/')) continue;
    warnings.push_back("/mounts/" + std::to_string(index) +
                       "/destination: " + in_quotes(destination) + " is not absolute; taken as " +
                       in_quotes(container_path(destination)));
  }
  return warnings;
}

unsigned long personality_number(oci::PersonalityDomain domain) {
  switch (domain) {
    case oci::PersonalityDomain::linux64:
      return PER_LINUX;
    case oci::PersonalityDomain::linux32:
      return PER_LINUX32;
  }
  return PER_LINUX;
}

// The parts that others are planned against.
Result<Plan> plan_ground(const oci::Spec& spec, const HostFacts& facts) {
  Plan plan;
  plan.annotations = TRY(read_annotations(spec));
  plan.namespaces = TRY(plan_namespaces(spec.linux_));
  plan.id_maps = TRY(plan_id_maps(spec.linux_, facts));
  plan.in_user_namespace = facts.in_user_namespace || !inherits(spec, NamespaceType::user);
  plan.loopback_up = namespace_use(spec.linux_, NamespaceType::network) == NamespaceUse::created;
  plan.cgroup_v2 = facts.cgroup_v2;
  if (facts.selinux) {
    plan.mount_label = spec.linux_.mount_label;
  } else if (!spec.linux_.mount_label.empty()) {
    plan.warnings.push_back("/linux/mountLabel: ignored, because this host has no SELinux");
  }
  return plan;
}

}  // namespace

Result<Plan> make_plan(const oci::Spec& spec, const HostFacts& facts, const PlanOptions& options) {
  const oci::Linux& config = spec.linux_;
  Plan plan = TRY(plan_ground(spec, facts));
  plan.rootfs = TRY(plan_rootfs(spec, options));
  plan.mounts = TRY(plan_mounts(spec, plan, options, plan.warnings));
  TRY(check_idmaps(plan.mounts, facts));
  std::ranges::move(relative_destinations(spec), std::back_inserter(plan.warnings));
  if (spec.process) plan.process = TRY(plan_process(*spec.process, plan, facts, plan.warnings));
  plan.hostname = spec.hostname;
  plan.domainname = spec.domainname;
  plan.devices = TRY(plan_devices(spec));
  plan.links = plan_links(spec);
  plan.sysctls = TRY(plan_sysctls(config));
  plan.readonly_paths = plan_paths(config.readonly_paths);
  plan.masked_paths = plan_paths(config.masked_paths);
  if (config.personality) plan.personality = personality_number(*config.personality);
  if (config.memory_policy) plan.memory_policy = TRY(plan_memory_policy(*config.memory_policy));
  plan.new_session_keyring = !options.no_new_keyring;
  return plan;
}

}  // namespace coracle::plan
