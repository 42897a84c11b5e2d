// The freezer of v1, cgroup.freeze of v2.
#include "runtime/container/pause.hpp"

#include "runtime/container/processes.hpp"
#include "runtime/container/status.hpp"

namespace coracle::container {

Result<void> pause(const std::string& root, const std::string& id) {
  const StateDir dir = TRY(StateDir::open(root, id));
  const ContainerState state = TRY(dir.load());
  const oci::Status status = TRY(status_of(state));
  if (status != oci::Status::running && status != oci::Status::created)
    return fail("container not running");
  const cgroup::Cgroup cgroup = TRY(cgroup_of(state));
  return cgroup.freeze();
}

Result<void> resume(const std::string& root, const std::string& id) {
  const StateDir dir = TRY(StateDir::open(root, id));
  const ContainerState state = TRY(dir.load());
  if (TRY(status_of(state)) != oci::Status::paused) return fail("container not paused");
  const cgroup::Cgroup cgroup = TRY(cgroup_of(state));
  return cgroup.thaw();
}

}  // namespace coracle::container
