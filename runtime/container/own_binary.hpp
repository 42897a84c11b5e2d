// Our own binary is not writable from inside a container.
#pragma once

#include "runtime/base/result.hpp"
#include "runtime/sys/fd.hpp"

namespace coracle::container {

// /proc/PID/exe of every process that enters the container's namespaces must be something that the
// container cannot change (CVE-2019-5736): a read-only detached mount of this program, or where
// that is not allowed a sealed copy.  This process's memory is mapped anew from it; where the
// kernel refuses that, it executes the program again, once.  Returns only when the running image is
// such a thing, or on error.
//
// What it returns holds the mount, and is dropped while there is something else to wait for: the
// kernel takes a fraction of a millisecond over it, until no CPU can be looking at the mount.
Result<sys::Fd> run_from_protected_binary();

}  // namespace coracle::container
