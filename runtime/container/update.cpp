// Limits merged, applied, and only then recorded.
#include "runtime/container/update.hpp"

#include "runtime/container/intel_rdt.hpp"
#include "runtime/container/log.hpp"
#include "runtime/container/merge_resources.hpp"
#include "runtime/container/processes.hpp"
#include "runtime/container/status.hpp"
#include "runtime/container/unit.hpp"
#include "runtime/sys/files.hpp"

namespace coracle::container {
namespace {

Result<void> check_running(const ContainerState& state) {
  switch (TRY(status_of(state))) {
    case oci::Status::created:
    case oci::Status::running:
    case oci::Status::paused:
      return {};
    case oci::Status::creating:
    case oci::Status::stopped:
      break;
  }
  return fail("container not running");
}

void warn_of_kernel_memory(const oci::Resources& resources) {
  if (!resources.memory) return;
  if (resources.memory->kernel.value_or(0) != 0 || resources.memory->kernel_tcp.value_or(0) != 0)
    log::warn("limits on kernel memory are ignored: kernels no longer have them");
}

// The schemata of the container's resctrl group, changed.
class SchemataChange {
 public:
  // Changes nothing where `wanted` asks for none.
  static Result<SchemataChange> apply(const ContainerState& state, const Update& wanted) {
    SchemataChange change;
    if (wanted.l3_cache_schema.empty() && wanted.mem_bw_schema.empty()) return change;
    const auto& rdt = state.spec.linux_.intel_rdt;
    if (!rdt) return fail("the container has no linux.intelRdt: there is no schema to change");
    const std::string mountinfo = TRY(sys::read_file("/proc/self/mountinfo"));
    const std::string root = TRY(find_resctrl(mountinfo));
    change.file_ = rdt_group_path(*rdt, state.id, root) + "/schemata";
    change.former_ = TRY(sys::read_file(change.file_));
    for (const std::string& schema : {wanted.l3_cache_schema, wanted.mem_bw_schema}) {
      if (schema.empty()) continue;
      auto written = sys::write_once(change.file_, schema + "\n");
      if (written) continue;
      change.undo();
      return std::unexpected(std::move(written).error());
    }
    return change;
  }

  void undo() const {
    if (file_.empty()) return;
    if (const auto written = sys::write_once(file_, former_); !written)
      log::warn("could not set back the former schemata: " + written.error().text());
  }

 private:
  std::string file_;
  std::string former_;
};

// The unit first: systemd's writing would undo what only the files have.
Result<void> apply(const ContainerState& state, const oci::Resources& resources) {
  const cgroup::Cgroup cgroup = TRY(cgroup_of(state));
  if (!has_unit(state)) return cgroup.update(resources);
  const cgroup::Host host = TRY(cgroup::detect());
  TRY(cgroup.check_use(resources));
  TRY(change_unit(state, host, resources));
  auto updated = cgroup.update(as_written(state, resources));
  if (updated) return updated;
  const auto& former = state.spec.linux_.resources;
  const auto undone = change_unit(state, host, former.value_or(oci::Resources()));
  if (!undone) log::warn("could not set back the unit's limits: " + undone.error().text());
  return updated;
}

void record(oci::Linux& config, oci::Resources resources, const Update& wanted) {
  config.resources = std::move(resources);
  if (!config.intel_rdt) return;
  if (!wanted.l3_cache_schema.empty()) config.intel_rdt->l3_cache_schema = wanted.l3_cache_schema;
  if (!wanted.mem_bw_schema.empty()) config.intel_rdt->mem_bw_schema = wanted.mem_bw_schema;
}

}  // namespace

Result<void> update(const std::string& root, const std::string& id, const Update& wanted) {
  const StateDir dir = TRY(StateDir::open(root, id));
  ContainerState state = TRY(dir.load());
  TRY(check_running(state));
  warn_of_kernel_memory(wanted.resources);
  oci::Linux& config = state.spec.linux_;
  oci::Resources merged =
      TRY(merge_resources(config.resources.value_or(oci::Resources()), wanted.resources));

  const SchemataChange schemata = TRY(SchemataChange::apply(state, wanted));
  auto updated = apply(state, merged);
  if (!updated) {
    schemata.undo();
    return updated;
  }
  record(config, std::move(merged), wanted);
  return dir.save_config(state.spec).context("the limits are in force, but could not be recorded");
}

}  // namespace coracle::container
