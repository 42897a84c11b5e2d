// The planned mounts, in order.
#include <fcntl.h>
#include <linux/magic.h>
#include <strings.h>
#include <sys/mount.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "runtime/base/strings.hpp"
#include "runtime/init/cgroup_mount.hpp"
#include "runtime/init/context.hpp"
#include "runtime/init/copy_up.hpp"
#include "runtime/init/place.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/mounts.hpp"
#include "runtime/sys/path.hpp"
#include "runtime/sys/timings.hpp"

namespace coracle::init {
namespace {

// Asks the host for mount number `index`: what needs its privilege or its view.
Result<sys::MountFd> mount_from_host(Context& context, std::size_t index) {
  TRY(await_host(context));  // its answers come in order
  const sync::InitEnd& channel = context.input.channel;
  TRY(channel.send(sync::MountPlease{.index = static_cast<std::uint32_t>(index)}));
  sync::MountReady ready = TRY(context.input.channel.expect<sync::MountReady>());
  return std::move(ready.mount);
}

struct Source {
  sys::MountFd mount;      // detached; empty where only mount(2) can bind
  bool from_host = false;  // it was made by the host, and init may have no way to its source
};

Result<sys::Fd> open_path(const plan::Mount& mount) {
  return sys::open_file(mount.source, O_PATH | (mount.links.source_itself ? O_NOFOLLOW : 0));
}

Result<Source> source_from_host(Context& context, std::size_t index) {
  return Source{.mount = TRY(mount_from_host(context, index)), .from_host = true};
}

// Init opens what it can when its turn comes, because an earlier mount may
// provide it.  Inside a user namespace the mapped root may not search the way
// there (EACCES), or may not take a locked mount from its tree (EINVAL, EPERM).
Result<Source> open_source(Context& context, const plan::Mount& mount, std::size_t index) {
  // One that has joined a container no longer sees the host's files.
  if (mount.idmap.kind != plan::IdmapKind::none || context.joining)
    return source_from_host(context, index);
  auto clone = sys::clone_mount_at(mount.source, mount.recursive, mount.links.source_itself);
  if (clone) return Source{.mount = std::move(*clone)};
  const int code = clone.error().code;
  if (code == ENOSYS) return Source{};
  // What is not there at all the host has not either.
  const bool host_may_help = context.plan().in_user_namespace && code != ENOENT;
  if (!host_may_help) return std::unexpected(std::move(clone).error());
  return source_from_host(context, index);
}

Result<bool> is_proc(const sys::Fd& fd) {
  struct statfs filesystem = {};
  if (::fstatfs(fd.get(), &filesystem) != 0) return fail_errno("fstatfs");
  return filesystem.f_type == PROC_SUPER_MAGIC;
}

// Nothing but a procfs may cover /proc, and little may lie inside it: labels
// and sysctls are written there.  CVE-2019-16884, CVE-2019-19921
Result<void> check_target(const std::string& inside, bool source_is_proc) {
  if (inside.empty() || inside == "/") return fail("the root itself cannot be covered");
  if (inside == "/proc" && !source_is_proc)
    return fail("/proc cannot be covered by what is not of type proc");
  if (inside.starts_with("/proc/") && !plan::may_mount_inside_proc(inside))
    return fail(in_quotes(inside) + " cannot be mounted because it is inside /proc");
  return {};
}

Result<sys::Fd> place_source(const Context& context, const plan::Mount& mount, Source source,
                             const Placement& placement) {
  if (source.mount) {
    auto placed = attach(context, std::move(source.mount), placement);
    if (placed || placed.error().code != ENOSYS || source.from_host) return placed;
  }
  return bind_legacy(context, TRY(open_path(mount)), placement);
}

// What EPERM means for attributes: mount_namespaces(7), "Restrictions on mount namespaces".
Result<sys::Fd> place_bind(const Context& context, const plan::Mount& mount, Source source,
                           const Placement& placement) {
  auto placed = place_source(context, mount, std::move(source), placement);
  if (placed || placed.error().code != EPERM) return placed;
  if (!context.plan().in_user_namespace || placement.attributes.empty()) return placed;
  return std::move(placed).context(
      "a user namespace may not change what the host's mount says of access times, nor take ro, "
      "nosuid, nodev or noexec from it");
}

// What stands at the destination, a symlink of the image included.
Result<sys::Fd> destination_itself(const Context& context, const plan::Mount& mount,
                                   bool is_directory) {
  const sys::Place place = TRY(sys::place_in_root(context.root, mount.destination));
  sys::Fd there(
      ::openat(place.directory.get(), place.name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (there) return there;
  if (errno != ENOENT) return fail_errno("open " + mount.destination);
  return is_directory ? sys::make_directory_in_root(place.directory, place.name, 0755)
                      : sys::make_file_in_root(place.directory, place.name, 0644);
}

Result<sys::Fd> make_destination(const Context& context, const plan::Mount& mount,
                                 bool is_directory) {
  if (mount.links.destination_itself) return destination_itself(context, mount, is_directory);
  return is_directory ? sys::make_directory_in_root(context.root, mount.destination, 0755)
                      : sys::make_file_in_root(context.root, mount.destination, 0644);
}

struct Destination {
  sys::Fd fd;
  std::string inside;  // its path in the container
};

// One that is there under its own name: nothing is to be made, nor to be asked of procfs.
std::optional<Destination> plain_destination(const Context& context, const std::string& destination,
                                             int flags) {
  // Where the file system folds case, "/PROC" may be /proc, which only procfs tells.
  constexpr std::string_view proc = "/proc";
  if (::strncasecmp(destination.c_str(), proc.data(), proc.size()) == 0 &&
      !destination.starts_with(proc))
    return std::nullopt;
  sys::Fd fd = sys::open_plain_in_root(context.root, destination, O_PATH | flags);
  if (!fd) return std::nullopt;
  return Destination{.fd = std::move(fd), .inside = destination};
}

constexpr auto file_on_directory = "the source is a file, the destination a directory";
constexpr auto directory_on_file = "a directory cannot cover a file, or lie below one";

Result<Destination> bind_destination(const Context& context, const plan::Mount& mount,
                                     const sys::Fd& source) {
  const bool is_directory = S_ISDIR(TRY(sys::status_of(source)).st_mode);
  auto made = make_destination(context, mount, is_directory);
  if (!made && made.error().code == ENOTDIR)
    return std::unexpected(std::move(made).error().context(
        is_directory ? directory_on_file : "nothing can lie below a file"));
  sys::Fd fd = TRY(std::move(made));
  if (S_ISDIR(TRY(sys::status_of(fd)).st_mode) != is_directory)
    return fail_errno(file_on_directory, ENOTDIR);
  std::string inside = TRY(path_inside(context, fd));
  return Destination{.fd = std::move(fd), .inside = std::move(inside)};
}

// One that is there already may stay if it says the same.
Result<void> make_link(const Context& context, const plan::Mount& mount) {
  const sys::Place place = TRY(sys::place_in_root(context.root, mount.destination));
  if (::symlinkat(mount.link_text.c_str(), place.directory.get(), place.name.c_str()) == 0)
    return {};
  if (errno != EEXIST) return fail_errno("symlink " + mount.destination);
  std::string there(mount.link_text.size() + 1, '\0');
  const ssize_t size =
      ::readlinkat(place.directory.get(), place.name.c_str(), there.data(), there.size());
  there.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  if (there == mount.link_text) return {};
  return fail(in_quotes(mount.destination) + " is there already, and is no symlink to " +
              in_quotes(mount.link_text));
}

// The kernel says of a file on a directory, or the other way round, no more than EINVAL, and
// mount(2) ENOTDIR.  `code` is what it said of init's own source.
Result<void> check_kinds(const plan::Mount& mount, const sys::Fd& target, int code) {
  if (code != EINVAL && code != ENOTDIR) return {};
  const auto source = open_path(mount);
  if (!source) return {};
  const bool from_directory = S_ISDIR(TRY(sys::status_of(*source)).st_mode);
  const bool to_directory = S_ISDIR(TRY(sys::status_of(target)).st_mode);
  if (from_directory == to_directory) return {};
  return fail_errno(to_directory ? file_on_directory : directory_on_file, ENOTDIR);
}

Result<void> make_bind(Context& context, const plan::Mount& mount, std::size_t index) {
  if (!mount.link_text.empty()) return make_link(context, mount);
  Source source = TRY(open_source(context, mount, index));
  const sys::Fd path = source.mount ? sys::Fd() : TRY(open_path(mount));
  const sys::Fd& from = source.mount ? source.mount : path;
  std::optional<Destination> found;
  if (!source.from_host) found = plain_destination(context, mount.destination, 0);
  if (!found) found = TRY(bind_destination(context, mount, from));
  const Destination& destination = *found;
  const bool from_proc = destination.inside == "/proc" && TRY(is_proc(from));
  TRY(check_target(destination.inside, from_proc));
  const Placement placement = {
      .target = destination.fd, .recursive = mount.recursive, .attributes = all_attributes(mount)};
  const bool from_host = source.from_host;
  auto placed = place_bind(context, mount, std::move(source), placement);
  if (!placed && !from_host) TRY(check_kinds(mount, destination.fd, placed.error().code));
  return set_propagation(TRY(std::move(placed)), mount);
}

// proc and sysfs on a symlink of the image would mount them elsewhere.
// CVE-2023-27561, CVE-2023-28642
Result<void> check_ordinary(const plan::Mount& mount, const std::string& inside) {
  if (inside == mount.destination) return {};
  return fail("filesystem " + in_quotes(mount.type) + " must be mounted on ordinary directory");
}

struct Directory : Destination {
  bool is_new = false;  // made by us
};

// A tmpfs takes the mode of the directory that it covers, unless one is given.
Result<std::string> data_with_mode(const plan::Mount& mount, const Directory& covered) {
  const bool wanted =
      mount.type == "tmpfs" && !covered.is_new && mount.data.find("mode=") == std::string::npos;
  if (!wanted) return mount.data;
  char text[16];
  const mode_t mode = TRY(sys::status_of(covered.fd)).st_mode;
  std::snprintf(text, sizeof text, "mode=%o", static_cast<unsigned>(mode & 07777U));
  return mount.data.empty() ? text : mount.data + "," + text;
}

bool stays_writable_for_now(const plan::Mount& mount) {
  return (mount.flags & MS_RDONLY) != 0 &&
         (mount.destination == "/dev" || (mount.type == "tmpfs" && mount.copy_up));
}

Result<Directory> directory_for(const Context& context, const std::string& destination) {
  if (auto plain = plain_destination(context, destination, O_DIRECTORY))
    return Directory{*std::move(plain)};
  Directory directory;
  auto there = sys::open_in_root(context.root, destination, O_PATH | O_DIRECTORY);
  directory.is_new = !there && there.error().code == ENOENT;
  if (directory.is_new) there = sys::make_directory_in_root(context.root, destination, 0755);
  directory.fd = TRY(std::move(there));
  directory.inside = TRY(path_inside(context, directory.fd));
  return directory;
}

// The queues of the host's IPC namespace, writable as its other objects are.
Result<sys::Fd> place_host_queues(const Context& context, const plan::Mount& mount,
                                  const sys::Fd& target) {
  constexpr long mqueue_magic = 0x19800202;  // linux/ipc/mqueue.c, in no header
  const auto host = sys::open_file("/dev/mqueue", O_PATH);
  struct statfs filesystem = {};
  if (!host || ::fstatfs(host->get(), &filesystem) != 0 || filesystem.f_type != mqueue_magic)
    return fail_errno(
        "the IPC namespace is the host's, whose queues the kernel does not mount anew in a user "
        "namespace, and the host has no mqueue at /dev/mqueue that could be bound; mount one "
        "there, or add {\"type\": \"ipc\"} to /linux/namespaces",
        EPERM);
  return bind(context, *host, {.target = target, .attributes = all_attributes(mount)});
}

// Read-only, and with all that is mounted below: without, the kernel refuses it.
Result<sys::Fd> place_stand_in(const Context& context, const plan::Mount& mount,
                               const sys::Fd& target) {
  if (mount.type == "mqueue") return place_host_queues(context, mount, target);
  const sys::Fd host = TRY(sys::open_file(mount.type == "proc" ? "/proc" : "/sys", O_PATH));
  Placement placement = {.target = target, .recursive = true, .attributes = all_attributes(mount)};
  placement.attributes.push_back({.set = sys::attributes_of(MS_RDONLY, 0).set, .recursive = true});
  return bind(context, host, placement);
}

// What EPERM means for a file system that shows a namespace.
const char* why_refused(const plan::Mount& mount) {
  if (mount.type == "proc")
    return "a new proc needs a PID namespace that the container's user namespace owns, and a "
           "host's /proc of which nothing is covered (an outer container's masked paths do); the "
           "host's own may not stand in, because it shows the host's processes";
  if (mount.type == "mqueue")
    return "a new mqueue needs an IPC namespace that the container's user namespace owns";
  return nullptr;
}

Result<sys::Fd> place_new(const Context& context, const plan::Mount& mount,
                          const sys::Filesystem& filesystem, const sys::Fd& target) {
  const Placement placement = {.target = target, .attributes = tree_attributes(mount)};
  // fsconfig(2) has no word for the superblock flag that "iversion" asks for.
  auto placed = (mount.flags & MS_I_VERSION) == 0
                    ? mount_filesystem(context, filesystem, placement)
                    : mount_filesystem_legacy(context, filesystem, placement);
  if (!placed && placed.error().code == ENODEV)
    return std::move(placed).context("this kernel has no file system " + in_quotes(mount.type));
  if (placed || placed.error().code != EPERM) return placed;
  // One that has joined a container sees the container's own at these places.
  if (mount.host_may_stand_in && !context.joining) return place_stand_in(context, mount, target);
  const char* why = why_refused(mount);
  return why == nullptr ? std::move(placed) : std::move(placed).context(why);
}

// The id map is applied by the host, to a mount that is visible nowhere yet.
Result<sys::Fd> place_idmapped(Context& context, const plan::Mount& mount, std::size_t index,
                               const sys::Fd& target) {
  sys::MountFd made = TRY(mount_from_host(context, index));
  return attach(context, std::move(made), {.target = target, .attributes = tree_attributes(mount)});
}

Result<void> make_filesystem(Context& context, const plan::Mount& mount, std::size_t index) {
  const Directory target = TRY(directory_for(context, mount.destination));
  if (mount.type == "proc" || mount.type == "sysfs") TRY(check_ordinary(mount, target.inside));
  TRY(check_target(target.inside, mount.type == "proc"));
  std::string data = TRY(data_with_mode(mount, target));
  sys::Filesystem filesystem = {
      .type = mount.type, .source = mount.source, .data = std::move(data), .flags = mount.flags};
  const bool later = stays_writable_for_now(mount);
  if (later) filesystem.flags &= ~static_cast<unsigned long>(MS_RDONLY);
  sys::Fd placed = TRY((mount.idmap.kind == plan::IdmapKind::none
                            ? place_new(context, mount, filesystem, target.fd)
                            : place_idmapped(context, mount, index, target.fd)));
  if (mount.copy_up) TRY(copy_up(target.fd, placed));
  TRY(set_propagation(placed, mount));
  if (later) context.read_only_later.push_back(std::move(placed));
  return {};
}

Result<void> make_remount(Context& context, const plan::Mount& mount) {
  const sys::Fd there = TRY(sys::open_in_root(context.root, mount.destination, O_PATH));
  const std::string inside = TRY(path_inside(context, there));
  TRY(check_target(inside, true));
  // Without "bind" the superblock is meant too, whose options only mount(2)
  // takes in their old form.
  if ((mount.flags & MS_BIND) == 0) {
    TRY(sys::mount_legacy({.type = mount.type,
                           .source = mount.source,
                           .data = mount.data,
                           .flags = mount.flags | MS_REMOUNT},
                          there));
    return set_propagation(there, mount);
  }
  for (const sys::AttrRequest& request : all_attributes(mount))
    TRY(set_attributes(context, there, request));
  return set_propagation(there, mount);
}

// The host makes the rules of devices.
bool may_be_of_device(const plan::Mount& mount) {
  constexpr std::array<std::string_view, 5> of_no_device = {"proc", "sysfs", "tmpfs", "devpts",
                                                            "mqueue"};
  return mount.kind == plan::MountKind::filesystem &&
         std::ranges::find(of_no_device, mount.type) == of_no_device.end();
}

// It is the container's cgroup, or what is copied is charged to that.
bool needs_cgroup(const plan::Mount& mount) {
  return mount.kind == plan::MountKind::cgroup || mount.copy_up;
}

Result<void> make(Context& context, const plan::Mount& mount, std::size_t index) {
  if (needs_cgroup(mount)) TRY(await_cgroup(context));
  if (may_be_of_device(mount)) TRY(await_host(context));
  switch (mount.kind) {
    case plan::MountKind::bind:
      return make_bind(context, mount, index);
    case plan::MountKind::filesystem:
      return make_filesystem(context, mount, index);
    case plan::MountKind::cgroup:
      return mount_cgroups(context, mount);
    case plan::MountKind::remount:
      return make_remount(context, mount);
  }
  return {};
}

}  // namespace

Result<void> make_mount(Context& context, std::size_t index) {
  const plan::Mount& mount = context.plan().mounts[index];
  const sys::timings::Phase phase("mount", mount.destination);
  auto made = make(context, mount, index);
  if (made) return made;
  return std::move(made).context("error mounting " + in_quotes(mount.source) + " to rootfs at " +
                                 in_quotes(mount.destination));
}

Result<void> make_mounts(Context& context) {
  for (std::size_t i = 0; i < context.plan().mounts.size(); ++i) TRY(make_mount(context, i));
  return {};
}

}  // namespace coracle::init
