// Store facts, derive status.
#include "runtime/container/status.hpp"

#include "runtime/container/processes.hpp"
#include "runtime/sys/proc_stat.hpp"

namespace coracle::container {
namespace {

bool is_frozen(const ContainerState& state) {
  const auto cgroup = cgroup_of(state);
  return cgroup && cgroup->frozen();
}

}  // namespace

oci::Status status_of(const ContainerState& state) {
  if (state.pid == 0) return oci::Status::creating;
  const auto facts = sys::process_facts(state.pid);
  // Another start time: the number belongs to another process by now.
  if (!facts || facts->ended() || facts->start_time != state.start_time)
    return oci::Status::stopped;
  if (is_frozen(state)) return oci::Status::paused;
  const bool created = facts->has_not_executed() && !state.restored;
  return created ? oci::Status::created : oci::Status::running;
}

oci::State oci_state(const ContainerState& state, oci::Status status) {
  return oci::State{.oci_version = state.oci_version,
                    .id = state.id,
                    .status = status,
                    .pid = status == oci::Status::stopped ? 0 : state.pid,
                    .bundle = state.bundle,
                    .annotations = state.spec.annotations};
}

}  // namespace coracle::container
