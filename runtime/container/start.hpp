// What `start` and `run` do once a program is executed.  Private to container/.
#pragma once

#include "runtime/base/result.hpp"
#include "runtime/container/state_dir.hpp"

namespace coracle::container {

// Init has executed its program: runs the poststart hooks.  When one fails the container is
// stopped and deleted.  Spec: runtime.md#lifecycle, steps 9 and 10
Result<void> finish_start(StateDir& dir, const ContainerState& state);

}  // namespace coracle::container
