// Putting a mount at its place with all its attributes, by the new mount API,
// or by mount(2) where the kernel or a filter lacks it.  Private to init/.
#pragma once

#include <string>
#include <vector>

#include "runtime/init/context.hpp"
#include "runtime/sys/mounts.hpp"

namespace coracle::init {

struct Placement {
  const sys::Fd& target;                          // O_PATH: what is covered
  bool recursive = false;                         // a bind brings what is mounted below its source
  std::vector<sys::AttrRequest> attributes = {};  // in order
};

// Each of these gives the root of the mount, which is attached by then.

// ENOSYS: nothing was done.
Result<sys::Fd> attach(const Context& context, sys::MountFd detached, const Placement& placement);
Result<sys::Fd> bind(const Context& context, const sys::Fd& source, const Placement& placement);
// The same by mount(2) alone, for sources that cannot be cloned.
Result<sys::Fd> bind_legacy(const Context& context, const sys::Fd& source,
                            const Placement& placement);
// `filesystem` has its own flags; the attributes are what goes beyond them.
Result<sys::Fd> mount_filesystem(const Context& context, const sys::Filesystem& filesystem,
                                 const Placement& placement);
Result<sys::Fd> mount_filesystem_legacy(const Context& context, const sys::Filesystem& filesystem,
                                        const Placement& placement);

// Changes an attached mount, or all of its tree.
Result<void> set_attributes(const Context& context, const sys::Fd& mount,
                            const sys::AttrRequest& request);
// What can only be told of an attached mount.
Result<void> set_propagation(const sys::Fd& fd, const plan::Mount& mount);

// The plan's changes for the whole tree ("rro"), and those with the mount's own.
std::vector<sys::AttrRequest> tree_attributes(const plan::Mount& mount);
std::vector<sys::AttrRequest> all_attributes(const plan::Mount& mount);

// The path of something below the container's root, as the container sees it;
// an error for anything else.
Result<std::string> path_inside(const Context& context, const sys::Fd& fd);

}  // namespace coracle::init
