#include "runtime/sys/sockets.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <array>
#include <cstddef>
#include <cstring>

#include "runtime/sys/files.hpp"

namespace coracle::sys {
namespace {

constexpr std::size_t most_fds = 16;

std::vector<Fd> take_fds(msghdr& header) {
  std::vector<Fd> fds;
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof fd);
      fds.emplace_back(fd);
    }
  }
  return fds;
}

struct Address {
  sockaddr_un unix_ = {};
  socklen_t size = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&unix_); }
};

// A name that begins with NUL is one of the abstract namespace.
Result<Address> address_of(const std::string& name) {
  Address address;
  address.unix_.sun_family = AF_UNIX;
  if (name.size() >= sizeof address.unix_.sun_path)
    return fail_errno("shorten the socket's name", ENAMETOOLONG);
  std::memcpy(address.unix_.sun_path, name.data(), name.size());
  address.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  return address;
}

// sun_path holds 108 bytes; a path through an open directory is short.
std::string path_through(const Fd& directory, const std::string& name) {
  return "/proc/self/fd/" + std::to_string(directory.get()) + "/" + name;
}

Result<Fd> new_socket(int type) {
  Fd socket(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
  if (!socket) return fail_errno("socket");
  return socket;
}

Result<Fd> connect_to(const Address& address, int type) {
  Fd socket = TRY(new_socket(type));
  if (::connect(socket.get(), address.get(), address.size) != 0) return fail_errno("connect");
  return socket;
}

Result<Fd> connect_to_path(const std::string& path, int type) {
  const std::size_t slash = path.find_last_of('/');
  const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  const Fd dir = TRY(open_file(directory, O_PATH | O_DIRECTORY));
  const Address address = TRY(address_of(path_through(dir, name)).context("connect " + path));
  return connect_to(address, type).context(path);
}

Result<SocketPair> socket_pair(int type) {
  int ends[2];
  if (::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) != 0) return fail_errno("socketpair");
  return SocketPair{.first = Fd(ends[0]), .second = Fd(ends[1])};
}

}  // namespace

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno("pipe2");
  return Pipe{.read = Fd(ends[0]), .write = Fd(ends[1])};
}

Result<SocketPair> seqpacket_pair() {
  return socket_pair(SOCK_SEQPACKET);
}

Result<SocketPair> stream_pair() {
  return socket_pair(SOCK_STREAM);
}

Result<Fd> connect_unix(const std::string& path) {
  return connect_to_path(path, SOCK_STREAM);
}

Result<Fd> connect_datagrams(const std::string& address) {
  if (!address.starts_with('@')) return connect_to_path(address, SOCK_DGRAM);
  std::string name = address;
  name.front() = '\0';
  const Address abstract = TRY(address_of(name).context(address));
  return connect_to(abstract, SOCK_DGRAM).context(address);
}

Result<Fd> receive_datagrams(const Fd& directory, const std::string& name) {
  const Address address = TRY(address_of(path_through(directory, name)).context(name));
  Fd socket = TRY(new_socket(SOCK_DGRAM));
  // Not chmod(2) afterwards: another file could have the name by then.
  const mode_t umask = ::umask(0);
  const bool bound = ::bind(socket.get(), address.get(), address.size) == 0;
  const int code = errno;
  ::umask(umask);
  if (!bound) return fail_errno("bind " + name, code);
  return socket;
}

Result<void> send_packet(const Fd& socket, std::string_view text, std::span<const int> fds) {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(most_fds * sizeof(int))> control = {};
  iovec bytes = {.iov_base = const_cast<char*>(text.data()), .iov_len = text.size()};
  msghdr header = {};
  header.msg_iov = &bytes;
  header.msg_iovlen = 1;
  if (!fds.empty()) {
    if (fds.size() > most_fds) return fail("too many descriptors for one packet");
    header.msg_control = control.data();
    header.msg_controllen = CMSG_SPACE(fds.size_bytes());
    cmsghdr* part = CMSG_FIRSTHDR(&header);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(part), fds.data(), fds.size_bytes());
  }
  while (::sendmsg(socket.get(), &header, MSG_NOSIGNAL) < 0) {
    if (errno != EINTR) return fail_errno("sendmsg");
  }
  return {};
}

Result<Packet> receive_packet(const Fd& socket, std::size_t most) {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(most_fds * sizeof(int))> control = {};
  Packet packet;
  packet.text.resize(most);
  iovec bytes = {.iov_base = packet.text.data(), .iov_len = packet.text.size()};
  msghdr header = {};
  header.msg_iov = &bytes;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  ssize_t got = 0;
  do got = ::recvmsg(socket.get(), &header, MSG_CMSG_CLOEXEC);
  while (got < 0 && errno == EINTR);
  if (got < 0) return fail_errno("recvmsg");
  packet.text.resize(static_cast<std::size_t>(got));
  packet.fds = take_fds(header);
  if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) return fail("packet was cut");
  return packet;
}

}  // namespace coracle::sys
