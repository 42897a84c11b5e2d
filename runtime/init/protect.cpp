// Read-only root, readonlyPaths, maskedPaths.
// Spec: config-linux.md#masked-paths, #readonly-paths
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>

#include "runtime/base/strings.hpp"
#include "runtime/init/context.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/mounts.hpp"
#include "runtime/sys/path.hpp"

namespace coracle::init {
namespace {

// By mount_setattr(2), or by mount(2) on what is attached.
Result<void> make_read_only(const sys::Fd& mount, bool recursive) {
  const sys::AttrRequest request = {.set = sys::attributes_of(MS_RDONLY, 0).set,
                                    .recursive = recursive};
  auto done = sys::set_mount_attributes(mount, request);
  if (done || done.error().code != ENOSYS) return done;
  return sys::remount_legacy(mount, request.set, 0);
}

// A path that does not exist needs no protection.
Result<sys::Fd> open_if_there(const Context& context, const std::string& path) {
  auto fd = sys::open_in_root(context.root, path, O_PATH);
  if (!fd && (fd.error().code == ENOENT || fd.error().code == ENOTDIR)) return sys::Fd();
  return fd;
}

// Binds `source` on `target`, both in the container, and makes it read-only.
// The tree below comes along: what hides in it must not stay writable.
Result<void> cover_read_only(const Context& context, const sys::Fd& source, const sys::Fd& target,
                             const std::string& path) {
  auto clone = sys::clone_mount(source, true);
  if (clone) {
    auto attached = sys::attach_mount(*clone, target);
    if (attached) return make_read_only(*clone, true);
    if (attached.error().code != ENOSYS) return attached;
  } else if (clone.error().code != ENOSYS) {
    return std::unexpected(std::move(clone).error());
  }
  TRY(sys::bind_legacy(source, target, true));
  const sys::Fd top = TRY(sys::open_in_root(context.root, path, O_PATH));
  return make_read_only(top, true);
}

Result<void> protect_read_only(const Context& context, const std::string& path) {
  const sys::Fd there = TRY(open_if_there(context, path));
  if (!there) return {};
  return cover_read_only(context, there, there, path);
}

// The container's /dev/null if it is one, else the host's: the image may hold
// a link under that name.  CVE-2025-31133
Result<sys::Fd> open_null(const Context& context) {
  const auto is_null = [](const sys::Fd& fd) {
    const auto status = sys::status_of(fd);
    return status && S_ISCHR(status->st_mode) && status->st_rdev == makedev(1, 3);
  };
  auto own = sys::open_in_root(context.root, "/dev/null", O_PATH | O_NOFOLLOW);
  if (own && is_null(*own)) return own;
  sys::Fd host = TRY(sys::open_file("/dev/null", O_PATH | O_NOFOLLOW));
  if (!is_null(host)) return fail("/dev/null is not the null device");
  return host;
}

// Masks of one container: one empty read-only tmpfs serves all directories.
class Masks {
 public:
  explicit Masks(const Context& context) : context_(context) {}

  Result<void> mask(const std::string& path) {
    const sys::Fd there = TRY(open_if_there(context_, path));
    if (!there) return {};
    if (S_ISDIR(TRY(sys::status_of(there)).st_mode)) return mask_directory(path, there);
    if (!null_) null_ = TRY(open_null(context_));
    return cover_read_only(context_, null_, there, path);
  }

 private:
  Result<void> mask_directory(const std::string& path, const sys::Fd& there) {
    if (empty_) return cover_read_only(context_, empty_, there, path);
    sys::Filesystem tmpfs = {
        .type = "tmpfs", .source = "tmpfs", .data = "nr_blocks=1,nr_inodes=1", .flags = MS_RDONLY};
    const std::string& label = context_.plan().mount_label;
    if (!label.empty()) tmpfs.data += ",context=\"" + label + "\"";
    auto made = sys::new_filesystem(tmpfs);
    if (made) {
      auto attached = sys::attach_mount(*made, there);
      if (attached) {
        empty_ = std::move(*made);
        return {};
      }
      made = std::unexpected(std::move(attached).error());
    }
    if (made.error().code != ENOSYS) return std::unexpected(std::move(made).error());
    TRY(sys::mount_legacy(tmpfs, there));
    empty_ = TRY(sys::open_in_root(context_.root, path, O_PATH));
    return {};
  }

  const Context& context_;
  sys::Fd null_;
  sys::Fd empty_;
};

}  // namespace

Result<void> protect_paths(Context& context) {
  for (const sys::Fd& mount : context.read_only_later) TRY(make_read_only(mount, false));
  context.read_only_later.clear();
  for (const std::string& path : context.plan().readonly_paths)
    TRY(protect_read_only(context, path).context("make " + quoted(path) + " read-only"));
  Masks masks(context);
  for (const std::string& path : context.plan().masked_paths)
    TRY(masks.mask(path).context("mask " + quoted(path)));
  if (!context.plan().rootfs.readonly) return {};
  return make_read_only(context.root, false).context("make the root read-only");
}

}  // namespace coracle::init
