// Our own binary is not writable from inside a container.
#pragma once

#include "runtime/base/result.hpp"

namespace coracle::container {

// /proc/PID/exe of every process that enters the container's namespaces must
// be something that the container cannot change (CVE-2019-5736): executes this
// program again, once, from a read-only detached mount of itself, or where
// that is not allowed from a sealed copy.  Returns only when the running image
// is such a thing, or on error.
Result<void> run_from_protected_binary();

}  // namespace coracle::container
