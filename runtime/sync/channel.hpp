// Typed ends over one SOCK_SEQPACKET pair, one packet a message.
#pragma once

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/sync/messages.hpp"
#include "runtime/sys/fd.hpp"

namespace coracle::sync {

// The host's end.  Warnings that init sends meanwhile are kept for warnings().
class HostEnd {
 public:
  explicit HostEnd(sys::Fd socket) : socket_(std::move(socket)) {}

  // An init that has ended is an error: the one that it sent before, if it did.
  Result<void> send(const HostMessage& message);

  // The next message that is no LogLine.  Failed comes back as its error with
  // context "init"; a closed channel is an error too.
  Result<InitMessage> receive();

  // What init has failed with by now, if it did: then `error` may be but a consequence.
  Error cause(Error error);

  // Warnings of init so far, taken.
  std::vector<std::string> take_warnings() { return std::exchange(warnings_, {}); }

 private:
  sys::Fd socket_;
  std::vector<std::string> warnings_;
};

// Init's end.  Messages without descriptors are plain write(2) and read(2), so
// that a seccomp filter may be on already.
class InitEnd {
 public:
  explicit InitEnd(sys::Fd socket) : socket_(std::move(socket)) {}

  Result<void> send(const InitMessage& message) const;
  // Waits for a message of type T.
  template <class T>
  Result<T> expect() {
    // read(2) would drop the descriptor that MountReady carries.
    HostMessage message = TRY((std::is_same_v<T, MountReady> ? receive_with_fd() : receive()));
    if (T* wanted = std::get_if<T>(&message)) return std::move(*wanted);
    return fail("the host sent an unexpected message");
  }
  InitEnd in_own_table() const { return InitEnd(sys::in_own_table(socket_)); }
  void close() { socket_.reset(); }
  const sys::Fd& socket() const { return socket_; }

 private:
  Result<HostMessage> receive();
  Result<HostMessage> receive_with_fd();

  sys::Fd socket_;
};

struct Channel {
  HostEnd host;
  InitEnd init;
};
Result<Channel> make_channel();

}  // namespace coracle::sync
