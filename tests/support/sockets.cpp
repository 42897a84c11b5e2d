// Unix sockets at which the runtime delivers: descriptors (console and seccomp listener),
// readiness.
#include "tests/support/sockets.hpp"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstddef>

#include <doctest/doctest.h>

#include "tests/support/process.hpp"

namespace coracle::test {
namespace {

bool readable(int fd) {
  pollfd wanted = {.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&wanted, 1, 10'000 * patience()) == 1;
}

int descriptor_in(msghdr& message) {
  int fd = -1;
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header && header->cmsg_type == SCM_RIGHTS) ::memcpy(&fd, CMSG_DATA(header), sizeof fd);
  return fd;
}

}  // namespace

DatagramSocket::DatagramSocket(const std::string& path)
    : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
  sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
  REQUIRE(path.size() < sizeof address.sun_path);
  path.copy(address.sun_path, path.size());
  const bool abstract = path.starts_with('@');
  if (abstract) address.sun_path[0] = '\0';
  const std::size_t size = offsetof(sockaddr_un, sun_path) + path.size();
  REQUIRE(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), static_cast<socklen_t>(size)) ==
          0);
  if (!abstract) REQUIRE(::chmod(path.c_str(), 0777) == 0);
}

DatagramSocket::~DatagramSocket() {
  ::close(fd_);
}

std::string DatagramSocket::receive() const {
  REQUIRE_MESSAGE(readable(fd_), "no message came to the socket");
  std::array<char, 4096> text = {};
  const ssize_t length = ::recv(fd_, text.data(), text.size(), 0);
  REQUIRE(length >= 0);
  return std::string(text.data(), static_cast<std::size_t>(length));
}

bool DatagramSocket::is_empty() const {
  char byte = 0;
  return ::recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0;
}

DeliverySocket::DeliverySocket(const std::string& path)
    : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
  REQUIRE(path.size() < sizeof address.sun_path);
  path.copy(address.sun_path, path.size());
  REQUIRE(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(fd_, 1) == 0);
}

DeliverySocket::~DeliverySocket() {
  ::close(fd_);
}

Delivery DeliverySocket::receive() const {
  REQUIRE_MESSAGE(readable(fd_), "nobody connected to the socket");
  const int connection = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
  REQUIRE(connection >= 0);
  REQUIRE_MESSAGE(readable(connection), "no message came through the socket");
  std::array<char, 16384> text = {};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control = {};
  iovec part = {.iov_base = text.data(), .iov_len = text.size()};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t length = ::recvmsg(connection, &message, MSG_CMSG_CLOEXEC);
  ::close(connection);
  REQUIRE(length >= 0);
  return {.text = std::string(text.data(), static_cast<std::size_t>(length)),
          .fd = descriptor_in(message)};
}

std::string read_terminal(int fd) {
  std::string all;
  std::array<char, 4096> text = {};
  while (readable(fd)) {
    const ssize_t length = ::read(fd, text.data(), text.size());
    if (length <= 0) break;  // EIO: nobody has the other side open
    all.append(text.data(), static_cast<std::size_t>(length));
  }
  return all;
}

}  // namespace coracle::test
