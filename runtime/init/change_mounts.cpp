// Mounts added to a container that runs, and removed: what the process does
// that has joined it.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tuple>
#include <vector>

#include "runtime/base/strings.hpp"
#include "runtime/init/context.hpp"
#include "runtime/init/place.hpp"
#include "runtime/sys/mounts.hpp"
#include "runtime/sys/path.hpp"

namespace coracle::init {
namespace {

// Where no link of the container's is followed at the end of a path.
int last_link(const plan::Mount& mount) {
  return mount.links.destination_itself ? O_NOFOLLOW : 0;
}

Result<void> check_mount_point(const Context& context, const sys::Fd& fd) {
  const std::string inside = TRY(path_inside(context, fd));
  if (inside.empty() || inside == "/") return fail("the root itself cannot be removed");
  struct statx facts = {};
  if (::statx(fd.get(), "", AT_EMPTY_PATH, 0, &facts) != 0) return fail_errno("statx");
  const bool known = (facts.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0;
  if (known && (facts.stx_attributes & STATX_ATTR_MOUNT_ROOT) == 0)
    return fail(in_quotes(inside) + " is not a mount point");
  return {};
}

// umount2(2) takes a path alone; this one is the host's procfs's own.
Result<void> detach(const Context& context, const sys::Fd& fd) {
  if (::fchdir(context.proc.get()) != 0) return fail_errno("fchdir to the host's /proc");
  const std::string path = "self/fd/" + std::to_string(fd.get());
  if (::umount2(path.c_str(), MNT_DETACH) != 0) return fail_errno("umount");
  return {};
}

Result<void> remove_mount(const Context& context, const plan::Mount& mount) {
  const sys::Fd fd =
      TRY(sys::open_in_root(context.root, mount.destination, O_PATH | last_link(mount)));
  TRY(check_mount_point(context, fd));
  return detach(context, fd);
}

// What stands at a mount's destination: a change tells that something was made there.
struct Standing {
  bool link = false;  // or a file, where a link is to be made
  int mount = 0;      // the id of the mount there, 0 for none

  bool operator==(const Standing&) const = default;
};

Standing standing_at(const Context& context, const plan::Mount& mount) {
  Standing standing;
  if (!mount.link_text.empty()) {
    const auto place = sys::place_in_root(context.root, mount.destination);
    standing.link = place && ::faccessat(place->directory.get(), place->name.c_str(), F_OK,
                                         AT_SYMLINK_NOFOLLOW) == 0;
    return standing;
  }
  const auto fd = sys::open_in_root(context.root, mount.destination, O_PATH | last_link(mount));
  if (fd) standing.mount = sys::mount_id_of(*fd).value_or(0);
  return standing;
}

void remove_link(const Context& context, const plan::Mount& mount) {
  const auto place = sys::place_in_root(context.root, mount.destination);
  if (place) ::unlinkat(place->directory.get(), place->name.c_str(), 0);
}

// In reverse: a later mount may lie on an earlier one.  The last may have been placed before it
// failed.  What cannot be taken back stays: the error that counts is another.
void undo(const Context& context, const std::vector<Standing>& before) {
  for (std::size_t i = before.size(); i-- > 0;) {
    const plan::Mount& mount = context.plan().mounts[i];
    if (standing_at(context, mount) == before[i]) continue;
    if (mount.link_text.empty())
      std::ignore = remove_mount(context, mount);
    else
      remove_link(context, mount);
  }
}

Result<void> make_read_only_now(Context& context) {
  const sys::AttrRequest read_only = {.set = sys::attributes_of(MS_RDONLY, 0).set};
  for (const sys::Fd& mount : context.read_only_later)
    TRY(set_attributes(context, mount, read_only));
  context.read_only_later.clear();
  return {};
}

}  // namespace

// join_container has changed to it.
Result<void> open_joined_root(Context& context) {
  TRY(open_root(context));
  context.root_path = "/";
  return {};
}

Result<void> add_mounts(Context& context) {
  std::vector<Standing> before;
  for (std::size_t i = 0; i < context.plan().mounts.size(); ++i) {
    before.push_back(standing_at(context, context.plan().mounts[i]));
    auto made = make_mount(context, i);
    if (made) made = make_read_only_now(context);
    if (made) continue;
    undo(context, before);
    return made;
  }
  return {};
}

Result<void> remove_mounts(Context& context) {
  for (const plan::Mount& mount : context.plan().mounts)
    TRY(remove_mount(context, mount).context(mount.destination));
  return {};
}

Result<void> report_changed(Context& context) {
  TRY(context.input.channel.send(sync::Ready{}));
  ::_exit(0);
}

}  // namespace coracle::init
