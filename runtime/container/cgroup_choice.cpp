#include "runtime/container/cgroup_choice.hpp"

#include <sys/mount.h>

#include <algorithm>

#include "runtime/base/strings.hpp"
#include "runtime/container/log.hpp"
#include "runtime/container/process_setup.hpp"
#include "runtime/sys/timings.hpp"

namespace coracle::container {
namespace {

bool limits_anything(const oci::Resources& resources) {
  const auto& rules = resources.devices;
  return std::ranges::any_of(rules, [](const oci::DeviceRule& rule) { return !rule.allow; }) ||
         resources.memory || resources.cpu || resources.pids_limit || resources.block_io ||
         resources.network || !resources.hugepage_limits.empty() || !resources.rdma.empty() ||
         !resources.unified.empty();
}

CgroupChoice choose_none(const oci::Spec& spec) {
  if (spec.linux_.resources && limits_anything(*spec.linux_.resources))
    log::warn("/linux/resources: not applied, because the cgroup manager is disabled");
  return {.host = cgroup::detect().value_or(cgroup::Host{})};
}

// Whether the container may write to its cgroup, and sees no other.
bool may_own_its_cgroup(const plan::Plan& plan) {
  if (plan.id_maps.writer == plan::IdMapWriter::none || !plan.namespaces.new_cgroup) return false;
  return std::ranges::any_of(plan.mounts, [](const plan::Mount& mount) {
    return mount.kind == plan::MountKind::cgroup && (mount.flags & MS_RDONLY) == 0;
  });
}

}  // namespace

Result<CgroupChoice> choose_cgroups(const oci::Spec& spec, const CreateOptions& options) {
  if (options.cgroup_manager == cgroup::Manager::disabled) return choose_none(spec);
  cgroup::Host host = TRY(cgroup::detect());
  CgroupChoice choice = {.host = std::move(host)};
  if (options.cgroup_manager == cgroup::Manager::systemd) {
    choice.unit = TRY(ContainerUnit::plan(spec, options, choice.host));
    choice.paths = choice.unit->paths();
    return choice;
  }
  choice.paths = TRY(cgroup::container_paths(choice.host, spec.linux_.cgroups_path, options.id));
  return choice;
}

Result<void> check_delegation(const plan::Annotations& annotations, const CgroupChoice& choice) {
  const std::string& below = annotations.delegate_cgroup;
  if (below.empty() || (choice.host.mode == cgroup::Mode::v2 && !choice.paths.v2.empty()))
    return {};
  const bool none = choice.paths == cgroup::Paths{};
  return fail("/annotations/run.oci.delegate-cgroup: " + in_quotes(below) + " needs " +
              (none ? "a cgroup, and the cgroup manager is disabled" : "pure cgroup v2"));
}

Result<void> limit_cgroup(const cgroup::Cgroup& cgroup, const CreateOptions& options,
                          const ContainerState& state, const plan::Plan& plan) {
  const auto& resources = state.spec.linux_.resources;
  if (resources && options.cgroup_manager != cgroup::Manager::disabled)
    TRY(cgroup.limit(as_written(state, *resources)).context("cgroup"));
  if (!may_own_its_cgroup(plan)) return {};
  const auto owner = host_id(plan.id_maps.uid_mappings, plan.process ? plan.process->uid : 0);
  return owner ? cgroup.delegate(*owner).context("cgroup") : Result<void>();
}

Result<void> limit_devices(const cgroup::Cgroup& cgroup, const CreateOptions& options,
                           const ContainerState& state) {
  const sys::timings::Phase phase("limit devices");
  const auto& resources = state.spec.linux_.resources;
  if (!resources || options.cgroup_manager == cgroup::Manager::disabled) return {};
  return cgroup.limit_devices(as_written(state, *resources)).context("cgroup");
}

}  // namespace coracle::container
