// Read-only root, readonlyPaths, maskedPaths.
// Spec: config-linux.md#masked-paths, #readonly-paths
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>

#include "runtime/base/strings.hpp"
#include "runtime/init/context.hpp"
#include "runtime/init/place.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/path.hpp"

namespace coracle::init {
namespace {

// Of one mount, or of its tree.
sys::AttrRequest read_only(bool recursive) {
  return {.set = sys::attributes_of(MS_RDONLY, 0).set, .recursive = recursive};
}

// A path that does not exist needs no protection.
Result<sys::Fd> open_if_there(const Context& context, const std::string& path, int flags = 0) {
  auto fd = sys::open_in_root(context.root, path, O_PATH | flags);
  if (!fd && (fd.error().code == ENOENT || fd.error().code == ENOTDIR)) return sys::Fd();
  return fd;
}

// Binds `source` on `target`, both in the container, and makes it read-only.
// The tree below comes along: what hides in it must not stay writable.
Result<void> cover_read_only(const Context& context, const sys::Fd& source, const sys::Fd& target) {
  TRY(bind(context, source,
           {.target = target, .recursive = true, .attributes = {read_only(true)}}));
  return {};
}

Result<void> protect_read_only(const Context& context, const std::string& path) {
  const sys::Fd there = TRY(open_if_there(context, path));
  if (!there) return {};
  return cover_read_only(context, there, there);
}

Result<bool> is_null(const sys::Fd& fd) {
  const struct stat status = TRY(sys::status_of(fd));
  return S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3);
}

// The container's /dev/null if it is one, else the host's: the image may hold
// a link under that name.  CVE-2025-31133
Result<sys::Fd> open_null(const Context& context) {
  sys::Fd own = TRY(open_if_there(context, "/dev/null", O_NOFOLLOW));
  if (own && TRY(is_null(own))) return own;
  sys::Fd host = TRY(sys::open_file("/dev/null", O_PATH | O_NOFOLLOW));
  if (!TRY(is_null(host))) return fail("/dev/null is not the null device");
  return host;
}

// Masks of one container: one empty read-only tmpfs serves all directories.
class Masks {
 public:
  explicit Masks(const Context& context) : context_(context) {}

  Result<void> mask(const std::string& path) {
    const sys::Fd there = TRY(open_if_there(context_, path));
    if (!there) return {};
    if (S_ISDIR(TRY(sys::status_of(there)).st_mode)) return mask_directory(there);
    if (!null_) null_ = TRY(open_null(context_));
    return cover_read_only(context_, null_, there);
  }

 private:
  Result<void> mask_directory(const sys::Fd& there) {
    if (empty_) return cover_read_only(context_, empty_, there);
    sys::Filesystem tmpfs = {
        .type = "tmpfs", .source = "tmpfs", .data = "nr_blocks=1,nr_inodes=1", .flags = MS_RDONLY};
    const std::string& label = context_.plan().mount_label;
    if (!label.empty()) tmpfs.data += ",context=\"" + label + "\"";
    empty_ = TRY(mount_filesystem(context_, tmpfs, {.target = there}));
    return {};
  }

  const Context& context_;
  sys::Fd null_;
  sys::Fd empty_;
};

}  // namespace

Result<void> protect_paths(Context& context) {
  for (const sys::Fd& mount : context.read_only_later)
    TRY(set_attributes(context, mount, read_only(false)).context("make a tmpfs read-only"));
  context.read_only_later.clear();
  for (const std::string& path : context.plan().readonly_paths)
    TRY(protect_read_only(context, path).context("make " + in_quotes(path) + " read-only"));
  Masks masks(context);
  for (const std::string& path : context.plan().masked_paths)
    TRY(masks.mask(path).context("mask " + in_quotes(path)));
  if (!context.plan().rootfs.readonly) return {};
  return set_attributes(context, context.root, read_only(false)).context("make the root read-only");
}

}  // namespace coracle::init
