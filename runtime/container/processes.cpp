// Init by pidfd, its start time checked; the container's cgroups.
#include "runtime/container/processes.hpp"

#include "runtime/sys/proc_stat.hpp"
#include "runtime/sys/process.hpp"

namespace coracle::container {

Result<cgroup::Cgroup> cgroup_of(const ContainerState& state) {
  cgroup::Host host = TRY(cgroup::detect());
  return cgroup::Cgroup(std::move(host), state.cgroup_paths, {.rootless = state.rootless});
}

std::optional<sys::PidFd> open_init(const ContainerState& state) {
  if (state.pid == 0) return std::nullopt;
  auto pidfd = sys::pidfd_open(state.pid);
  if (!pidfd) return std::nullopt;
  // Looked at after the opening: what has this start time now is what we opened.
  const auto facts = sys::process_facts(state.pid);
  if (!facts || facts->ended() || facts->start_time != state.start_time) return std::nullopt;
  return *std::move(pidfd);
}

bool init_takes_all(const ContainerState& state) {
  for (const oci::Namespace& ns : state.spec.linux_.namespaces)
    if (ns.type == oci::NamespaceType::pid) return ns.path.empty();
  return false;
}

}  // namespace coracle::container
