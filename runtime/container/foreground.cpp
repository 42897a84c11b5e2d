#include "runtime/container/foreground.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <string>
#include <tuple>

#include "runtime/container/log.hpp"
#include "runtime/sys/timings.hpp"

namespace coracle::container {
namespace {

sigset_t forwarded_set() {
  sigset_t set;
  ::sigfillset(&set);
  // Errors of our own, and what nobody can block.
  for (const int own :
       {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS, SIGPIPE, SIGKILL, SIGSTOP})
    ::sigdelset(&set, own);
  return set;
}

void copy_window_size(const sys::Fd& terminal) {
  winsize size = {};
  if (::ioctl(0, TIOCGWINSZ, &size) == 0 && size.ws_row != 0)
    ::ioctl(terminal.get(), TIOCSWINSZ, &size);
}

// Our own terminal in raw mode but for its output, where newlines still become
// line ends; dropped, as it was.
class RawTerminal {
 public:
  RawTerminal() {
    if (::tcgetattr(0, &former_) != 0) return;  // stdin is no terminal: nothing to do
    termios raw = former_;
    ::cfmakeraw(&raw);
    raw.c_oflag |= former_.c_oflag & OPOST;
    active_ = ::tcsetattr(0, TCSANOW, &raw) == 0;
  }
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;
  ~RawTerminal() {
    if (active_) ::tcsetattr(0, TCSANOW, &former_);
  }

 private:
  termios former_ = {};
  bool active_ = false;
};

// Never waits for whom it serves: a reader of our stdout or of the terminal that takes his time
// keeps neither signals nor the end from anybody.
class Follower {
 public:
  static Result<Follower> make(Followed followed, const ForwardedSignals& signals) {
    Follower follower(std::move(followed), signals);
    if (!follower.terminal_) return follower;
    follower.input_ = TRY(Outlet::to(follower.terminal_).context("terminal"));
    follower.output_ = Outlet::to_shared(1);
    return follower;
  }

  Result<Ended> run() {
    std::optional<RawTerminal> raw;
    if (terminal_) raw.emplace();
    while (true) {
      const short terminal_events = wanted_of_terminal();
      std::array<pollfd, 6> polled = {
          {{.fd = signals_.fd().get(), .events = POLLIN, .revents = 0},
           {.fd = init_.pidfd().get(), .events = POLLIN, .revents = 0},
           // Of one that is closed poll(2) tells unasked.
           {.fd = terminal_events == 0 ? -1 : terminal_.get(),
            .events = terminal_events,
            .revents = 0},
           {.fd = takes_input() ? 0 : -1, .events = POLLIN, .revents = 0},
           {.fd = output_.polled(), .events = POLLOUT, .revents = 0},
           {.fd = readiness_ ? readiness_->socket().get() : -1, .events = POLLIN, .revents = 0}}};
      if (::poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR)
        return fail_errno("wait for init: poll");
      if (polled[0].revents != 0) forward_signals();
      if (polled[2].revents != 0) serve_terminal(terminal_events);
      if (polled[3].revents != 0) copy_input();
      if (polled[4].revents != 0) output_.write_some();
      if (polled[5].revents != 0) pass_on_readiness();
      if (polled[1].revents != 0) return end();
    }
  }

 private:
  Follower(Followed followed, const ForwardedSignals& signals)
      : init_(std::move(followed.init)),
        terminal_(std::move(followed.terminal)),
        readiness_(std::move(followed.readiness)),
        signals_(signals) {}

  // What was read has to go before more is.
  short wanted_of_terminal() const {
    if (!terminal_) return 0;
    return static_cast<short>((output_.is_empty() ? POLLIN : 0) |
                              (input_.is_empty() ? 0 : POLLOUT));
  }
  bool takes_input() const { return terminal_ && input_open_ && input_.is_empty(); }

  void serve_terminal(short events) {
    if ((events & POLLOUT) != 0) input_.write_some();
    if ((events & POLLIN) != 0) copy_output();
  }

  void forward_signals() {
    signalfd_siginfo info = {};
    while (::read(signals_.fd().get(), &info, sizeof info) == sizeof info) {
      const int number = static_cast<int>(info.ssi_signo);
      if (number == SIGCHLD) {
        reap_orphans();
      } else if (number == SIGWINCH) {
        // About our terminal, of which one without a terminal knows nothing: some take it for a
        // request to end.
        if (terminal_) copy_window_size(terminal_);
      } else {
        // ESRCH: it has just ended, and that is told by its pidfd.
        std::ignore = sys::pidfd_send_signal(init_.pidfd(), number);
      }
    }
  }

  // As subreaper we get those of a container without a PID namespace.  Init
  // itself is left for its own wait.
  void reap_orphans() const {
    siginfo_t info = {};
    while (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0) {
      if (info.si_pid == init_.pid()) return;
      ::waitid(P_PID, static_cast<id_t>(info.si_pid), &info, WEXITED | WNOHANG);
      info = {};
    }
  }

  // While we live the service manager knows whom it hears: nothing to wait for.
  void pass_on_readiness() {
    auto done = readiness_->pass_on(::getpid());
    if (!done) log::warn("NOTIFY_SOCKET: " + done.error().text());
    if (!done || *done) readiness_.reset();
  }

  // False when there is no more.
  bool copy_output() {
    std::array<char, 16384> bytes;
    const ssize_t got = ::read(terminal_.get(), bytes.data(), bytes.size());
    // EIO: nobody holds the other side any more.
    if (got <= 0) {
      if (got == 0 || (errno != EINTR && errno != EAGAIN)) terminal_.reset();
      return false;
    }
    output_.take({bytes.data(), static_cast<std::size_t>(got)});
    return true;
  }

  void copy_input() {
    std::array<char, 4096> bytes;
    const ssize_t got = ::read(0, bytes.data(), bytes.size());
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
    input_open_ = got > 0;
    // The pty's way to say that there is no more input.
    constexpr std::string_view end_of_file = "\4";
    input_.take(input_open_ ? std::string_view(bytes.data(), static_cast<std::size_t>(got))
                            : end_of_file);
  }

  // What it wrote last is still in the pty, and in the socket.
  Result<Ended> end() {
    constexpr std::size_t most = 1 << 20;  // others may write on
    if (readiness_) pass_on_readiness();
    while (terminal_ && output_.size() < most) {
      pollfd polled = {.fd = terminal_.get(), .events = POLLIN, .revents = 0};
      if (::poll(&polled, 1, 0) <= 0 || !copy_output()) break;
    }
    return Ended{.exit = TRY(init_.wait()), .unwritten = std::move(output_)};
  }

  sys::Child init_;
  sys::Fd terminal_;
  std::optional<Readiness> readiness_;
  const ForwardedSignals& signals_;
  Outlet input_;
  Outlet output_;
  bool input_open_ = true;
};

// One that is sent to end us.
bool has_ending_signal(const ForwardedSignals& signals) {
  signalfd_siginfo info = {};
  while (::read(signals.fd().get(), &info, sizeof info) == sizeof info) {
    for (const int ending : {SIGHUP, SIGINT, SIGQUIT, SIGTERM})
      if (static_cast<int>(info.ssi_signo) == ending) return true;
  }
  return false;
}

}  // namespace

Result<ForwardedSignals> ForwardedSignals::block() {
  const sigset_t set = forwarded_set();
  if (::sigprocmask(SIG_BLOCK, &set, nullptr) != 0) return fail_errno("block signals");
  sys::Fd fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd) return fail_errno("take signals: signalfd");
  // Hooks and readers of the terminal may be gone: that is an error of write(2)
  // alone.  Blocked instead, it would be pending and kill us in the end.
  if (::signal(SIGPIPE, SIG_IGN) == SIG_ERR) return fail_errno("ignore SIGPIPE");
  return ForwardedSignals(std::move(fd));
}

ForwardedSignals::~ForwardedSignals() {
  if (!fd_) return;
  const sigset_t set = forwarded_set();
  ::sigprocmask(SIG_UNBLOCK, &set, nullptr);
}

void prepare_terminal(const sys::Fd& terminal) {
  termios settings = {};
  if (::tcgetattr(terminal.get(), &settings) == 0) {
    settings.c_oflag &= ~static_cast<tcflag_t>(ONLCR);
    ::tcsetattr(terminal.get(), TCSANOW, &settings);
  }
  copy_window_size(terminal);
}

Result<Ended> follow(Followed followed, const ForwardedSignals& signals) {
  const sys::timings::Phase phase("program");
  Follower follower = TRY(Follower::make(std::move(followed), signals));
  return follower.run();
}

void write_rest(Outlet unwritten, const ForwardedSignals& signals) {
  while (!unwritten.is_empty()) {
    std::array<pollfd, 2> polled = {{{.fd = signals.fd().get(), .events = POLLIN, .revents = 0},
                                     {.fd = unwritten.polled(), .events = POLLOUT, .revents = 0}}};
    if (::poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR) return;
    if (polled[0].revents != 0 && has_ending_signal(signals)) return;
    if (polled[1].revents != 0) unwritten.write_some();
  }
}

}  // namespace coracle::container
