// runtime.md#kill
#include <signal.h>

#include <tuple>

#include "runtime/container/lifecycle.hpp"
#include "runtime/container/processes.hpp"
#include "runtime/sys/process.hpp"

namespace coracle::container {
namespace {

// On v1 a frozen process takes its SIGKILL only once it is thawed; on v2 it
// need not be, and is gone all the same.
void let_frozen_die(const cgroup::Cgroup& cgroup, int signal) {
  if (signal == SIGKILL && cgroup.frozen()) std::ignore = cgroup.thaw();  // best effort
}

Result<void> signal_init(const ContainerState& state, int signal) {
  const auto init = TRY(open_init(state));
  if (!init) return fail("container not running");
  const auto sent = sys::pidfd_send_signal(init->pidfd, signal);
  if (!sent && sent.error().code == ESRCH) return fail("container not running");
  if (!sent) return sent;
  if (signal == SIGKILL) let_frozen_die(TRY(cgroup_of(state)), signal);
  return {};
}

Result<void> signal_everything(const ContainerState& state, int signal) {
  // No cgroup tells of others than init.
  if (!has_cgroups(state))
    return TRY(open_init(state)) ? signal_init(state, signal) : Result<void>();
  const cgroup::Cgroup cgroup = TRY(cgroup_of(state));
  TRY(cgroup.signal_all(signal));
  let_frozen_die(cgroup, signal);
  return {};
}

Result<bool> has_processes(const ContainerState& state) {
  const cgroup::Cgroup cgroup = TRY(cgroup_of(state));
  return !TRY(cgroup.processes()).empty();
}

}  // namespace

Result<void> kill(const std::string& root, const std::string& id, int signal, bool all) {
  const StateDir dir = TRY(StateDir::peek(root, id));
  const ContainerState state = TRY(dir.load());
  if (all) return signal_everything(state, signal);
  // Others would outlive init, or have done so.
  if (signal == SIGKILL && !init_takes_all(state) && TRY(has_processes(state))) {
    TRY(signal_everything(state, signal));
    std::ignore = signal_init(state, signal);  // should it have left its cgroup
    return {};
  }
  return signal_init(state, signal);
}

}  // namespace coracle::container
