// runtime.md#delete
#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <iterator>

#include "hooks/run.hpp"
#include "runtime/container/intel_rdt.hpp"
#include "runtime/container/lifecycle.hpp"
#include "runtime/container/processes.hpp"
#include "runtime/container/status.hpp"
#include "runtime/container/unit.hpp"
#include "runtime/sys/process.hpp"
#include "runtime/sys/timings.hpp"

namespace coracle::container {
namespace {

constexpr int init_end_wait_ms = 10'000;

Result<void> check_deletable(const std::string& id, oci::Status status) {
  switch (status) {
    case oci::Status::stopped:
    case oci::Status::created:  // as runc: nothing of the user's has run yet
      return {};
    case oci::Status::creating:
    case oci::Status::running:
    case oci::Status::paused:
      break;
  }
  return fail("cannot delete container " + id + " that is not stopped: " +
              std::string(oci::to_string(status)) + "; kill it first, or use --force");
}

Result<void> await_end(const sys::PidFd& init) {
  pollfd watched = {.fd = init.get(), .events = POLLIN, .revents = 0};
  int ready = 0;
  do ready = ::poll(&watched, 1, init_end_wait_ms);
  while (ready < 0 && errno == EINTR);
  if (ready < 0) return fail_errno("poll init");
  if (ready == 0) return fail("init has not ended 10 seconds after SIGKILL");
  return {};
}

// Ends what still runs: init, and the others where they may outlive it.
Result<void> end_processes(const ContainerState& state, const cgroup::Cgroup& cgroup) {
  const sys::timings::Phase phase("end processes");
  // Not cloned yet, or still waiting for its maps: then it ends by itself with
  // the host that made it.  The cgroup may be another's, if it was never ours.
  if (state.pid == 0) return {};
  const auto init = TRY(open_init(state));
  if (init) {
    const auto sent = sys::pidfd_send_signal(init->pidfd, SIGKILL);
    if (!sent && sent.error().code != ESRCH) return sent;
    if (cgroup.frozen()) TRY(cgroup.thaw());
    TRY(await_end(init->pidfd));
  }
  if (init_takes_all(state)) return {};
  return cgroup.kill_all();
}

Result<void> remove_cgroups(const ContainerState& state, const cgroup::Cgroup& cgroup) {
  const sys::timings::Phase phase("remove cgroup");
  return cgroup.remove().context("remove the cgroups of " + state.id);
}

// Only once its cgroup is gone: one that has processes may be another's by now.
// systemd drops an empty one by itself, so that a failure is no more than a warning.
std::vector<std::string> end_unit(const ContainerState& state) {
  if (!has_unit(state)) return {};
  const auto stopped = stop_unit(state);
  if (stopped) return {};
  return {stopped.error().text()};
}

std::vector<std::string> run_poststop_hooks(const ContainerState& state) {
  const oci::State stopped = oci_state(state, oci::Status::stopped);
  std::vector<std::string> warnings;
  for (const Error& error : hooks::run_all("poststop", state.spec.hooks.poststop, stopped))
    warnings.push_back(error.text());
  return warnings;
}

// What `--force` does about state that cannot be read: the directory is all we know.
Result<std::vector<std::string>> remove_unreadable(StateDir& dir, const Error& why) {
  TRY(dir.remove());
  return std::vector<std::string>{why.text() + "; cgroups may remain"};
}

Result<std::vector<std::string>> remove_all(StateDir& dir, const ContainerState& state,
                                            const cgroup::Cgroup& cgroup) {
  const sys::timings::Phase phase("delete");
  TRY(end_processes(state, cgroup).context("end the processes of " + state.id));
  TRY(remove_cgroups(state, cgroup));
  std::vector<std::string> warnings = end_unit(state);
  TRY(remove_rdt_group(state.rdt_group));
  TRY(dir.remove());
  std::ranges::move(run_poststop_hooks(state), std::back_inserter(warnings));
  return warnings;
}

}  // namespace

Result<std::vector<std::string>> remove(const std::string& root, const std::string& id,
                                        bool force) {
  TRY(check_id(id));
  auto opened = StateDir::open(root, id);
  if (!opened && opened.error().what == no_such_container && force)
    return std::vector<std::string>();
  StateDir dir = TRY(std::move(opened));
  auto loaded = dir.load();
  // A system call may work the next time; what was read stays as it is.
  if (!loaded && force && loaded.error().code == 0) return remove_unreadable(dir, loaded.error());
  const ContainerState state = TRY(std::move(loaded));
  Result<cgroup::Host> host = cgroup_host_of(state);
  if (!force) {
    const oci::Status status = TRY(status_of(state, host));
    TRY(check_deletable(id, status));
  }
  return remove_all(dir, state, TRY(cgroup_on(std::move(host), state)));
}

Result<std::vector<std::string>> remove_held(StateDir& dir, const ContainerState& state,
                                             const cgroup::Cgroup& cgroup) {
  auto locked = dir.lock_again();
  if (locked) return remove_all(dir, state, cgroup);
  if (locked.error().what == no_such_container) return std::vector<std::string>();
  return std::unexpected(std::move(locked).error());
}

}  // namespace coracle::container
