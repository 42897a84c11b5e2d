// The limits of a container after `update`.  Pure.
#pragma once

#include "oci-spec/config_linux.hpp"
#include "runtime/base/result.hpp"

namespace coracle::container {

// `now` changed as `change` asks.  What is absent in `change` stays, and so
// does what is zero there, an empty text or an empty list: engines write all
// three where their user asked for nothing.  Zero is a value for pids.limit,
// cpu.burst, cpu.idle, swappiness and rates alone.  Entries for devices,
// page sizes and interfaces replace those for the same one.  A field replaces
// what `unified` said about its file.
//
// Left out: `devices`, because the rules in force stay untouched, and limits
// on kernel memory, which kernels no longer have.
// Fails for a change that the kernel would take and not follow.
Result<oci::Resources> merge_resources(oci::Resources now, const oci::Resources& change);

}  // namespace coracle::container
