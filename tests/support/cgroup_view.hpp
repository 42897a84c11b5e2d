// Showing a program one arrangement of cgroups, in a mount namespace of its own.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace coracle::test {

// hybrid: controllers in v1 hierarchies, and the unified one beside them.
enum class CgroupView { machine, v1, v2, hybrid };

std::string name(CgroupView view);

// Why this machine cannot show `view`; nothing when it can.
std::optional<std::string> why_not(CgroupView view);

// Those of hybrid, v1 and v2 that this machine can show: v2 at least.
std::vector<CgroupView> possible_views();

// In a child process only: moves it into a new mount namespace where /sys/fs/cgroup shows `view`.
// False with errno when that failed.
bool enter(CgroupView view);

// Where each hierarchy is mounted on this machine.
std::vector<std::string> cgroup_mounts();

// Whether the unified hierarchy, as this machine has it, offers `controller`.
bool v2_has(const std::string& controller);

// "MAJOR:MINOR" of a disk of this machine, for limits; empty without one.
std::string some_disk();

}  // namespace coracle::test
