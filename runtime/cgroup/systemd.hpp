// systemd's manager: units made, changed, left by processes, and stopped.
// Source: org.freedesktop.systemd1(5)
#pragma once

#include <sys/types.h>

#include <span>
#include <string>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/cgroup/systemd_bus.hpp"
#include "runtime/cgroup/systemd_properties.hpp"
#include "runtime/cgroup/systemd_unit.hpp"

namespace coracle::cgroup::systemd {

// The variables that say where buses are; empty ones are not set.
struct Environment {
  std::string system_bus;   // $DBUS_SYSTEM_BUS_ADDRESS
  std::string session_bus;  // $DBUS_SESSION_BUS_ADDRESS
  std::string runtime_dir;  // $XDG_RUNTIME_DIR
};

// Where the manager listens itself, then the bus that it is on.  Pure.
std::vector<dbus::Address> addresses(Whose whose, const Environment& environment);

// "257.13-1", "v245" -> 257, 245; -1 for what is no version.  Pure.
int version_from(std::string_view text);

// A connection to one manager.  Calls wait at most 30 seconds, changes of
// units too: the error names what was waited for.
class Manager {
 public:
  // Refuses where systemd is not what manages this host.
  static Result<Manager> connect(Whose whose);

  int version() const { return version_; }
  // The manager's own cgroup: "/user.slice/user-1000.slice/user@1000.service";
  // PID 1's is "".
  const std::string& control_group() const { return control_group_; }

  // Makes and starts a transient unit.  One of that name that has failed before
  // is reset; one that is there is an error, but for a slice.
  Result<void> start(const Unit& unit, std::span<const Property> properties) const;
  // Changes a unit until the next boot.
  Result<void> change(const std::string& unit, std::span<const Property> properties) const;
  // Moves a process into the unit's cgroup, or one below it ("/sub"), where the caller may not.
  Result<void> attach(const std::string& unit, const std::string& sub_cgroup, pid_t pid) const;
  // Stops a unit and forgets that it failed; one that is gone is no error.
  Result<void> stop(const std::string& unit) const;

 private:
  explicit Manager(Bus bus) : bus_(std::move(bus)) {}
  dbus::Reply call(const char* method, std::vector<dbus::Value> arguments, const char* reply) const;
  Result<std::string> property(const char* name) const;
  Result<std::string> await_job(const std::string& job) const;
  Result<void> start_once(const Unit& unit, const dbus::Value& properties) const;
  Result<void> reset_failed(const std::string& unit) const;

  Bus bus_;
  int version_ = -1;
  std::string control_group_;
};

}  // namespace coracle::cgroup::systemd
