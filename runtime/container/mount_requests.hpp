// What the host does for init's mounts: it reads links, and mounts what init
// asks it to: sources that it cannot reach, idmapped mounts.
#pragma once

#include <sys/types.h>

#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/plan/plan.hpp"
#include "runtime/sys/fd.hpp"

namespace coracle::container {

// `mounts` with the texts of links that are to be copied.
Result<std::vector<plan::Mount>> with_links_read(std::vector<plan::Mount> mounts);

// Those that are mounts: what was a link and was copied is none.
Result<std::vector<plan::Mount>> without_copied_links(std::vector<plan::Mount> mounts);

// `mount` as a detached mount, its ids mapped as planned.  `init` is the
// process whose user namespace stands for "the container's own".
Result<sys::MountFd> make_mount_for(pid_t init, const plan::Mount& mount);

// The same for a host that has no privilege, of a bind mount without id maps:
// cloned by the root of the container's user namespace, in a copy of our mount
// namespace.  Later than at create init no longer has one.
Result<sys::MountFd> make_mount_unprivileged(pid_t init, const plan::Mount& mount);

}  // namespace coracle::container
