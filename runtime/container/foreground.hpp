// Waiting for a container in the foreground: its terminal, its signals, its
// end.  Private to container/.
#pragma once

#include <optional>

#include "runtime/base/result.hpp"
#include "runtime/container/outlet.hpp"
#include "runtime/container/readiness.hpp"
#include "runtime/sys/fd.hpp"
#include "runtime/sys/process.hpp"

namespace coracle::container {

// Blocks the signals that are forwarded, so that none is lost before follow().
// Dropped, the former mask is back.
class ForwardedSignals {
 public:
  static Result<ForwardedSignals> block();
  ForwardedSignals(ForwardedSignals&&) = default;
  ForwardedSignals& operator=(ForwardedSignals&&) = delete;
  ~ForwardedSignals();

  const sys::Fd& fd() const { return fd_; }  // signalfd(2)

 private:
  explicit ForwardedSignals(sys::Fd fd) : fd_(std::move(fd)) {}
  sys::Fd fd_;
};

// Before a program writes to `terminal` (a pty's master) that follow() will
// copy: gives it the size of ours, if ours is a terminal, and leaves it to ours
// to put a carriage return before a newline.
void prepare_terminal(const sys::Fd& terminal);

struct Followed {
  sys::Child init;
  sys::Fd terminal;                         // a pty's master; none if empty
  std::optional<Readiness> readiness = {};  // with us as the main process
};

struct Ended {
  sys::Exit exit;
  Outlet unwritten;  // what our stdout has not taken yet
};

// Copies between our stdio and the terminal, forwards window sizes, and signals but SIGWINCH,
// passes on readiness, reaps orphans, until init has ended.  Nobody's reading or writing is waited
// for.
Result<Ended> follow(Followed followed, const ForwardedSignals& signals);

// Once nothing is left to be cleared up: waits until our stdout has taken the rest, or a signal
// asks us to end.
void write_rest(Outlet unwritten, const ForwardedSignals& signals);

}  // namespace coracle::container
