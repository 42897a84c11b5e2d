// Starts coracle-sd-bus from memory, and asks it.
#include "runtime/cgroup/systemd_bus.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <tuple>
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

// The program keeps deadlines itself; this long after one, it is not there any more.
constexpr seconds longest_delay = 10s;

// In the new process: becomes the program, or writes why not (errno) to `problem`.
void become(const sys::Fd& program, const sys::Fd& socket, const sys::Fd& null,
            const sys::Fd& problem) noexcept {
  // A terminal's signals are for us; what we do about them ends it.
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  char name[] = "coracle-sd-bus";
  char* const arguments[] = {name, nullptr};
  // stderr is ours: the loader says there what it misses.
  if (::dup2(socket.get(), STDIN_FILENO) >= 0 && ::dup2(null.get(), STDOUT_FILENO) >= 0)
    ::execveat(program.get(), "", arguments, environ, AT_EMPTY_PATH);
  const int code = errno;
  std::ignore = ::write(problem.get(), &code, sizeof code);
}

Result<sys::Fd> program_in_memory() {
  auto memory = sys::make_memfd("coracle-sd-bus", sys::MemfdUse::program);
  if (!memory && memory.error().code == EACCES)
    return std::move(memory).context("the sysctl vm.memfd_noexec forbids what asks systemd");
  if (!memory) return memory;
  TRY(sys::write_all(*memory, bus_program::bytes()));
  return memory;
}

// For each send(2) and recv(2): EAGAIN when it has passed.
Result<void> set_deadline(const sys::Fd& socket, dbus::Deadline deadline) {
  const auto left = std::max(duration_cast<microseconds>(deadline - steady_clock::now()), 1us);
  const timeval time = {.tv_sec = duration_cast<seconds>(left).count(),
                        .tv_usec = (left % 1s).count()};
  for (const int option : {SO_SNDTIMEO, SO_RCVTIMEO}) {
    if (::setsockopt(socket.get(), SOL_SOCKET, option, &time, sizeof time) != 0)
      return fail_errno("setsockopt");
  }
  return {};
}

// `failed` as the user is told of it.
Error gone(Error failed) {
  constexpr const char* ended = "coracle-sd-bus ended without an answer";
  switch (failed.code) {
    case EAGAIN:
      return {.code = ETIMEDOUT, .what = "wait for coracle-sd-bus"};
    case EPIPE:
    case ECONNRESET:
      return {.code = 0, .what = ended};
    default:
      return failed;
  }
}

}  // namespace

Result<Bus> Bus::start() {
  const sys::Fd program = TRY(program_in_memory());
  const sys::Fd null = TRY(sys::open_file("/dev/null", O_RDWR));
  sys::SocketPair ends = TRY(sys::stream_pair());
  sys::Pipe problem = TRY(sys::make_pipe());  // its other end is closed by execve
  sys::Cloned cloned = TRY(sys::vfork_process(
      {.flags = 0}, [&]() noexcept { become(program, ends.second, null, problem.write); }));
  problem.write.reset();
  int code = 0;
  const std::string written = TRY(sys::read_all(problem.read));
  if (written.size() == sizeof code) {
    std::memcpy(&code, written.data(), sizeof code);
    return fail_errno("run coracle-sd-bus", code);
  }
  return Bus(std::move(cloned.child), std::move(ends.first));
}

Result<Bus> Bus::connect(std::span<const dbus::Address> addresses, dbus::Deadline deadline) {
  Bus bus = TRY(start());
  Error last = {.code = 0, .what = "no address of systemd is known"};
  for (const dbus::Address& address : addresses) {
    const dbus::Reply connected =
        TRY(bus.exchange({.what = dbus::Connect{address}, .deadline = deadline}));
    bus.has_daemon_ = address.has_daemon;
    if (connected) return bus;
    last = Error(connected.error()).context(address.text);
  }
  return std::unexpected(std::move(last));
}

Result<dbus::Reply> Bus::exchange(const dbus::Request& request) const {
  const auto talk = [&]() -> Result<dbus::Reply> {
    TRY(set_deadline(socket_, request.deadline + longest_delay));
    TRY(dbus::send_message(socket_, dbus::encode(request)));
    const auto bytes = TRY(dbus::receive_message(socket_));
    if (!bytes) return fail_errno("", ECONNRESET);
    return dbus::decode_reply(*bytes);
  };
  auto reply = talk();
  if (reply) return reply;
  // An answer that comes after all would be taken for the next question's.
  ::shutdown(socket_.get(), SHUT_RDWR);
  return std::unexpected(gone(std::move(reply).error()));
}

dbus::Reply Bus::ask(const dbus::Request& request, std::size_t arguments) const {
  dbus::Reply reply = TRY(exchange(request));
  if (reply && reply->size() != arguments)
    return fail("coracle-sd-bus gave " + std::to_string(reply->size()) + " arguments in place of " +
                std::to_string(arguments));
  return reply;
}

dbus::Reply Bus::call(dbus::Call call, dbus::Deadline deadline) const {
  const std::size_t arguments = call.reply.size();
  return ask({.what = std::move(call), .deadline = deadline}, arguments);
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
  const std::size_t arguments = signal.types.size();
  return ask({.what = std::move(signal), .deadline = deadline}, arguments);
}

bool is_error(const Error& error, std::string_view name) {
  return error.what.find(std::string(name) + ":") != std::string::npos;
}

}  // namespace coracle::cgroup::systemd
