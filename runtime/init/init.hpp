// The container process from clone to execve.  Order is data: see init.cpp.
#pragma once

#include <linux/filter.h>

#include <span>
#include <string>
#include <vector>

#include "oci-spec/config.hpp"
#include "oci-spec/state.hpp"
#include "runtime/plan/plan.hpp"
#include "runtime/sync/channel.hpp"
#include "runtime/sys/fd.hpp"

namespace coracle::init {

// The seccomp program as init loads it.
struct Seccomp {
  std::span<const sock_filter> program;  // empty: none
  unsigned int flags = 0;                // SECCOMP_FILTER_FLAG_*
  bool notifies = false;
  bool host_takes_listener = true;  // by pidfd_getfd(2); else init sends it
};

// Init's ends of the start gate.
struct Gate {
  sys::Fd wait;    // a byte read from it opens the gate
  sys::Fd result;  // close-on-exec: end of file tells `start` of the execve
};

// How an exec'd process enters the container.
struct Joining {
  sys::PidFd container;          // the container's init
  std::uint64_t namespaces = 0;  // CLONE_NEW* to enter together; 0: the joiner did
  bool user_namespace = false;   // entered by either: the process becomes its root
  sys::Fd root;                  // the container's root, where it has no mount namespace
  // CPU masks of execCPUAffinity: before the cgroup is joined, and after.
  std::vector<unsigned long> initial_affinity;
  std::vector<unsigned long> final_affinity;
};

// Everything that init is given.  It copies nothing of it: the clone has.
struct Input {
  const plan::Plan& plan;
  const oci::Hooks& hooks;
  oci::State state;  // for the container's hooks; pid is filled in by init
  sync::InitEnd channel;
  Gate gate;
  Seccomp seccomp;
  int preserve_fds = 0;                // descriptors [3, 3 + preserve_fds) go to the program
  std::vector<std::string> extra_env;  // of the runtime's own: LISTEN_FDS
  // An unprivileged host cannot unshare it; execve enters it (Linux 6.2).
  bool make_time_namespace = false;
};

// Which namespaces hold at entry: all that clone3 made and that the host or
// the joiner entered.  The user namespace has no maps yet, the cgroup is not
// joined on v1, the root is still the host's.  Never returns.
[[noreturn]] void run(Input input) noexcept;

// The life of a further process in a container that runs: steps of init's,
// after it has joined.  At entry it is in the container's PID namespace and in
// no other; `input.gate.result` tells of the execve, nothing is waited for.
[[noreturn]] void run_exec(Input input, Joining joining) noexcept;

}  // namespace coracle::init
