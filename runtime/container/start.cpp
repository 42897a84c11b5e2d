// runtime.md#start
#include "runtime/container/start.hpp"

#include "hooks/run.hpp"
#include "runtime/container/create.hpp"
#include "runtime/container/lifecycle.hpp"
#include "runtime/container/log.hpp"
#include "runtime/container/processes.hpp"
#include "runtime/container/readiness.hpp"
#include "runtime/container/start_gate.hpp"
#include "runtime/container/status.hpp"

namespace coracle::container {
namespace {

// Held open from before it is looked at.
Result<sys::PidFd> open_created(const ContainerState& state) {
  auto init = TRY(open_init(state));
  const oci::Status status =
      init ? status_of(state, init->facts, cgroup::detect()) : TRY(status_of(state));
  switch (status) {
    case oci::Status::created:
      return std::move(init->pidfd);
    case oci::Status::stopped:
      return fail("cannot start a container that has stopped");
    case oci::Status::running:
      return fail("cannot start an already running container");
    case oci::Status::creating:
    case oci::Status::paused:
      break;
  }
  return fail("cannot start a container in the " + std::string(oci::to_string(status)) + " state");
}

// Init runs those of startContainer.
bool is_of_hooks(const Error& error) {
  return error.what.starts_with(init::start_container_hooks);
}

// Stops and deletes, under the lock that keeps the id for this container; what goes wrong there
// is told beside the hook's error.
void give_up(StateDir& dir, const ContainerState& state) {
  auto cgroup = cgroup_of(state);
  auto removed = cgroup ? remove_held(dir, state, *cgroup)
                        : Result<std::vector<std::string>>(std::unexpected(cgroup.error()));
  if (!removed) {
    log::warn(removed.error().text());
    return;
  }
  for (std::string& warning : *removed) log::warn(std::move(warning));
}

// Spec: runtime.md#lifecycle, step 7
Result<void> open_gate(StateDir& dir, const ContainerState& state, const sys::PidFd& init) {
  auto opened = open_start_gate(dir, state, init);
  // A program that could not be executed leaves a container that has stopped.
  if (!opened && is_of_hooks(opened.error())) give_up(dir, state);
  return opened;
}

}  // namespace

Result<void> finish_start(StateDir& dir, const ContainerState& state) {
  const std::vector<oci::Hook>& hooks = state.spec.hooks.poststart;
  if (hooks.empty()) return {};
  auto done = hooks::run("poststart", hooks, oci_state(state, oci::Status::running));
  if (done) return {};
  give_up(dir, state);
  return done;
}

Result<void> start(const std::string& root, const std::string& id) {
  StateDir dir = TRY(StateDir::open(root, id));
  const ContainerState state = TRY(dir.load());
  const sys::PidFd init = TRY(open_created(state));
  auto readiness = TRY(Readiness::listen(dir));
  TRY(open_gate(dir, state, init));
  TRY(finish_start(dir, state));
  dir.unlock();  // readiness may take as long as the container runs
  await_readiness(std::move(readiness), init, state.pid);
  return {};
}

}  // namespace coracle::container
