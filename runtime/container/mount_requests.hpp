// What init asks the host to mount: sources that it cannot reach, idmapped
// mounts.
#pragma once

#include <sys/types.h>

#include "runtime/base/result.hpp"
#include "runtime/plan/plan.hpp"
#include "runtime/sys/fd.hpp"

namespace coracle::container {

// `mount` as a detached mount, its ids mapped as planned.  `init` is the
// process whose user namespace stands for "the container's own".
Result<sys::MountFd> make_mount_for(pid_t init, const plan::Mount& mount);

}  // namespace coracle::container
