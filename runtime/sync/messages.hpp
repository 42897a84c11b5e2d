// What the host and init tell each other between clone and execve, in order (a host that is not the
// machine's root writes the maps last of what precedes Prepared):
//
//   host                                init
//   writes maps, when there are any
//   IdMapsWritten ------------------->  becomes uid 0, builds the rootfs
//   joins cgroups, limits devices
//   Prepared ------------------------>  goes on where it needed that
//   MountReady <--------------------->  MountPlease (any number)
//   runs createRuntime hooks  <-------  RootfsReady, when there are any
//   RuntimeHooksDone ---------------->  createContainer hooks, pivot_root, ...
//   writes the pid file  <------------  Console?, SeccompListener?, Ready
//   Saved --------------------------->  closes its end, waits at the gate
//
// `run` sends Saved when the container is to start: there is no gate then.  Where the host has
// nothing to do at Ready, `run` and `exec` do not send it: Input::awaits_saved.
// Each name states a fact already true for its sender.  Init may send LogLine
// at any time, and Failed instead of any message it owes.  End of file on the
// channel, or without Saved the host's end, ends init: no half-made container
// outlives its host.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "runtime/base/result.hpp"
#include "runtime/sys/fd.hpp"

namespace coracle::sync {

// To an init that has maps of its own to wait for, alone.
struct IdMapsWritten {};
// To an exec'd process too: it is in its cgroups, and may set its limits.
struct Prepared {};

struct MountReady {
  sys::MountFd mount;
};

struct RuntimeHooksDone {};
struct Saved {};
using HostMessage = std::variant<IdMapsWritten, Prepared, MountReady, RuntimeHooksDone, Saved>;

struct MountPlease {
  std::uint32_t index = 0;  // into Plan::mounts
};

struct RootfsReady {};

struct Console {
  sys::Fd terminal;  // the pty's master
};

// Init's own descriptor number, for pidfd_getfd(2); or the descriptor itself.
struct SeccompListener {
  std::int32_t number = -1;
  sys::Fd fd;
};

struct Ready {};

struct LogLine {
  std::string text;  // a warning
};

struct Failed {
  Error error;
};

using InitMessage =
    std::variant<MountPlease, RootfsReady, Console, SeccompListener, Ready, LogLine, Failed>;

}  // namespace coracle::sync
