// The root: propagation, its own mount, pivot_root(2) or its substitutes.
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "runtime/base/strings.hpp"
#include "runtime/init/context.hpp"
#include "runtime/init/place.hpp"
#include "runtime/plan/propagation.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/mountinfo.hpp"
#include "runtime/sys/mounts.hpp"
#include "runtime/sys/path.hpp"

namespace coracle::init {
namespace {

// pivot_root(2) refuses a new root whose parent mount is shared; where all is
// slave or private already there is nothing to do.
Result<void> make_parent_private(const std::string& rootfs) {
  const std::string text = TRY(sys::read_file("/proc/self/mountinfo"));
  const std::vector<sys::MountInfo> mounts = TRY(sys::parse_mountinfo(text));
  const sys::MountInfo* parent = nullptr;
  for (const sys::MountInfo& mount : mounts) {
    const bool longer = parent == nullptr || mount.mount_point.size() >= parent->mount_point.size();
    if (longer && sys::is_below(rootfs, mount.mount_point)) parent = &mount;
  }
  if (parent == nullptr || !parent->shared) return {};
  const sys::Fd fd = TRY(sys::open_file(parent->mount_point, O_PATH));
  return sys::set_propagation(fd, MS_PRIVATE).context(parent->mount_point);
}

Result<void> set_root_propagation(Context& context) {
  const plan::Rootfs& rootfs = context.plan().rootfs;
  const unsigned long flags = plan::inherited_propagation(rootfs);
  TRY(sys::set_propagation(context.old_root, flags).context("propagation of /"));
  if (rootfs.propagation.type == oci::Propagation::shared) TRY(make_parent_private(rootfs.path));
  return {};
}

// Makes the root file system a mount of its own, which pivot_root needs and
// which can be made read-only.  What the host mounts there later stays out.
Result<void> bind_root(Context& context, const sys::Fd& directory) {
  context.root = TRY(bind(context, directory, {.target = directory, .recursive = true}));
  return sys::set_propagation(context.root, MS_PRIVATE);
}

Result<void> pivot(const Context& context) {
  if (::fchdir(context.root.get()) != 0) return fail_errno("fchdir to the new root");
  // With "." twice the old root lies on top of the new one: no directory is
  // needed in the image.  pivot_root(2), "pivot_root(".", ".")"
  if (::syscall(SYS_pivot_root, ".", ".") != 0) return fail_errno("pivot_root");
  if (::fchdir(context.old_root.get()) != 0) return fail_errno("fchdir to the old root");
  // The detachment below must not travel to the host.
  TRY(sys::set_propagation(context.old_root, MS_SLAVE | MS_REC));
  if (::umount2(".", MNT_DETACH) != 0) return fail_errno("detach the old root");
  if (::chdir("/") != 0) return fail_errno("chdir /");
  return {};
}

// Whoever can make a user namespace inside may mount a fresh proc or sysfs as
// long as a full one is visible below our root: hide them.
Result<void> hide_full_filesystems(const Context& context) {
  const std::string text = TRY(sys::read_file("/proc/self/mountinfo"));
  for (const sys::MountInfo& mount : TRY(sys::parse_mountinfo(text))) {
    if (mount.type != "proc" && mount.type != "sysfs") continue;
    if (sys::is_below(mount.mount_point, context.root_path)) continue;
    if (::umount2(mount.mount_point.c_str(), MNT_DETACH) == 0) continue;
    if (errno != EINVAL && errno != EPERM) return fail_errno("unmount " + mount.mount_point);
    // Locked by a more privileged mount namespace: cover it instead.
    if (::mount("tmpfs", mount.mount_point.c_str(), "tmpfs", 0, nullptr) != 0)
      return fail_errno("cover " + mount.mount_point);
  }
  return {};
}

Result<void> move_root(const Context& context) {
  TRY(hide_full_filesystems(context));
  if (::fchdir(context.root.get()) != 0) return fail_errno("fchdir to the new root");
  if (::mount(".", "/", nullptr, MS_MOVE, nullptr) != 0) return fail_errno("move the root to /");
  if (::chroot(".") != 0) return fail_errno("chroot");
  if (::chdir("/") != 0) return fail_errno("chdir /");
  return {};
}

Result<void> chroot_only(const Context& context) {
  if (::fchdir(context.root.get()) != 0) return fail_errno("fchdir to the new root");
  if (::chroot(".") != 0) return fail_errno("chroot");
  return {};
}

}  // namespace

bool has_mount_namespace(const plan::Plan& plan) {
  if ((plan.namespaces.clone_flags & CLONE_NEWNS) != 0) return true;
  return !plan.namespaces.joins.empty() &&
         plan.namespaces.joins.back().type == oci::NamespaceType::mount;
}

Result<void> open_host_proc(Context& context) {
  sys::Fd proc = TRY(sys::open_file("/proc", O_PATH | O_DIRECTORY));
  struct statfs filesystem = {};
  if (::fstatfs(proc.get(), &filesystem) != 0) return fail_errno("fstatfs /proc");
  if (filesystem.f_type != PROC_SUPER_MAGIC) return fail("/proc is not a proc file system");
  context.proc = std::move(proc);
  return {};
}

Result<void> prepare_root(Context& context) {
  const plan::Rootfs& rootfs = context.plan().rootfs;
  context.old_root = TRY(sys::open_file("/", O_PATH | O_DIRECTORY));
  sys::Fd directory = TRY(sys::open_file(rootfs.path, O_PATH | O_DIRECTORY).context("/root/path"));
  if (!has_mount_namespace(context.plan())) {
    context.root = std::move(directory);
  } else {
    TRY(set_root_propagation(context));
    TRY(bind_root(context, directory).context("bind " + rootfs.path));
  }
  context.root_path = TRY(sys::path_of(context.root));
  return {};
}

Result<void> change_root(Context& context) {
  const plan::Rootfs& rootfs = context.plan().rootfs;
  if (!has_mount_namespace(context.plan())) {
    TRY(chroot_only(context));
  } else if (rootfs.no_pivot) {
    TRY(move_root(context));
  } else {
    TRY(pivot(context));
  }
  context.old_root.reset();
  // The root alone: the volumes in it have their own words for it.
  const unsigned long flags =
      plan::propagation_flags(rootfs.propagation) & ~static_cast<unsigned long>(MS_REC);
  if (rootfs.propagation_configured)
    TRY(sys::set_propagation(context.root, flags).context("rootfsPropagation"));
  context.root.reset();
  return {};
}

}  // namespace coracle::init
