// The new mount API over descriptors, with mount(2) where the kernel or a
// filter lacks it.  open_tree(2), fsopen(2), mount_setattr(2), move_mount(2)
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/sys/fd.hpp"

#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256
#endif

namespace coracle::sys {

// A detached copy of the mount at `source` (O_PATH), of its whole tree if
// `recursive`; ENOSYS where the kernel cannot.
Result<MountFd> clone_mount(const Fd& source, bool recursive);
// The same by path; with `nofollow`, of the symlink that `path` may be.
Result<MountFd> clone_mount_at(const std::string& path, bool recursive, bool nofollow);

struct Filesystem {
  std::string type;
  std::string source;
  std::string data;         // comma separated, for the file system
  unsigned long flags = 0;  // MS_*: per superblock and per mount
};

// A new superblock, mounted nowhere yet; ENOSYS where the kernel cannot.
Result<MountFd> new_filesystem(const Filesystem& filesystem);
// The same by mount(2), on what `target` refers to.
Result<void> mount_legacy(const Filesystem& filesystem, const Fd& target);

// Attaches a detached mount on what `target` (O_PATH) refers to.
Result<void> attach_mount(const MountFd& mount, const Fd& target);

// Binds `source` on `target` by mount(2).
Result<void> bind_legacy(const Fd& source, const Fd& target, bool recursive);

// Changes MOUNT_ATTR_* of one mount or of its tree; ENOSYS where the kernel cannot.
struct AttrRequest {
  std::uint64_t set = 0;
  std::uint64_t clear = 0;
  std::uint64_t propagation = 0;  // MS_SHARED, MS_SLAVE, MS_PRIVATE, MS_UNBINDABLE, or 0
  bool recursive = false;
};
Result<void> set_mount_attributes(const Fd& mount, const AttrRequest& request);
// The same for one attached mount by mount(2) with MS_REMOUNT; what the
// request does not name stays as it is.
Result<void> remount_legacy(const Fd& mount, std::uint64_t set, std::uint64_t clear);
// mount(2) with one of MS_SHARED..., with or without MS_REC.
Result<void> set_propagation(const Fd& mount, unsigned long flags);

// The id of the mount that `fd` lies on, as in mountinfo.
Result<int> mount_id_of(const Fd& fd);

// Maps the ids of a detached mount as `user_namespace` does.
Result<void> idmap_mount(const MountFd& mount, const Fd& user_namespace, bool recursive);

// MS_* of mount(2) as MOUNT_ATTR_* for mount_setattr(2): a change that sets
// `set_flags` and takes away `cleared_flags`.  Pure.
AttrRequest attributes_of(unsigned long set_flags, unsigned long cleared_flags);

}  // namespace coracle::sys
