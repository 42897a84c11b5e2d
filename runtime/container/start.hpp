// From created to running.  Private to container/: `start` and `run` use it.
#pragma once

#include "runtime/base/result.hpp"
#include "runtime/container/state_dir.hpp"
#include "runtime/sys/fd.hpp"

namespace coracle::container {

// Opens the gate, then finishes the start, with `dir` locked.  When a startContainer hook fails
// the container is stopped and deleted.  Spec: runtime.md#lifecycle, step 7
Result<void> start_container(StateDir& dir, const ContainerState& state);

// Init has executed its program: runs the poststart hooks.  When one fails the container is
// stopped and deleted.  Spec: runtime.md#lifecycle, steps 9 and 10
Result<void> finish_start(StateDir& dir, const ContainerState& state);

}  // namespace coracle::container
