// Method calls over D-Bus, made by a program of our own that can load libsystemd.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/dbus/messages.hpp"
#include "runtime/sys/fd.hpp"
#include "runtime/sys/process.hpp"

namespace coracle::cgroup::systemd {

// One connection, and coracle-sd-bus, which lives as long.  Everything that
// waits has a deadline: an error of ETIMEDOUT then.
class Bus {
 public:
  // To the first of `addresses` that answers; the error is the last one's.
  static Result<Bus> connect(std::span<const dbus::Address> addresses, dbus::Deadline deadline);

  // The reply's arguments.  The error has the D-Bus error's name in it.
  dbus::Reply call(dbus::Call call, dbus::Deadline deadline) const;
  // Asks the daemon for a signal; nothing to do where there is none.
  Result<void> subscribe(std::string rule, dbus::Deadline deadline) const;
  // The signal's arguments.
  dbus::Reply next_signal(dbus::NextSignal signal, dbus::Deadline deadline) const;

  bool has_daemon() const { return has_daemon_; }

 private:
  Bus(sys::Child program, sys::Fd socket)
      : program_(std::move(program)), socket_(std::move(socket)) {}
  static Result<Bus> start();
  // The error is that the program does not answer: nothing can be asked after that.
  Result<dbus::Reply> exchange(const dbus::Request& request) const;
  dbus::Reply ask(const dbus::Request& request, std::size_t arguments) const;

  sys::Child program_;
  sys::Fd socket_;
  bool has_daemon_ = true;
};

// Whether it is the D-Bus error of that name: "org.freedesktop.systemd1.NoSuchUnit".
bool is_error(const Error& error, std::string_view name);

}  // namespace coracle::cgroup::systemd
