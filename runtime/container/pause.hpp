// `pause` and `resume`: all processes of a container stopped by the freezer.
#pragma once

#include <string>

#include "runtime/base/result.hpp"

namespace coracle::container {

// "container not running" unless it is created or running.  Waits at most ten
// seconds for the last process; then the container runs on, and it is an error.
Result<void> pause(const std::string& root, const std::string& id);

// "container not paused" unless it is.
Result<void> resume(const std::string& root, const std::string& id);

}  // namespace coracle::container
