// create and start in one; in the foreground also wait and delete.
#include <sys/prctl.h>

#include <optional>

#include "runtime/container/create.hpp"
#include "runtime/container/creation.hpp"
#include "runtime/container/foreground.hpp"
#include "runtime/container/lifecycle.hpp"
#include "runtime/container/log.hpp"
#include "runtime/container/own_binary.hpp"
#include "runtime/container/readiness.hpp"
#include "runtime/container/start.hpp"
#include "runtime/container/start_gate.hpp"

namespace coracle::container {
namespace {

struct Started {
  StateDir dir;  // unlocked, and by this descriptor known from another with the same id
  sys::Child init;
  sys::Fd terminal;
  std::optional<Readiness> readiness;  // of which nothing was passed on yet
  ContainerState state;
  cgroup::Cgroup cgroup;
};

Result<void> delete_container(StateDir& dir, const ContainerState& state,
                              const cgroup::Cgroup& cgroup) {
  for (std::string& warning : TRY(remove_held(dir, state, cgroup).context("delete the container")))
    log::warn(std::move(warning));
  return {};
}

Result<std::optional<Readiness>> listen_and_start(Made& made) {
  auto readiness = TRY(Readiness::listen(made.dir));
  if (made.channel) TRY(made.channel->send(sync::Saved{}));
  TRY(await_execution(made.executed, made.state, made.init.pidfd()));
  TRY(finish_start(made.dir, made.state));
  return readiness;
}

// A container that could not start is deleted: `run` leaves nothing.
Result<Started> make_and_start(const RunOptions& options, sys::Fd own_binary) {
  const CreateOptions& create = options.create;
  const TerminalUse use = options.detach ? TerminalUse::console_socket : TerminalUse::caller;
  Made made = TRY(make_container(
      create, {.terminal = use, .starter = Starter::maker, .own_binary = std::move(own_binary)}));
  if (made.terminal) prepare_terminal(made.terminal);  // before the program can ask for it
  auto readiness = listen_and_start(made);
  if (readiness) {
    made.dir.unlock();
    return Started{.dir = std::move(made.dir),
                   .init = std::move(made.init),
                   .terminal = std::move(made.terminal),
                   .readiness = *std::move(readiness),
                   .state = std::move(made.state),
                   .cgroup = *std::move(made.cgroup)};
  }
  made.init = sys::Child();
  auto deleted = delete_container(made.dir, made.state, *made.cgroup);
  if (!deleted) log::warn(deleted.error().text());
  return std::unexpected(std::move(readiness).error());
}

}  // namespace

Result<int> run(const RunOptions& options) {
  sys::Fd own_binary = TRY(run_from_protected_binary());
  if (options.detach) {
    Started started = TRY(make_and_start(options, std::move(own_binary)));
    const pid_t pid = started.init.pid();
    started.init.detach();
    await_readiness(std::move(started.readiness), started.init.pidfd(), pid);
    return 0;
  }
  if (!options.no_subreaper && ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0)
    return fail_errno("become subreaper");
  const ForwardedSignals signals = TRY(ForwardedSignals::block());
  Started started = TRY(make_and_start(options, std::move(own_binary)));
  auto ended = follow({.init = std::move(started.init),
                       .terminal = std::move(started.terminal),
                       .readiness = std::move(started.readiness)},
                      signals);
  auto deleted =
      options.keep ? Result<void>() : delete_container(started.dir, started.state, started.cgroup);
  if (ended) write_rest(std::move(ended->unwritten), signals);
  if (ended && deleted) return ended->exit.code();
  if (ended) return std::unexpected(std::move(deleted).error());
  if (!deleted) log::warn(deleted.error().text());
  return std::unexpected(std::move(ended).error());
}

}  // namespace coracle::container
