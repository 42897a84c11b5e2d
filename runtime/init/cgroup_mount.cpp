#include "runtime/init/cgroup_mount.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "runtime/init/place.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/mounts.hpp"
#include "runtime/sys/path.hpp"

namespace coracle::init {
namespace {

// By the new API or by mount(2), at `target`; the mount's root comes back.
Result<sys::Fd> mount_at(const sys::Filesystem& filesystem, const sys::Fd& parent,
                         const std::string& name) {
  const sys::Fd target = TRY(sys::make_directory_in_root(parent, name, 0755));
  auto made = sys::new_filesystem(filesystem);
  if (made) {
    auto attached = sys::attach_mount(*made, target);
    if (attached) return std::move(*made);
    made = std::unexpected(std::move(attached).error());
  }
  if (made.error().code != ENOSYS) return std::unexpected(std::move(made).error());
  TRY(sys::mount_legacy(filesystem, target));
  return sys::open_in_root(parent, name, O_PATH);
}

// Shows the container's own cgroup, for want of a cgroup namespace.
Result<void> bind_own_cgroup(const std::string& path, const plan::Mount& mount,
                             const sys::Fd& target) {
  const sys::Fd source = TRY(sys::open_file(path, O_PATH | O_DIRECTORY));
  auto clone = sys::clone_mount(source, false);
  if (clone) {
    TRY(apply_attributes(*clone, mount));
    auto attached = sys::attach_mount(*clone, target);
    if (attached || attached.error().code != ENOSYS) return attached;
  } else if (clone.error().code != ENOSYS) {
    return std::unexpected(std::move(clone).error());
  }
  return sys::bind_legacy(source, target, false);
}

Result<void> mount_v2(Context& context, const plan::Mount& mount) {
  const sys::Fd target = TRY(sys::make_directory_in_root(context.root, mount.destination, 0755));
  const sys::Filesystem filesystem = {
      .type = "cgroup2", .source = "cgroup", .data = mount.data, .flags = mount.flags};
  auto made = sys::new_filesystem(filesystem);
  const Placement placement = {.mount = &mount, .target = &target, .attributes_done = true};
  if (made) return place_detached(context, std::move(*made), placement);
  if (made.error().code == ENOSYS) return place_filesystem_legacy(context, filesystem, placement);
  // Inside a user namespace without a cgroup namespace of its own the kernel
  // refuses a fresh mount.
  const std::string& own = context.plan().cgroup_v2_container;
  if ((made.error().code != EPERM && made.error().code != EBUSY) || own.empty())
    return std::unexpected(std::move(made).error());
  TRY(bind_own_cgroup(own, mount, target));
  return {};
}

Result<void> mount_hierarchy(const Context& context, const plan::Mount& mount,
                             const plan::CgroupHierarchy& hierarchy, const sys::Fd& tmpfs) {
  if (!context.plan().namespaces.new_cgroup) {
    const sys::Fd target = TRY(sys::make_directory_in_root(tmpfs, hierarchy.name, 0755));
    return bind_own_cgroup(hierarchy.container, mount, target);
  }
  TRY(mount_at(
      {.type = "cgroup", .source = "cgroup", .data = hierarchy.options, .flags = mount.flags},
      tmpfs, hierarchy.name));
  return {};
}

Result<void> link_controllers(const plan::CgroupHierarchy& hierarchy, const sys::Fd& tmpfs) {
  for (const std::string& link : hierarchy.links) {
    if (::symlinkat(hierarchy.name.c_str(), tmpfs.get(), link.c_str()) != 0 && errno != EEXIST)
      return fail_errno("symlink " + link);
  }
  return {};
}

Result<void> mount_v1(Context& context, const plan::Mount& mount) {
  const unsigned long flags = mount.flags & ~static_cast<unsigned long>(MS_RDONLY);
  sys::Fd tmpfs = TRY(mount_at({.type = "tmpfs",
                                .source = "tmpfs",
                                .data = "mode=755",
                                .flags = flags | MS_NOEXEC | MS_NOSUID | MS_NODEV},
                               context.root, mount.destination));
  for (const plan::CgroupHierarchy& hierarchy : context.plan().cgroup_hierarchies) {
    TRY(mount_hierarchy(context, mount, hierarchy, tmpfs).context(hierarchy.name));
    TRY(link_controllers(hierarchy, tmpfs));
  }
  TRY(apply_after_attach(tmpfs, mount));
  // Only now: the directories above had to be made.
  if ((mount.flags & MS_RDONLY) != 0) context.read_only_later.push_back(std::move(tmpfs));
  return {};
}

}  // namespace

Result<void> mount_cgroups(Context& context, const plan::Mount& mount) {
  return context.plan().cgroup_v2 ? mount_v2(context, mount) : mount_v1(context, mount);
}

}  // namespace coracle::init
