// The clone of an exec'd process.  Private to container/.
#pragma once

#include <vector>

#include "oci-spec/config_linux.hpp"
#include "runtime/base/result.hpp"
#include "runtime/container/joiner.hpp"
#include "runtime/init/init.hpp"
#include "runtime/sys/process.hpp"

namespace coracle::container {

// Where a process has to go to be in the container.
struct Destination {
  sys::PidFd pidfd;              // of the container's init
  std::uint64_t namespaces = 0;  // CLONE_NEW*, the user namespace only if it is not ours
  sys::Fd root;                  // set where init shares our mount namespace
};

// Compares the namespaces of `init` with ours, but for those that are new by the configuration:
// to ask for each takes the kernel as long as to join some.
Result<Destination> find_destination(const std::vector<oci::Namespace>& configured, pid_t init,
                                     sys::PidFd pidfd);

// A child of ours that lives as init::clone_exec says.  `cgroup` as for spawn_init.  With shared
// memory our environment is erased too.
Result<sys::Cloned> spawn_exec(Destination destination, const sys::Fd* cgroup, JoinerMemory memory,
                               init::Input input, init::Joining joining);

}  // namespace coracle::container
