// What coracle asks of its sd-bus program, and what that answers: one request, one reply, in turns.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/dbus/value.hpp"
#include "runtime/sys/fd.hpp"

namespace coracle::dbus {

// Of CLOCK_MONOTONIC, so it means the same to both programs.
using Deadline = std::chrono::steady_clock::time_point;

struct Address {
  std::string text;        // "unix:path=/run/systemd/private"
  bool has_daemon = true;  // false: the peer itself listens there, no bus is in between
};

struct Method {
  std::string destination;
  std::string path;
  std::string interface;
  std::string name;
};

// To be the only connection, until another is made.
struct Connect {
  Address address;
};

// The reply's arguments are of the types in `reply` ("o", "s", "u", or a "v" with a text in it).
struct Call {
  Method method;
  std::vector<Value> arguments;
  std::string reply;
};

// The next signal of that name, with arguments of the types in `types`.  Those that come during
// calls are kept for it.
struct NextSignal {
  std::string interface;
  std::string name;
  std::string types;
};

struct Request {
  std::variant<Connect, Call, NextSignal> what;
  Deadline deadline;
};

// Arguments as texts; none for Connect.
using Reply = Result<std::vector<std::string>>;

// As bytes and back.  Refused: what ends too early, or goes on.  Pure.
std::string encode(const Request& request);
std::string encode(const Reply& reply);
Result<Request> decode_request(std::string_view bytes);
Reply decode_reply(std::string_view bytes);

// One message over a stream socket, its length before it.  An error, and no signal, when the peer
// has closed.
Result<void> send_message(const sys::Fd& socket, std::string_view bytes);
// Nothing when the peer has closed in between messages.
Result<std::optional<std::string>> receive_message(const sys::Fd& socket);

}  // namespace coracle::dbus
