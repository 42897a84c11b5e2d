#include "runtime/container/mount_requests.hpp"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <tuple>

#include "runtime/base/strings.hpp"
#include "runtime/container/id_map_writer.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/mounts.hpp"
#include "runtime/sys/namespaces.hpp"
#include "runtime/sys/process.hpp"
#include "runtime/sys/sockets.hpp"

namespace coracle::container {
namespace {

Result<sys::Fd> user_namespace_of(pid_t pid) {
  return sys::open_file("/proc/" + std::to_string(pid) + "/ns/user", O_RDONLY);
}

// A namespace lives as long as a descriptor of it: its only process may go.
Result<sys::Fd> throw_away_user_namespace(const plan::Idmap& idmap) {
  const sys::Cloned holder = TRY(sys::clone_process({.flags = CLONE_NEWUSER}, []() noexcept {
    while (true) ::pause();  // until the host drops its Child
  }));
  TRY(write_id_maps(
      holder.child.pid(),
      {.writer = plan::IdMapWriter::direct, .uid_map = idmap.uid_map, .gid_map = idmap.gid_map}));
  return user_namespace_of(holder.child.pid());
}

Result<sys::MountFd> unmapped(const plan::Mount& mount) {
  if (mount.kind != plan::MountKind::filesystem)
    return sys::clone_mount_at(mount.source, mount.recursive, mount.links.source_itself);
  return sys::new_filesystem(
      {.type = mount.type, .source = mount.source, .data = mount.data, .flags = mount.flags});
}

Result<sys::MountFd> clone_as_root_of(const sys::Fd& user_namespace, const plan::Mount& mount) {
  TRY(sys::enter_namespace(user_namespace, CLONE_NEWUSER));
  if (::unshare(CLONE_NEWNS) != 0) return fail_errno("unshare mount namespace");
  auto clone = sys::clone_mount_at(mount.source, mount.recursive, mount.links.source_itself);
  // What lies below is locked to it, and has to come along.
  if (clone || clone.error().code != EINVAL || mount.recursive) return clone;
  return sys::clone_mount_at(mount.source, true, mount.links.source_itself);
}

// The descriptor, or "ERRNO TEXT".
void send_clone(const Result<sys::MountFd>& clone, const sys::Fd& host) {
  if (!clone) {
    const std::string text = std::to_string(clone.error().code) + " " + clone.error().what;
    std::ignore = sys::send_packet(host, text, {});
    return;
  }
  const std::array fds = {clone->get()};
  std::ignore = sys::send_packet(host, "0 ", fds);
}

// Nothing when it is no symlink.
Result<std::string> read_link(const std::string& path) {
  std::array<char, PATH_MAX> text = {};
  const ssize_t size = ::readlink(path.c_str(), text.data(), text.size());
  if (size < 0 && errno == EINVAL) return std::string();
  if (size < 0) return fail_errno("readlink " + path);
  return std::string(text.data(), static_cast<std::size_t>(size));
}

}  // namespace

Result<std::vector<plan::Mount>> with_links_read(std::vector<plan::Mount> mounts) {
  for (plan::Mount& mount : mounts) {
    if (mount.links.copy_source) mount.link_text = TRY(read_link(mount.source));
  }
  return mounts;
}

Result<std::vector<plan::Mount>> without_copied_links(std::vector<plan::Mount> mounts) {
  std::vector<plan::Mount> read = TRY(with_links_read(std::move(mounts)));
  std::erase_if(read, [](const plan::Mount& mount) { return !mount.link_text.empty(); });
  return read;
}

Result<sys::MountFd> make_mount_for(pid_t init, const plan::Mount& mount) {
  sys::MountFd made = TRY(unmapped(mount));
  if (mount.idmap.kind == plan::IdmapKind::none) return made;
  const bool own = mount.idmap.uid_map.empty() && mount.idmap.gid_map.empty();
  const sys::Fd user =
      TRY((own ? user_namespace_of(init) : throw_away_user_namespace(mount.idmap)));
  const bool recursive = mount.idmap.kind == plan::IdmapKind::recursive;
  auto mapped = sys::idmap_mount(made, user, recursive);
  if (mapped) return made;
  Error error = std::move(mapped).error();
  if (error.code == EINVAL)
    error = std::move(error).context("the file system of " + in_quotes(mount.source) +
                                     " cannot map ids, or is mapped already");
  return std::unexpected(std::move(error).context("idmap"));
}

Result<sys::MountFd> make_mount_unprivileged(pid_t init, const plan::Mount& mount) {
  const sys::Fd user = TRY(user_namespace_of(init));
  sys::SocketPair pair = TRY(sys::seqpacket_pair());
  const sys::Cloned cloner =
      TRY(sys::clone_process({}, [&user, &mount, end = std::move(pair.second)]() noexcept {
        send_clone(clone_as_root_of(user, mount), end);
        ::_exit(0);
      }));
  sys::Packet packet = TRY(sys::receive_packet(pair.first, 4096));
  if (!packet.fds.empty()) return sys::MountFd(packet.fds.front().release());
  const std::size_t blank = packet.text.find(' ');
  if (blank == std::string::npos) return fail("the process that clones the mount ended");
  const int code = parse_number<int>(packet.text.substr(0, blank)).value_or(0);
  return std::unexpected(Error{.code = code, .what = packet.text.substr(blank + 1)});
}

}  // namespace coracle::container
