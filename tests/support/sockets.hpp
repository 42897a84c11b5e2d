// Unix sockets at which the runtime delivers: descriptors (console and seccomp listener),
// readiness.
#pragma once

#include <string>

namespace coracle::test {

// One message: its bytes, and the descriptor that came with it (-1: none), which the caller closes.
struct Delivery {
  std::string text;
  int fd = -1;
};

// Receives datagrams at `path` or "@NAME" (abstract), as a service manager does, from construction
// on.
class DatagramSocket {
 public:
  explicit DatagramSocket(const std::string& path);
  DatagramSocket(const DatagramSocket&) = delete;
  DatagramSocket& operator=(const DatagramSocket&) = delete;
  ~DatagramSocket();

  // The next message; descriptors that come with it are closed.  The case fails when none comes
  // in 10 s.
  std::string receive() const;
  // What has come until now, without waiting.
  bool is_empty() const;

 private:
  int fd_;
};

// Listens at `path` from construction on.
class DeliverySocket {
 public:
  explicit DeliverySocket(const std::string& path);
  DeliverySocket(const DeliverySocket&) = delete;
  DeliverySocket& operator=(const DeliverySocket&) = delete;
  ~DeliverySocket();

  // Accepts one connection and reads one message; the case fails when none comes in 10 s.
  Delivery receive() const;

 private:
  int fd_;
};

// What can be read from the pty master `fd` until its other side is closed, or 10 s have passed.
std::string read_terminal(int fd);

}  // namespace coracle::test
