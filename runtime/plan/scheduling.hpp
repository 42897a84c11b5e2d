// process.scheduler and process.ioPriority -> the kernel's numbers.
// Spec: config.md#linux-process
#pragma once

#include "oci-spec/config.hpp"
#include "runtime/base/result.hpp"
#include "runtime/plan/plan.hpp"

namespace coracle::plan {

// Fails on a field that means nothing to the policy, and on a `nice` outside
// [-20, 19].
Result<Scheduler> plan_scheduler(const oci::Scheduler& config);

// Class and priority in one number, as ioprio_set(2) takes them; fails on a
// priority outside [0, 7].
Result<int> plan_io_priority(const oci::IoPriority& config);

}  // namespace coracle::plan
