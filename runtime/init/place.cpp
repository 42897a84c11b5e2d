#include "runtime/init/place.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <array>
#include <climits>

#include "runtime/base/strings.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/mountinfo.hpp"
#include "runtime/sys/path.hpp"

namespace coracle::init {
namespace {

// As the host's procfs tells it: what a container has at /proc may lie.
Result<std::string> path_by_host(const Context& context, const sys::Fd& fd) {
  const std::string link = "self/fd/" + std::to_string(fd.get());
  std::array<char, PATH_MAX> path = {};
  const ssize_t size = ::readlinkat(context.proc.get(), link.c_str(), path.data(), path.size());
  if (size < 0) return fail_errno("readlink /proc/" + link);
  return std::string(path.data(), static_cast<std::size_t>(size));
}

// What `path`, free of symlinks, leads to now.  The root itself is bound while
// there is no other root yet.
Result<sys::Fd> open_again(const Context& context, const std::string& path) {
  if (!context.root) return sys::open_file(path, O_PATH);
  return sys::open_in_root(context.root, path.substr(context.root_path.size()), O_PATH);
}

// What mount(2) has just put on `target`.
Result<sys::Fd> top_of(const Context& context, const sys::Fd& target) {
  const std::string path = TRY(sys::path_of(target));
  sys::Fd top = TRY(open_again(context, path));
  // The rest would be done to another mount than ours.
  if (TRY(sys::mount_id_of(top)) == TRY(sys::mount_id_of(target)))
    return fail(in_quotes(path) + " was exchanged while it was mounted on");
  return top;
}

// The mounts of a tree, but those that others of it cover.
Result<std::vector<sys::Fd>> mounts_of_tree(const Context& context, const sys::Fd& top) {
  const std::string path = TRY(sys::path_of(top));
  const std::string text = TRY(sys::read_file("/proc/self/mountinfo"));
  std::vector<sys::Fd> found;
  for (const sys::MountInfo& info : TRY(sys::parse_mountinfo(text))) {
    if (!sys::is_below(info.mount_point, path)) continue;
    sys::Fd mount = TRY(open_again(context, info.mount_point));
    if (TRY(sys::mount_id_of(mount)) == info.id) found.push_back(std::move(mount));
  }
  return found;
}

// By mount(2), which changes one attached mount at a time.
Result<void> set_attributes_legacy(const Context& context, const sys::Fd& mount,
                                   const sys::AttrRequest& request) {
  if (!request.recursive) return sys::remount_legacy(mount, request.set, request.clear);
  for (const sys::Fd& each : TRY(mounts_of_tree(context, mount)))
    TRY(sys::remount_legacy(each, request.set, request.clear));
  return {};
}

Result<void> set_all_legacy(const Context& context, const sys::Fd& mount,
                            const std::vector<sys::AttrRequest>& requests) {
  for (const sys::AttrRequest& request : requests)
    TRY(set_attributes_legacy(context, mount, request));
  return {};
}

Result<void> set_all(const sys::MountFd& detached, const std::vector<sys::AttrRequest>& requests) {
  for (const sys::AttrRequest& request : requests)
    TRY(sys::set_mount_attributes(detached, request));
  return {};
}

Result<sys::Fd> attach_made(const Context& context, Result<sys::MountFd> made,
                            const Placement& placement) {
  sys::MountFd detached = TRY(std::move(made));
  // Before anybody sees the mount, if the kernel can.
  auto set = set_all(detached, placement.attributes);
  const bool legacy = !set && set.error().code == ENOSYS;
  if (!set && !legacy) return std::unexpected(std::move(set).error());
  TRY(sys::attach_mount(detached, placement.target));
  if (legacy) TRY(set_all_legacy(context, detached, placement.attributes));
  return sys::Fd(std::move(detached));
}

// Placed by mount(2): the root of it, with its attributes.
Result<sys::Fd> finish_legacy(const Context& context, const Placement& placement) {
  sys::Fd top = TRY(top_of(context, placement.target));
  for (const sys::AttrRequest& request : placement.attributes)
    TRY(set_attributes(context, top, request));
  return top;
}

}  // namespace

Result<sys::Fd> attach(const Context& context, sys::MountFd detached, const Placement& placement) {
  return attach_made(context, std::move(detached), placement);
}

Result<sys::Fd> bind(const Context& context, const sys::Fd& source, const Placement& placement) {
  auto placed = attach_made(context, sys::clone_mount(source, placement.recursive), placement);
  if (placed || placed.error().code != ENOSYS) return placed;
  return bind_legacy(context, source, placement);
}

Result<sys::Fd> bind_legacy(const Context& context, const sys::Fd& source,
                            const Placement& placement) {
  TRY(sys::bind_legacy(source, placement.target, placement.recursive));
  return finish_legacy(context, placement);
}

Result<sys::Fd> mount_filesystem(const Context& context, const sys::Filesystem& filesystem,
                                 const Placement& placement) {
  auto placed = attach_made(context, sys::new_filesystem(filesystem), placement);
  if (placed || placed.error().code != ENOSYS) return placed;
  return mount_filesystem_legacy(context, filesystem, placement);
}

Result<sys::Fd> mount_filesystem_legacy(const Context& context, const sys::Filesystem& filesystem,
                                        const Placement& placement) {
  TRY(sys::mount_legacy(filesystem, placement.target));
  return finish_legacy(context, placement);
}

Result<void> set_attributes(const Context& context, const sys::Fd& mount,
                            const sys::AttrRequest& request) {
  auto set = sys::set_mount_attributes(mount, request);
  if (set || set.error().code != ENOSYS) return set;
  return set_attributes_legacy(context, mount, request);
}

Result<void> set_propagation(const sys::Fd& fd, const plan::Mount& mount) {
  for (const unsigned long flags : mount.propagation)
    TRY(sys::set_propagation(fd, flags).context("propagation"));
  return {};
}

std::vector<sys::AttrRequest> tree_attributes(const plan::Mount& mount) {
  if (mount.recursive_attrs.empty()) return {};
  return {
      {.set = mount.recursive_attrs.set, .clear = mount.recursive_attrs.clear, .recursive = true}};
}

std::vector<sys::AttrRequest> all_attributes(const plan::Mount& mount) {
  std::vector<sys::AttrRequest> requests;
  const sys::AttrRequest own = sys::attributes_of(mount.flags, mount.cleared_flags);
  if (own.set != 0 || own.clear != 0) requests.push_back(own);
  for (const sys::AttrRequest& request : tree_attributes(mount)) requests.push_back(request);
  return requests;
}

Result<std::string> path_inside(const Context& context, const sys::Fd& fd) {
  const std::string path = TRY(path_by_host(context, fd));
  if (!sys::is_below(path, context.root_path)) return fail("destination left the root file system");
  return context.root_path == "/" ? path : path.substr(context.root_path.size());
}

}  // namespace coracle::init
