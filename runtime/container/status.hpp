// A container's status, derived from facts.  Spec: runtime.md#state
#pragma once

#include "oci-spec/state.hpp"
#include "runtime/container/state_dir.hpp"
#include "runtime/sys/proc_stat.hpp"

namespace coracle::container {

// No pid yet: creating.  Process gone, zombie, or of another start time:
// stopped.  Frozen cgroup: paused.  Forked but not executed
// (PF_FORKNOEXEC in /proc/PID/stat), and not restored: created.  Else running.
Result<oci::Status> status_of(const ContainerFacts& facts);
// The same for one of many: the host's cgroups are found once for all, and cgroup::freezer_stem().
Result<oci::Status> status_of(const ContainerFacts& facts, const Result<cgroup::Host>& host,
                              const sys::Stem& freezers = {});
// The same where init was looked at already.
oci::Status status_of(const ContainerFacts& facts, const sys::ProcessFacts& init,
                      const Result<cgroup::Host>& host, const sys::Stem& freezers = {});

// What hooks read on stdin and `state` prints.
oci::State oci_state(const ContainerFacts& state, oci::Status status);

}  // namespace coracle::container
