// The systemd unit that stands for a container, and the cgroups that systemd makes for it.
// Source: systemd.slice(5), systemd.scope(5); runc, docs/systemd.md
#pragma once

#include <string>
#include <string_view>

#include "runtime/base/result.hpp"
#include "runtime/cgroup/cgroup.hpp"

namespace coracle::cgroup::systemd {

// Which of a host's managers: PID 1, or the one of a user's sessions.
enum class Whose { system, user };

struct Unit {
  std::string slice;  // "machine.slice", as in Slice=
  std::string name;   // "docker-4f2.scope"; or a slice, which the caller names whole

  bool is_slice() const { return name.ends_with(".slice"); }
  bool operator==(const Unit&) const = default;
};

// `cgroups_path` is "slice:prefix:name".  Without a slice it is system.slice,
// for a user's manager user.slice; empty as a whole it is ":runc:ID".  The unit is
// "prefix-name.scope", or `name` alone where that is a slice.  Refuses names
// that no unit can have.  Pure.
Result<Unit> unit_of(std::string_view cgroups_path, std::string_view id, Whose whose);

// "a-b.slice" -> "/a.slice/a-b.slice", "-.slice" -> "".  Pure.
Result<std::string> expand_slice(std::string_view slice);

// Where systemd puts `unit` in each hierarchy of `host`; `manager` is the cgroup of
// the manager itself, "" for PID 1's.  Pure.
Result<Paths> unit_paths(const Host& host, const Unit& unit, std::string_view manager);

}  // namespace coracle::cgroup::systemd
