// One container's directory in a cgroup v1 hierarchy.
// Source: Documentation/admin-guide/cgroup-v1
#pragma once

#include <chrono>
#include <string>

#include "runtime/base/result.hpp"
#include "runtime/cgroup/cgroup.hpp"
#include "runtime/cgroup/tree.hpp"
#include "runtime/sys/files.hpp"

namespace coracle::cgroup::v1 {

// Makes `dir` with the directories above it.  In a cpuset hierarchy each one
// on the way takes cpus and mems from its parent where it has none.
Result<void> make(NewDirectories& made, const Hierarchy& hierarchy, const std::string& dir);

// Fills what is still empty of cpuset.cpus and cpuset.mems from the parent, and
// there from its own.
Result<void> inherit_cpuset(const std::string& dir);

// Processes that appear meanwhile can keep v1 from freezing: retried until
// `limit`, then thawed, and an error.
Result<void> freeze(const std::string& dir, std::chrono::milliseconds limit);
Result<void> thaw(const std::string& dir);

// Asked to freeze itself; `effectively`: or frozen with a cgroup above it.
bool frozen(const std::string& dir, const sys::Stem& stem = {});
bool effectively_frozen(const std::string& dir);

}  // namespace coracle::cgroup::v1
