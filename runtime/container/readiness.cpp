#include "runtime/container/readiness.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <span>
#include <string_view>

#include "runtime/base/strings.hpp"
#include "runtime/container/log.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/sockets.hpp"

namespace coracle::container {
namespace {

constexpr const char* directory_name = "notify";
constexpr const char* socket_name = "notify.sock";
constexpr const char* directory_inside = "/run/notify";
constexpr int barrier_ms = 30'000;

// sd_notify_barrier(3): the manager closes the descriptor when it has read all
// that came before.
Result<void> await_manager(const sys::Fd& manager) {
  sys::Pipe pipe = TRY(sys::make_pipe());
  const std::array fds = {pipe.write.get()};
  TRY(sys::send_packet(manager, "BARRIER=1", fds));
  pipe.write.reset();
  pollfd polled = {.fd = pipe.read.get(), .events = POLLIN, .revents = 0};
  if (::poll(&polled, 1, barrier_ms) == 0)
    log::warn("NOTIFY_SOCKET: the service manager has not read what it was sent");
  return {};
}

}  // namespace

std::string notify_socket_of_caller() {
  const char* address = std::getenv("NOTIFY_SOCKET");
  return address == nullptr ? "" : address;
}

Result<std::string> offer_notify_socket(oci::Spec& spec, const StateDir& dir) {
  const bool own_mounts = std::ranges::any_of(spec.linux_.namespaces, [](const auto& each) {
    return each.type == oci::NamespaceType::mount;
  });
  if (!own_mounts) return fail_errno("no mount namespace for the socket's directory", ENOTSUP);
  if (::mkdirat(dir.fd().get(), directory_name, 0755) != 0) return fail_errno("mkdir notify");
  spec.mounts.push_back({.destination = directory_inside,
                         .source = dir.path() + "/" + directory_name,
                         .type = "bind",
                         .options = {"bind", "nosuid", "noexec", "nodev", "ro"}});
  return std::string("NOTIFY_SOCKET=") + directory_inside + "/" + socket_name;
}

std::optional<std::string> readiness_in(std::string_view message, pid_t main) {
  for (const std::string_view line : split(message, '\n')) {
    if (!line.starts_with("READY=")) continue;
    return std::string(line) + "\nMAINPID=" + std::to_string(main) + "\n";
  }
  return std::nullopt;
}

Result<std::optional<Readiness>> Readiness::listen(const StateDir& dir) {
  const std::string address = notify_socket_of_caller();
  if (address.empty()) return std::nullopt;
  auto place = sys::open_at(dir.fd(), directory_name, O_PATH | O_DIRECTORY | O_NOFOLLOW);
  if (!place && place.error().code == ENOENT) return std::nullopt;
  if (!place) return std::unexpected(std::move(place).error());
  auto manager = sys::connect_datagrams(address);
  if (!manager) {
    log::warn("NOTIFY_SOCKET: " + manager.error().text());
    return std::nullopt;
  }
  sys::Fd socket = TRY(sys::receive_datagrams(*place, socket_name).context("NOTIFY_SOCKET"));
  return Readiness(std::move(socket), *std::move(manager));
}

Result<bool> Readiness::pass_on(pid_t main) {
  std::array<char, 4096> bytes;
  while (true) {
    const ssize_t got = ::recv(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return false;
    if (got < 0) return fail_errno("receive from the container");
    const auto text = readiness_in({bytes.data(), static_cast<std::size_t>(got)}, main);
    if (!text) continue;
    TRY(sys::send_packet(manager_, *text, {}));
    return true;
  }
}

Result<void> Readiness::wait(const sys::PidFd& init, pid_t main) {
  bool ended = false;
  bool told = false;
  while (!ended && !told) {
    std::array<pollfd, 2> polled = {{{.fd = socket_.get(), .events = POLLIN, .revents = 0},
                                     {.fd = init.get(), .events = POLLIN, .revents = 0}}};
    if (::poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR) return fail_errno("poll");
    ended = polled[1].revents != 0;
    told = TRY(pass_on(main));  // its last words may be there still
  }
  if (!told) return {};
  return await_manager(manager_);
}

void await_readiness(std::optional<Readiness> readiness, const sys::PidFd& init, pid_t main) {
  if (!readiness) return;
  if (auto waited = readiness->wait(init, main); !waited)
    log::warn("NOTIFY_SOCKET: " + waited.error().text());
}

}  // namespace coracle::container
