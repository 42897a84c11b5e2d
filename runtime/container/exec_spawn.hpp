// The clone of an exec'd process.  Private to container/.
#pragma once

#include "runtime/base/result.hpp"
#include "runtime/init/init.hpp"
#include "runtime/sys/process.hpp"

namespace coracle::container {

// Where a process has to go to be in the container.
struct Destination {
  sys::PidFd pidfd;              // of the container's init
  std::uint64_t namespaces = 0;  // CLONE_NEW* that are not ours already
  sys::Fd root;                  // set where init shares our mount namespace
};

// Compares the namespaces of `init` with ours.
Result<Destination> find_destination(pid_t init, sys::PidFd pidfd);

// A child of ours that lives as init::clone_exec says.  `cgroup` as for spawn_init.
Result<sys::Cloned> spawn_exec(Destination destination, const sys::Fd* cgroup, init::Input input,
                               init::Joining joining);

}  // namespace coracle::container
