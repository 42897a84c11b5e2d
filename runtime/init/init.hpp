// The container process from clone to execve.  Order is data: see init.cpp.
#pragma once

#include <linux/filter.h>

#include <span>
#include <string>
#include <vector>

#include "hooks/run.hpp"
#include "oci-spec/config.hpp"
#include "oci-spec/state.hpp"
#include "runtime/plan/plan.hpp"
#include "runtime/sync/channel.hpp"
#include "runtime/sys/fd.hpp"
#include "runtime/sys/process.hpp"

namespace coracle::init {

// The seccomp program as init loads it.
struct Seccomp {
  std::span<const sock_filter> program;  // empty: none
  unsigned int flags = 0;                // SECCOMP_FILTER_FLAG_*
  bool notifies = false;
  bool host_takes_listener = true;  // by pidfd_getfd(2); else init sends it
};

// How an error of these hooks begins that comes out of the start gate.
inline constexpr const char* start_container_hooks = "startContainer hooks";

// Init's ends of the start gate.
struct Gate {
  sys::Fd wait;    // a byte read from it opens the gate; none: Saved does, or nothing is awaited
  sys::Fd result;  // close-on-exec: end of file tells `start` of the execve
};

// How a further process enters the container.
struct Joining {
  sys::PidFd container;          // the container's init
  std::uint64_t namespaces = 0;  // CLONE_NEW* to enter, together
  // The container's root, where it has no mount namespace, and for its mounts.
  sys::Fd root;
  // CPU masks of execCPUAffinity: before the cgroup is joined, and after.
  std::vector<unsigned long> initial_affinity;
  std::vector<unsigned long> final_affinity;
};

// Everything that init is given.
struct Input {
  const plan::Plan& plan;
  const oci::Hooks& hooks;
  oci::State state;  // for the container's hooks; pid is filled in by init
  sync::InitEnd channel;
  Gate gate;
  Seccomp seccomp;
  int preserve_fds = 0;  // descriptors [3, 3 + preserve_fds) go to the program
  // Of the runtime's own, in place of the configuration's.  With LISTEN_FDS,
  // LISTEN_PID is what the process is to itself.
  std::vector<std::string> extra_env;
  hooks::Output hooks_output = {};  // of the hooks that init runs
  // An unprivileged host could not exec into a container that is created: it
  // may not enter the namespaces of a process that is not dumpable.
  bool becomes_dumpable = false;
  // An unprivileged host cannot unshare it; execve enters it (Linux 6.2).
  bool make_time_namespace = false;
  // Hierarchies of v1 are for the host to join; who is born in a v2 cgroup and has no others is
  // where it belongs.
  bool awaits_cgroup = true;
  // It has hooks to run, or else to do, between the mounts and pivot_root.
  bool host_awaits_rootfs = true;
  // The host has something to do or to save when init is ready, and says when that is done.
  bool awaits_saved = true;
};

// Both as a process that shares our memory may have them: descriptors by in_own_table().
Input in_own_table(const Input& input);
Joining in_own_table(const Joining& joining);

// Which namespaces hold at entry: all that clone3 made and that the host or
// the joiner entered.  The user namespace has no maps yet, the cgroup is not
// joined on v1, the root is still the host's.  Never returns.
[[noreturn]] void run(Input input) noexcept;

// A further process in a container that runs, in two: our own process, which
// stays outside of the PID namespace, enters all others for good, lets go of
// all that is the host's and clones the one that is seen inside, as a child of
// our parent (CLONE_PARENT).  That takes steps of init's; `input.gate.result`
// tells of its execve, nothing is waited for.
Result<sys::Cloned> clone_exec(Input input, Joining joining);

// Plan::mounts are made, all or none; or what is mounted at their destinations
// is detached.
enum class MountChange { add, remove };

// The life of a process that changes mounts of a container that runs: it enters
// all namespaces, but for the PID namespace, sends Ready when it is done, and
// exits.  Sources are the host's: it asks for each by MountPlease.
[[noreturn]] void change_mounts(Input input, Joining joining, MountChange change) noexcept;

}  // namespace coracle::init
