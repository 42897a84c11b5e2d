#include "runtime/init/place.hpp"

#include <fcntl.h>
#include <sys/mount.h>

#include "runtime/sys/path.hpp"

namespace coracle::init {
namespace {

Result<void> apply_own_attributes(const sys::Fd& fd, const plan::Mount& mount) {
  const sys::AttrRequest request = sys::attributes_of(mount.flags, mount.cleared_flags);
  if (request.set == 0 && request.clear == 0) return {};
  return sys::set_mount_attributes(fd, request);
}

Result<void> apply_recursive_attributes(const sys::Fd& fd, const plan::Mount& mount) {
  if (mount.recursive_attrs.empty()) return {};
  return sys::set_mount_attributes(
      fd,
      {.set = mount.recursive_attrs.set, .clear = mount.recursive_attrs.clear, .recursive = true});
}

// By mount(2), on an attached mount; a whole tree is beyond it.
Result<void> apply_attributes_legacy(const sys::Fd& fd, const plan::Mount& mount) {
  if (!mount.recursive_attrs.empty())
    return fail_errno("recursive mount options need mount_setattr(2), Linux 5.12", ENOSYS);
  const sys::AttrRequest request = sys::attributes_of(mount.flags, mount.cleared_flags);
  if (request.set == 0 && request.clear == 0) return {};
  return sys::remount_legacy(fd, request.set, request.clear);
}

Result<sys::Fd> top_of(const Context& context, const Placement& placement) {
  return sys::open_in_root(context.root, placement.mount->destination, O_PATH);
}

Result<void> finish(Context& context, sys::Fd fd, const Placement& placement) {
  TRY(apply_after_attach(fd, *placement.mount));
  if (placement.read_only_later) context.read_only_later.push_back(std::move(fd));
  return {};
}

}  // namespace

Result<void> apply_attributes(const sys::Fd& fd, const plan::Mount& mount) {
  auto own = apply_own_attributes(fd, mount);
  if (!own && own.error().code == ENOSYS) return apply_attributes_legacy(fd, mount);
  if (!own) return own;
  return apply_recursive_attributes(fd, mount);
}

Result<void> apply_after_attach(const sys::Fd& fd, const plan::Mount& mount) {
  for (const unsigned long flags : mount.propagation)
    TRY(sys::set_propagation(fd, flags).context("propagation"));
  return {};
}

Result<void> place_detached(Context& context, sys::MountFd detached, const Placement& placement) {
  const plan::Mount& mount = *placement.mount;
  Result<void> done;
  if (!placement.attributes_done) done = apply_own_attributes(detached, mount);
  if (done) done = apply_recursive_attributes(detached, mount);
  const bool attributes_later = !done && done.error().code == ENOSYS;
  if (!done && !attributes_later) return done;
  TRY(sys::attach_mount(detached, *placement.target));
  if (attributes_later) TRY(apply_attributes_legacy(detached, mount));
  return finish(context, std::move(detached), placement);
}

Result<void> place_bind_legacy(Context& context, const sys::Fd& source,
                               const Placement& placement) {
  TRY(sys::bind_legacy(source, *placement.target, placement.mount->recursive));
  sys::Fd top = TRY(top_of(context, placement));
  TRY(apply_attributes(top, *placement.mount));
  return finish(context, std::move(top), placement);
}

Result<void> place_filesystem_legacy(Context& context, const sys::Filesystem& filesystem,
                                     const Placement& placement) {
  TRY(sys::mount_legacy(filesystem, *placement.target));
  sys::Fd top = TRY(top_of(context, placement));
  TRY(apply_recursive_attributes(top, *placement.mount));
  return finish(context, std::move(top), placement);
}

}  // namespace coracle::init
