// One container in the making: the host's side of the dance.  Private to
// container/; create.cpp and run.cpp use it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/cgroup/cgroup.hpp"
#include "runtime/container/bundle.hpp"
#include "runtime/container/create.hpp"
#include "runtime/container/process_setup.hpp"
#include "runtime/container/state_dir.hpp"
#include "runtime/init/init.hpp"
#include "runtime/plan/plan.hpp"
#include "runtime/seccomp/filter.hpp"
#include "runtime/sync/channel.hpp"
#include "runtime/sys/fd.hpp"
#include "runtime/sys/process.hpp"

namespace coracle::container {

// Who starts it: a `start` to come, or its maker at once.
enum class Starter { start_command, maker };

// A container in status `created`.  Dropped, init dies, and the state
// directory goes unless it was kept.
struct Made {
  StateDir dir;
  ContainerState state;
  sys::Child init;
  sys::Fd terminal;  // the pty's master, with TerminalUse::caller
  std::optional<cgroup::Cgroup> cgroup = {};
  // With Starter::maker: `executed` is what await_execution wants, and if there is a channel,
  // init awaits Saved.
  std::optional<sync::HostEnd> channel = {};
  sys::Fd executed = {};
};

// Makes it, or leaves nothing.  When hooks had run already, poststop hooks run
// after the undoing.  Spec: runtime.md#lifecycle, steps 1 to 6, 12 and 13
struct Making {
  TerminalUse terminal = TerminalUse::console_socket;
  Starter starter = Starter::start_command;
  sys::Fd own_binary = {};  // of run_from_protected_binary(): dropped while init works
};
Result<Made> make_container(const CreateOptions& options, Making how);

}  // namespace coracle::container
