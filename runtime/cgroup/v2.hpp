// One container's directory in the unified hierarchy.
// Source: Documentation/admin-guide/cgroup-v2.rst
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/cgroup/tree.hpp"
#include "runtime/sys/files.hpp"

namespace coracle::cgroup::v2 {

// Makes `dir` with the directories above it; below a threaded cgroup they
// become threaded.
Result<void> make(NewDirectories& made, const std::string& mount_point, const std::string& dir);

// Has each directory above `dir` give every controller it can to the next.
// What cannot be given is no error here: require() tells.
void enable_controllers(const std::string& mount_point, const std::string& dir);

// What cgroup.controllers of `dir` lists.
Result<std::vector<std::string>> controllers(const std::string& dir);

// Enables `controller` down to `dir` where it is not; the error names the directory in which
// it is missing, and why its parent does not give it.
Result<void> require(const std::string& mount_point, const std::string& dir,
                     const std::string& controller);

// Waits for cgroup.events to say so, until `limit`; then thaws, and an error.
Result<void> freeze(const std::string& dir, std::chrono::milliseconds limit);
Result<void> thaw(const std::string& dir);
// Asked to freeze itself; `effectively`: or frozen with a cgroup above it.
bool frozen(const std::string& dir, const sys::Stem& stem = {});
bool effectively_frozen(const std::string& dir);

// cgroup.kill; false where there is none (kernels before 5.14).
bool kill(const std::string& dir);

// Spec: config-linux.md#cgroup-ownership
Result<void> delegate(const std::string& dir, uid_t uid);

}  // namespace coracle::cgroup::v2
