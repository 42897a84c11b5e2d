// Method calls over D-Bus, by the sd-bus of libsystemd, which is opened only here and now.
// Source: sd-bus(3), sd_bus_call(3), sd_bus_process(3)
#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/cgroup/dbus_value.hpp"

namespace coracle::cgroup::dbus {

using Deadline = std::chrono::steady_clock::time_point;

struct Address {
  std::string text;        // "unix:path=/run/systemd/private"
  bool has_daemon = true;  // false: the peer itself listens there, no bus is in between
};

struct Method {
  const char* destination;
  const char* path;
  const char* interface;
  const char* name;
};

// One connection, with libsystemd.so.0 loaded as long as it lives.  Everything
// that waits has a deadline: an error of ETIMEDOUT then.
class Bus {
 public:
  // The first of `addresses` that answers; the error is the last one's.  An
  // error too where the library is not there, or lacks a function.
  static Result<Bus> connect(std::span<const Address> addresses, Deadline deadline);
  Bus(Bus&&) noexcept;
  Bus& operator=(Bus&&) noexcept;
  ~Bus();

  // The reply's arguments, those of the types in `reply` ("o", "s", "u", or a
  // "v" with a text in it) as texts.  The error has the D-Bus error's name in it.
  Result<std::vector<std::string>> call(const Method& method, std::span<const Value> arguments,
                                        const char* reply, Deadline deadline) const;

  // Asks the daemon for a signal; nothing to do where there is none.
  Result<void> subscribe(const char* rule, Deadline deadline) const;

  // The arguments of the next signal of that name.  Those that come during calls are kept for it.
  Result<std::vector<std::string>> next_signal(const char* interface, const char* name,
                                               const char* types, Deadline deadline) const;

  bool has_daemon() const;

 private:
  struct Connection;
  explicit Bus(std::unique_ptr<Connection> connection);
  static Result<std::unique_ptr<Connection>> open(const Address& address, Deadline deadline);

  std::unique_ptr<Connection> connection_;
};

// Whether it is the D-Bus error of that name: "org.freedesktop.systemd1.NoSuchUnit".
bool is_error(const Error& error, std::string_view name);

}  // namespace coracle::cgroup::dbus
