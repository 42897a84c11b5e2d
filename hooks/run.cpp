// Starts each hook, feeds it the state, watches the clock, names its end.
#include "hooks/run.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <climits>
#include <optional>
#include <string>
#include <tuple>

#include "runtime/base/strings.hpp"
#include "runtime/sys/fd.hpp"
#include "runtime/sys/process.hpp"
#include "runtime/sys/signals.hpp"
#include "runtime/sys/timings.hpp"

namespace coracle::hooks {
namespace {

using Clock = std::chrono::steady_clock;
using Deadline = std::optional<Clock::time_point>;

// How much of a hook's output an error quotes.
constexpr std::size_t tail_bytes = 2048;
// At most this much is read after the hook has ended: a grandchild that keeps
// writing must not keep us.
constexpr int last_reads = 64;

struct Pipe {
  sys::Fd read;
  sys::Fd write;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno("pipe2");
  return Pipe{.read = sys::Fd(ends[0]), .write = sys::Fd(ends[1])};
}

Result<void> make_nonblocking(const sys::Fd& fd) {
  const int flags = ::fcntl(fd.get(), F_GETFL);
  if (flags < 0 || ::fcntl(fd.get(), F_SETFL, flags | O_NONBLOCK) != 0)
    return fail_errno("make a hook's pipe non-blocking");
  return {};
}

// Ignores SIGPIPE: a hook need not read its stdin.
class SigpipeIgnored {
 public:
  SigpipeIgnored() {
    struct sigaction ignore = {};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(SIGPIPE, &ignore, &former_);
  }
  SigpipeIgnored(const SigpipeIgnored&) = delete;
  SigpipeIgnored& operator=(const SigpipeIgnored&) = delete;
  ~SigpipeIgnored() { ::sigaction(SIGPIPE, &former_, nullptr); }

 private:
  struct sigaction former_ = {};
};

// The last bytes of one of the hook's streams.
class Tail {
 public:
  explicit Tail(sys::Fd source) : source_(std::move(source)) {}

  int number() const { return source_.get(); }

  // Takes one piece; false when there is none at the moment, or ever again.
  bool read_some() {
    std::array<char, 4096> piece;
    const ssize_t got = ::read(source_.get(), piece.data(), piece.size());
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    if (got <= 0) {
      source_.reset();
      return false;
    }
    text_.append(piece.data(), static_cast<std::size_t>(got));
    if (text_.size() > tail_bytes) text_.erase(0, text_.size() - tail_bytes);
    return true;
  }

  void read_rest() {
    for (int i = 0; i < last_reads && read_some(); ++i) continue;
  }

  std::string_view text() const { return trim(text_); }

 private:
  sys::Fd source_;
  std::string text_;
};

// The state on its way into the hook's stdin.
class Feed {
 public:
  Feed(sys::Fd sink, std::string_view text) : sink_(std::move(sink)), rest_(text) {}

  int number() const { return sink_.get(); }

  void write_some() {
    const ssize_t written = ::write(sink_.get(), rest_.data(), rest_.size());
    if (written < 0 && (errno == EAGAIN || errno == EINTR)) return;
    // EPIPE: the hook does not want it, which is its right.
    rest_.remove_prefix(written < 0 ? rest_.size() : static_cast<std::size_t>(written));
    if (rest_.empty()) sink_.reset();
  }

 private:
  sys::Fd sink_;
  std::string_view rest_;
};

// All that the new process needs, made before it exists.
struct Start {
  const char* path;
  std::vector<char*> argv;
  std::vector<char*> env;
  Pipe input, output, errors;
  Pipe failure;  // execve's errno, or end of file when it succeeds
  const Output& files;
  const char* directory;  // null: where we are
};

int output_of(const sys::Fd& file, const Pipe& pipe) {
  return file ? file.get() : pipe.write.get();
}

void become_hook(const Start& start) noexcept {
  const bool connected = ::dup2(start.input.read.get(), 0) == 0 &&
                         ::dup2(output_of(start.files.out, start.output), 1) == 1 &&
                         ::dup2(output_of(start.files.errors, start.errors), 2) == 2;
  // A bundle may be gone, or closed to us, when the container is deleted.
  if (start.directory != nullptr) std::ignore = ::chdir(start.directory);
  if (connected && sys::close_on_exec_from(3) && sys::reset_signals())
    ::execve(start.path, start.argv.data(), start.env.data());
  const int code = errno;
  // Should this fail too, the exit status still tells.
  std::ignore = ::write(start.failure.write.get(), &code, sizeof code);
  ::_exit(127);
}

// What every hook of a list gets.
struct Given {
  std::string_view state;
  const Output& output;
  const char* directory = nullptr;  // null: where we are
};

Result<Start> prepare(const oci::Hook& hook, const Given& given) {
  Start start = {.path = hook.path.c_str(),
                 .argv = sys::c_array(hook.args),
                 .env = sys::c_array(hook.env),
                 .input = TRY(make_pipe()),
                 .output = TRY(make_pipe()),
                 .errors = TRY(make_pipe()),
                 .failure = TRY(make_pipe()),
                 .files = given.output,
                 .directory = given.directory};
  if (hook.args.empty()) start.argv = {const_cast<char*>(start.path), nullptr};
  TRY(make_nonblocking(start.input.write));
  TRY(make_nonblocking(start.output.read));
  TRY(make_nonblocking(start.errors.read));
  return start;
}

Result<void> await_execve(const sys::Fd& failure) {
  int code = 0;
  ssize_t got = 0;
  do got = ::read(failure.get(), &code, sizeof code);
  while (got < 0 && errno == EINTR);
  if (got < 0) return fail_errno("read from the new hook");
  if (got == sizeof code) return fail_errno("execve", code);
  return {};
}

int milliseconds_until(const Deadline& deadline) {
  if (!deadline) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - Clock::now()).count();
  return static_cast<int>(std::clamp<decltype(left)>(left, 0, INT_MAX));
}

struct Streams {
  Feed input;
  Tail output;
  Tail errors;
};

// Serves the streams until the hook has ended; false when `deadline` came first.
Result<bool> attend(const sys::PidFd& hook, Streams& streams, const Deadline& deadline) {
  while (true) {
    // poll(2) skips negative descriptors: the streams that are done.
    std::array<pollfd, 4> watched = {{{hook.get(), POLLIN, 0},
                                      {streams.input.number(), POLLOUT, 0},
                                      {streams.output.number(), POLLIN, 0},
                                      {streams.errors.number(), POLLIN, 0}}};
    const int ready = ::poll(watched.data(), watched.size(), milliseconds_until(deadline));
    if (ready < 0 && errno != EINTR) return fail_errno("poll");
    if (ready <= 0) {
      if (deadline && Clock::now() >= *deadline) return false;
      continue;
    }
    if (watched[1].revents != 0) streams.input.write_some();
    if (watched[2].revents != 0) streams.output.read_some();
    if (watched[3].revents != 0) streams.errors.read_some();
    if (watched[0].revents != 0) return true;
    // A hook that never stops talking must not starve the clock.
    if (deadline && Clock::now() >= *deadline) return false;
  }
}

std::string describe(const sys::Exit& exit) {
  if (exit.signaled) return "killed by " + sys::signal_name(exit.status);
  return "exit status " + std::to_string(exit.status);
}

Result<void> run_one(const oci::Hook& hook, const Given& given) {
  Deadline deadline;
  // A century is no different from no limit, and cannot overflow the clock.
  constexpr std::int64_t longest_s = 100LL * 365 * 24 * 3600;
  if (hook.timeout_s)
    deadline = Clock::now() + std::chrono::seconds(std::min(*hook.timeout_s, longest_s));

  Start start = TRY(prepare(hook, given));
  sys::Cloned cloned = TRY(sys::clone_process({}, [&]() noexcept { become_hook(start); }));
  // Our copies of its ends: otherwise end of file would never come.
  start.input.read.reset();
  start.output.write.reset();
  start.errors.write.reset();
  start.failure.write.reset();
  TRY(await_execve(start.failure.read));

  Streams streams = {.input = Feed(std::move(start.input.write), given.state),
                     .output = Tail(std::move(start.output.read)),
                     .errors = Tail(std::move(start.errors.read))};
  const bool ended = TRY(attend(cloned.child.pidfd(), streams, deadline));
  std::string outcome;
  if (ended) {
    const sys::Exit exit = TRY(cloned.child.wait());
    if (exit.code() == 0) return {};
    outcome = describe(exit);
  } else {
    outcome = "hook ran past specified timeout of " + std::to_string(*hook.timeout_s) + "s";
  }
  streams.output.read_rest();
  streams.errors.read_rest();
  return fail(outcome + ", stdout: " + std::string(streams.output.text()) +
              ", stderr: " + std::string(streams.errors.text()));
}

// Runs hook number `i`; its failure names list and number.
Result<void> run_numbered(std::string_view name, const std::vector<oci::Hook>& hooks, std::size_t i,
                          const Given& given) {
  const sys::timings::Phase phase(name, hooks[i].path);
  auto ran = run_one(hooks[i], given).context(hooks[i].path);
  if (ran) return {};
  return std::move(ran).context("error running " + std::string(name) + " hook #" +
                                std::to_string(i));
}

Result<void> run_list(std::string_view name, const std::vector<oci::Hook>& hooks,
                      const Given& given) {
  const SigpipeIgnored sigpipe_ignored;
  for (std::size_t i = 0; i < hooks.size(); ++i) TRY(run_numbered(name, hooks, i, given));
  return {};
}

Result<sys::Fd> open_annotated(const oci::State& state, const std::string& name) {
  const auto found = state.annotations.find(name);
  if (found == state.annotations.end() || found->second.empty()) return sys::Fd();
  const std::string& given = found->second;
  const std::string path = given.starts_with('/') ? given : state.bundle + "/" + given;
  sys::Fd file(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600));
  if (!file) return fail_errno(name + ": open " + path);
  return file;
}

}  // namespace

Result<Output> open_output(const oci::State& state) {
  return Output{.out = TRY(open_annotated(state, "run.oci.hooks.stdout")),
                .errors = TRY(open_annotated(state, "run.oci.hooks.stderr"))};
}

Result<void> run(std::string_view name, const std::vector<oci::Hook>& hooks,
                 const oci::State& state) {
  if (hooks.empty()) return {};
  const Output output = TRY(open_output(state));
  const std::string text = oci::write_state(state);
  return run_list(name, hooks,
                  {.state = text, .output = output, .directory = state.bundle.c_str()});
}

Result<void> run(std::string_view name, const std::vector<oci::Hook>& hooks,
                 const oci::State& state, const Output& output) {
  if (hooks.empty()) return {};
  const std::string text = oci::write_state(state);
  return run_list(name, hooks, {.state = text, .output = output});
}

std::vector<Error> run_all(std::string_view name, const std::vector<oci::Hook>& hooks,
                           const oci::State& state) {
  if (hooks.empty()) return {};
  const std::string text = oci::write_state(state);
  const SigpipeIgnored sigpipe_ignored;
  std::vector<Error> failures;
  auto opened = open_output(state);
  if (!opened) failures.push_back(opened.error());
  const Output output = opened ? *std::move(opened) : Output{};
  const Given given = {.state = text, .output = output, .directory = state.bundle.c_str()};
  for (std::size_t i = 0; i < hooks.size(); ++i) {
    auto ran = run_numbered(name, hooks, i, given);
    if (!ran) failures.push_back(std::move(ran).error());
  }
  return failures;
}

}  // namespace coracle::hooks
