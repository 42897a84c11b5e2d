// Plan, start, change and end of a container's systemd unit.
#include "runtime/container/unit.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>

namespace coracle::container {
namespace {

namespace systemd = cgroup::systemd;
using Properties = std::vector<systemd::Property>;

systemd::Whose manager_for(bool rootless) {
  return rootless ? systemd::Whose::user : systemd::Whose::system;
}

void append(Properties& all, Properties more) {
  std::ranges::move(more, std::back_inserter(all));
}

Result<Properties> limits(const oci::Resources& resources, const cgroup::Host& host, int version) {
  const auto settings = TRY(cgroup::settings_for(host, systemd::rounded(resources)));
  return systemd::limiting_properties(settings, version);
}

}  // namespace

Result<ContainerUnit> ContainerUnit::plan(const oci::Spec& spec, const CreateOptions& options,
                                          const cgroup::Host& host) {
  if (options.rootless && host.mode != cgroup::Mode::v2)
    return fail("cannot use rootless systemd cgroups manager on cgroup v1");
  const systemd::Whose whose = manager_for(options.rootless);
  systemd::Unit unit = TRY(systemd::unit_of(spec.linux_.cgroups_path, options.id, whose));
  Properties properties = TRY(systemd::annotated_properties(spec.annotations));
  systemd::Manager manager = TRY(systemd::Manager::connect(whose));
  ContainerUnit planned(std::move(manager), std::move(unit));
  planned.id_ = options.id;
  planned.paths_ = TRY(systemd::unit_paths(host, planned.unit_, planned.manager_.control_group()));
  if (const auto& resources = spec.linux_.resources) {
    const int version = planned.manager_.version();
    // Without privilege systemd could not enforce them either.
    if (!options.rootless) append(properties, systemd::device_properties(resources->devices));
    Properties limiting = TRY(limits(*resources, host, version));
    append(properties, std::move(limiting));
    append(properties, systemd::oom_policy(*resources, version));
  }
  planned.properties_ = std::move(properties);
  return planned;
}

Result<void> ContainerUnit::start(pid_t pid, cgroup::Cgroup& cgroup) {
  Properties all = systemd::unit_properties(unit_, id_, pid);
  append(all, properties_);
  TRY(manager_.start(unit_, all));
  started_ = true;
  // Limits on another directory than the right one would go unnoticed.
  if (!unit_.is_slice()) TRY(cgroup.check_holds(pid));
  TRY(cgroup.complete());
  return cgroup.attach(pid, !unit_.is_slice());
}

void ContainerUnit::stop() const {
  if (started_) std::ignore = manager_.stop(unit_.name);
}

bool has_unit(const ContainerState& state) {
  return !state.systemd_unit.empty();
}

oci::Resources as_written(const ContainerState& state, const oci::Resources& resources) {
  return has_unit(state) ? systemd::rounded(resources) : resources;
}

Result<void> change_unit(const ContainerState& state, const cgroup::Host& host,
                         const oci::Resources& resources) {
  const auto manager = TRY(systemd::Manager::connect(manager_for(state.rootless)));
  const Properties properties = TRY(limits(resources, host, manager.version()));
  return manager.change(state.systemd_unit, properties);
}

Result<void> attach_to_unit(const ContainerState& state, const std::string& sub_cgroup, pid_t pid) {
  const auto manager = TRY(systemd::Manager::connect(manager_for(state.rootless)));
  return manager.attach(state.systemd_unit, sub_cgroup, pid);
}

Result<void> stop_unit(const ContainerState& state) {
  const auto manager = TRY(systemd::Manager::connect(manager_for(state.rootless)));
  return manager.stop(state.systemd_unit);
}

}  // namespace coracle::container
