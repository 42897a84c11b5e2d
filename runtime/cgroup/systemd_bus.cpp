// Starts coracle-sd-bus from memory, and asks it.
#include "runtime/cgroup/systemd_bus.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "runtime/sd_bus/program.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/memfd.hpp"
#include "runtime/sys/sockets.hpp"
#include "runtime/sys/vfork.hpp"

namespace coracle::cgroup::systemd {
namespace {

using namespace std::chrono;
using namespace std::chrono_literals;

// The program keeps the deadline itself; this long after it, it is not there any more.
constexpr seconds longest_delay = 2s;

// In the new process: becomes the program, or says why not.
int become(const sys::Fd& program, const sys::Fd& socket, const sys::Fd& null) noexcept {
  // A terminal's signals are for us; what we do about them ends it.
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  char name[] = "coracle-sd-bus";
  char* const arguments[] = {name, nullptr};
  if (::dup2(socket.get(), STDIN_FILENO) >= 0 && ::dup2(null.get(), STDOUT_FILENO) >= 0 &&
      ::dup2(null.get(), STDERR_FILENO) >= 0)
    ::execveat(program.get(), "", arguments, environ, AT_EMPTY_PATH);
  return errno;
}

Result<sys::Fd> program_in_memory() {
  auto memory = sys::make_memfd("coracle-sd-bus", sys::MemfdUse::program);
  if (!memory && memory.error().code == EACCES)
    return std::move(memory).context("the sysctl vm.memfd_noexec forbids what asks systemd");
  if (!memory) return memory;
  TRY(sys::write_all(*memory, bus_program::bytes()));
  return memory;
}

Result<void> await(const sys::Fd& socket, dbus::Deadline deadline) {
  while (true) {
    const auto left = duration_cast<milliseconds>(deadline - steady_clock::now());
    pollfd readable = {.fd = socket.get(), .events = POLLIN, .revents = 0};
    const int ready = ::poll(&readable, 1, static_cast<int>(std::max(left, 0ms).count()));
    if (ready > 0) return {};
    if (ready == 0) return fail_errno("wait for coracle-sd-bus", ETIMEDOUT);
    if (errno != EINTR) return fail_errno("wait for coracle-sd-bus");
  }
}

}  // namespace

Result<Bus> Bus::start() {
  const sys::Fd program = TRY(program_in_memory());
  const sys::Fd null = TRY(sys::open_file("/dev/null", O_RDWR));
  sys::SocketPair ends = TRY(sys::stream_pair());
  int problem = 0;  // stays so where the child has a copy of our memory: ask() tells then
  sys::Cloned cloned = TRY(sys::vfork_process(
      {.flags = 0}, [&]() noexcept { problem = become(program, ends.second, null); }));
  if (problem != 0) return fail_errno("run coracle-sd-bus", problem);
  return Bus(std::move(cloned.child), std::move(ends.first));
}

Result<Bus> Bus::connect(std::span<const dbus::Address> addresses, dbus::Deadline deadline) {
  Bus bus = TRY(start());
  Error last = {.code = 0, .what = "no address of systemd is known"};
  for (const dbus::Address& address : addresses) {
    const auto connected = bus.ask({.what = dbus::Connect{address}, .deadline = deadline});
    bus.has_daemon_ = address.has_daemon;
    if (connected) return bus;
    last = Error(connected.error()).context(address.text);
  }
  return std::unexpected(std::move(last));
}

dbus::Reply Bus::ask(const dbus::Request& request) const {
  TRY(dbus::send_message(socket_, dbus::encode(request)));
  TRY(await(socket_, request.deadline + longest_delay));
  const auto bytes = TRY(dbus::receive_message(socket_));
  if (!bytes) return fail("coracle-sd-bus ended without an answer");
  return dbus::decode_reply(*bytes);
}

dbus::Reply Bus::call(dbus::Call call, dbus::Deadline deadline) const {
  return ask({.what = std::move(call), .deadline = deadline});
}

Result<void> Bus::subscribe(std::string rule, dbus::Deadline deadline) const {
  if (!has_daemon_) return {};
  dbus::Call add_match = {.method = {.destination = "org.freedesktop.DBus",
                                     .path = "/org/freedesktop/DBus",
                                     .interface = "org.freedesktop.DBus",
                                     .name = "AddMatch"},
                          .arguments = {dbus::text(std::move(rule))},
                          .reply = ""};
  TRY(call(std::move(add_match), deadline));
  return {};
}

dbus::Reply Bus::next_signal(dbus::NextSignal signal, dbus::Deadline deadline) const {
  return ask({.what = std::move(signal), .deadline = deadline});
}

bool is_error(const Error& error, std::string_view name) {
  return error.what.find(std::string(name) + ":") != std::string::npos;
}

}  // namespace coracle::cgroup::systemd
