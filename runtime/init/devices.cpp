// Device nodes and links below /dev: made, or bound from the host where
// mknod(2) is not allowed.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <string_view>

#include "runtime/base/strings.hpp"
#include "runtime/init/context.hpp"
#include "runtime/init/place.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/path.hpp"

namespace coracle::init {
namespace {

bool is_this_device(const struct stat& status, const plan::Device& device) {
  if ((status.st_mode & S_IFMT) != (device.mode & S_IFMT)) return false;
  return S_ISFIFO(device.mode) || status.st_rdev == device.number;
}

std::string numbers(const plan::Device& device) {
  return std::to_string(major(device.number)) + ":" + std::to_string(minor(device.number));
}

// The host's node of the same numbers: at the same path, or where the kernel
// says it is, because engines rename devices (--device /dev/fuse:/dev/fff).
Result<sys::Fd> open_host_node(const plan::Device& device) {
  std::string path = device.path;
  auto node = sys::open_file(path, O_PATH | O_NOFOLLOW);
  if (node && is_this_device(TRY(sys::status_of(*node)), device)) return node;
  const std::string kind = S_ISBLK(device.mode) ? "block" : "char";
  const auto uevent = sys::read_file("/sys/dev/" + kind + "/" + numbers(device) + "/uevent");
  if (uevent) {
    for (const std::string_view line : split(*uevent, '\n')) {
      if (line.starts_with("DEVNAME=")) path = "/dev/" + std::string(line.substr(8));
    }
    node = sys::open_file(path, O_PATH | O_NOFOLLOW);
    if (node && is_this_device(TRY(sys::status_of(*node)), device)) return node;
  }
  return fail_errno("device " + numbers(device) + " is nowhere below the host's /dev", ENOENT);
}

// Nodes and links are nearly all in /dev, one after the other: it is opened once for them.
class Places {
 public:
  explicit Places(const sys::Fd& root) : root_(root) {}

  // Good until the next call.
  Result<const sys::Place*> at(std::string_view path) {
    const std::size_t slash = path.find_last_of('/');
    const std::string_view parent = path.substr(0, slash);
    const bool same = place_ && slash != std::string_view::npos && parent == parent_;
    if (same && path.size() > slash + 1) {
      place_->name = path.substr(slash + 1);
      return &*place_;
    }
    place_ = TRY(sys::place_in_root(root_, path));
    parent_ = parent;
    return &*place_;
  }

 private:
  const sys::Fd& root_;
  std::string parent_;
  std::optional<sys::Place> place_;
};

Result<void> bind_node(const Context& context, const sys::Place& place,
                       const plan::Device& device) {
  const sys::Fd node = TRY(open_host_node(device));
  const sys::Fd target = TRY(sys::make_file_in_root(place.directory, place.name, 0666));
  TRY(bind(context, node, {.target = target}));
  return {};
}

// Of a node just made: as it should be, unless its directory has a group or an ACL to hand on.
Result<void> set_owner_and_mode(const sys::Place& place, const plan::Device& device) {
  struct stat status = {};
  if (::fstatat(place.directory.get(), place.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
    return fail_errno("stat");
  const bool owned = status.st_uid == device.uid && status.st_gid == device.gid;
  if (!owned && ::fchownat(place.directory.get(), place.name.c_str(), device.uid, device.gid,
                           AT_SYMLINK_NOFOLLOW) != 0)
    return fail_errno("chown");
  // chown(2) takes bits away.
  const mode_t mode = device.mode & 07777U;
  const bool has_mode = owned && (status.st_mode & 07777U) == mode;
  if (!has_mode && ::fchmodat(place.directory.get(), place.name.c_str(), mode, 0) != 0)
    return fail_errno("chmod");
  return {};
}

Result<bool> is_there(const sys::Place& place, const plan::Device& device) {
  struct stat status = {};
  if (::fstatat(place.directory.get(), place.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return false;
    return fail_errno("stat");
  }
  if (is_this_device(status, device)) return true;
  // Spec: config-linux.md#devices: "a file that does not match" is an error.
  return fail("another file is there already, not device " + numbers(device));
}

Result<void> make_device(const Context& context, Places& places, const plan::Device& device) {
  const sys::Place& place = *TRY(places.at(device.path));
  const bool may_make = !context.plan().in_user_namespace || S_ISFIFO(device.mode);
  int code = EPERM;
  if (may_make) {
    if (::mknodat(place.directory.get(), place.name.c_str(), device.mode, device.number) == 0)
      return set_owner_and_mode(place, device);
    code = errno;
  }
  if (TRY(is_there(place, device))) return {};
  // Without CAP_MKNOD, as in a container without it, a bind does the same.
  if (code == EPERM) return bind_node(context, place, device);
  return fail_errno("mknod " + numbers(device), code);
}

Result<void> make_link(Places& places, const plan::Link& link) {
  const sys::Place& place = *TRY(places.at(link.path));
  // A node that the image or a mount brought is replaced for ptmx alone: it
  // would open a terminal of another devpts instance.
  if (link.path == "/dev/ptmx") ::unlinkat(place.directory.get(), place.name.c_str(), 0);
  if (::symlinkat(link.target.c_str(), place.directory.get(), place.name.c_str()) != 0 &&
      errno != EEXIST)
    return fail_errno("symlink");
  return {};
}

}  // namespace

Result<void> make_devices(Context& context) {
  Places places(context.root);
  for (const plan::Device& device : context.plan().devices)
    TRY(make_device(context, places, device).context("device " + device.path));
  for (const plan::Link& link : context.plan().links) {
    // A link to nowhere helps nobody: some kernels have no kcore.
    if (link.target == "/proc/kcore" && ::faccessat(context.proc.get(), "kcore", F_OK, 0) != 0)
      continue;
    TRY(make_link(places, link).context(link.path));
  }
  return {};
}

}  // namespace coracle::init
