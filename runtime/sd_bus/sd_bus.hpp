// Method calls over D-Bus, by the sd-bus of libsystemd, which is opened only here and now.
// Source: sd-bus(3), sd_bus_call(3), sd_bus_process(3)
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/dbus/messages.hpp"

namespace coracle::bus_program {

// One connection, with libsystemd.so.0 loaded as long as it lives.  Everything
// that waits has a deadline: an error of ETIMEDOUT then.
class Bus {
 public:
  // An error too where the library is not there, or lacks a function.
  static Result<Bus> connect(const dbus::Address& address, dbus::Deadline deadline);
  Bus(Bus&&) noexcept;
  Bus& operator=(Bus&&) noexcept;
  ~Bus();

  // The error has the D-Bus error's name in it.
  dbus::Reply call(const dbus::Call& call, dbus::Deadline deadline) const;
  dbus::Reply next_signal(const dbus::NextSignal& signal, dbus::Deadline deadline) const;

 private:
  struct Connection;
  explicit Bus(std::unique_ptr<Connection> connection);

  std::unique_ptr<Connection> connection_;
};

}  // namespace coracle::bus_program
