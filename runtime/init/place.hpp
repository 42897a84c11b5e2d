// Putting one mount at its destination with all its attributes, by the new
// mount API or by mount(2).  Private to init/.
#pragma once

#include "runtime/init/context.hpp"
#include "runtime/sys/mounts.hpp"

namespace coracle::init {

struct Placement {
  const plan::Mount* mount = nullptr;
  const sys::Fd* target = nullptr;
  bool attributes_done = false;  // the mount was made with its own MS_* flags
  bool read_only_later = false;  // kept in Context::read_only_later
};

// Attributes first, then attached, then propagation.  ENOSYS: nothing was done.
Result<void> place_detached(Context& context, sys::MountFd detached, const Placement& placement);

// The same with mount(2), for kernels and filters without the new calls.
Result<void> place_bind_legacy(Context& context, const sys::Fd& source, const Placement& placement);
Result<void> place_filesystem_legacy(Context& context, const sys::Filesystem& filesystem,
                                     const Placement& placement);

// The plan's own and recursive attributes on an attached or detached mount.
Result<void> apply_attributes(const sys::Fd& fd, const plan::Mount& mount);
// What can only be told once it is attached: propagation.
Result<void> apply_after_attach(const sys::Fd& fd, const plan::Mount& mount);

}  // namespace coracle::init
