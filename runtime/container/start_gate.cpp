#include "runtime/container/start_gate.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "runtime/base/strings.hpp"
#include "runtime/container/processes.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/proc_stat.hpp"
#include "runtime/sys/timings.hpp"

namespace coracle::container {
namespace {

constexpr const char* wait_fifo = "start";
constexpr const char* result_fifo = "started";

Result<sys::Fd> make_fifo(const sys::Fd& dir, const char* name) {
  if (::mkfifoat(dir.get(), name, 0600) != 0)
    return fail_errno("mkfifo " + std::string(name) + " of the start gate");
  // For both directions: opening one end alone would wait for the other.
  return sys::open_at(dir, name, O_RDWR).context("start gate");
}

// Reads until init executes (which closes its end), fails (which it writes
// down first), or ends.
Result<std::string> read_result(const sys::Fd& result, const sys::PidFd& pidfd) {
  std::string text;
  while (true) {
    std::array<pollfd, 2> polled = {{{.fd = result.get(), .events = POLLIN, .revents = 0},
                                     {.fd = pidfd.get(), .events = POLLIN, .revents = 0}}};
    if (::poll(polled.data(), polled.size(), -1) < 0) {
      if (errno == EINTR) continue;
      return fail_errno("poll");
    }
    char bytes[4096];
    const ssize_t got = ::read(result.get(), bytes, sizeof bytes);
    if (got == 0) return text;
    if (got > 0) {
      text.append(bytes, static_cast<std::size_t>(got));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return fail_errno("read the gate");
    // Nothing to read, and yet woken: init has ended.
    if (polled[1].revents != 0) return text;
  }
}

}  // namespace

Error error_from_gate(std::string_view text) {
  const std::size_t line = text.find('\n');
  if (line == std::string_view::npos) return Error{.what = "init: " + std::string(text)};
  return Error{.code = parse_number<int>(text.substr(0, line)).value_or(0),
               .what = std::string(text.substr(line + 1))};
}

Result<PipeGate> make_pipe_gate() {
  std::array<int, 2> ends = {-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) return fail_errno("pipe");
  return PipeGate{.init = {.wait = sys::Fd(), .result = sys::Fd(ends[1])},
                  .result = sys::Fd(ends[0])};
}

Result<void> await_execution(const sys::Fd& result, const ContainerState& state,
                             const sys::PidFd& pidfd) {
  const sys::timings::Phase phase("await execve");
  const std::string text = TRY(read_result(result, pidfd));
  if (!text.empty()) return std::unexpected(error_from_gate(text));
  // A process that has been reaped already must have run to be gone by itself
  // so soon; one that is there tells whether it has executed.
  const auto facts = sys::process_facts(state.pid);
  if (!facts || facts->start_time != state.start_time || !facts->has_not_executed()) return {};
  if (was_oom_killed(state.cgroup_paths))
    return fail("container init was OOM-killed (memory limit too low?)");
  return fail("container init ended before it executed the program");
}

Result<init::Gate> make_start_gate(const StateDir& dir) {
  sys::Fd wait = TRY(make_fifo(dir.fd(), wait_fifo));
  sys::Fd result = TRY(make_fifo(dir.fd(), result_fifo));
  return init::Gate{.wait = std::move(wait), .result = std::move(result)};
}

Result<void> open_start_gate(const StateDir& dir, const ContainerState& state,
                             const sys::PidFd& pidfd) {
  const sys::Fd result =
      TRY(sys::open_at(dir.fd(), result_fifo, O_RDONLY | O_NONBLOCK).context("start gate"));
  auto gate = sys::open_at(dir.fd(), wait_fifo, O_WRONLY | O_NONBLOCK);
  // Nobody has it open for reading.
  if (!gate && gate.error().code == ENXIO) return fail("container init has ended");
  const sys::Fd open_gate = TRY(std::move(gate).context("start gate"));
  TRY(sys::write_all(open_gate, "1").context("start gate"));
  TRY(await_execution(result, state, pidfd));
  ::unlinkat(dir.fd().get(), wait_fifo, 0);
  ::unlinkat(dir.fd().get(), result_fifo, 0);
  return {};
}

}  // namespace coracle::container
