// process.scheduler -> sched_setattr(2), process.ioPriority -> ioprio_set(2).
#include "runtime/plan/scheduling.hpp"

#include <linux/sched.h>

#include <cstdint>
#include <string>

namespace coracle::plan {
namespace {

using oci::SchedulerPolicy;

constexpr std::uint32_t sched_iso = 4;  // reserved by <linux/sched.h>, without a name
constexpr int io_class_shift = 13;
constexpr int io_priority_end = 8;

std::uint32_t policy_number(SchedulerPolicy policy) {
  switch (policy) {
    case SchedulerPolicy::other:
      return SCHED_NORMAL;
    case SchedulerPolicy::fifo:
      return SCHED_FIFO;
    case SchedulerPolicy::rr:
      return SCHED_RR;
    case SchedulerPolicy::batch:
      return SCHED_BATCH;
    case SchedulerPolicy::iso:
      return sched_iso;
    case SchedulerPolicy::idle:
      return SCHED_IDLE;
    case SchedulerPolicy::deadline:
      return SCHED_DEADLINE;
  }
  return SCHED_NORMAL;
}

std::uint64_t flag_bit(oci::SchedulerFlag flag) {
  switch (flag) {
    case oci::SchedulerFlag::reset_on_fork:
      return SCHED_FLAG_RESET_ON_FORK;
    case oci::SchedulerFlag::reclaim:
      return SCHED_FLAG_RECLAIM;
    case oci::SchedulerFlag::dl_overrun:
      return SCHED_FLAG_DL_OVERRUN;
    case oci::SchedulerFlag::keep_policy:
      return SCHED_FLAG_KEEP_POLICY;
    case oci::SchedulerFlag::keep_params:
      return SCHED_FLAG_KEEP_PARAMS;
    case oci::SchedulerFlag::util_clamp_min:
      return SCHED_FLAG_UTIL_CLAMP_MIN;
    case oci::SchedulerFlag::util_clamp_max:
      return SCHED_FLAG_UTIL_CLAMP_MAX;
  }
  return 0;
}

int io_class_number(oci::IoPriorityClass io_class) {
  switch (io_class) {
    case oci::IoPriorityClass::real_time:
      return 1;
    case oci::IoPriorityClass::best_effort:
      return 2;
    case oci::IoPriorityClass::idle:
      return 3;
  }
  return 2;
}

Result<void> check(const oci::Scheduler& config) {
  const SchedulerPolicy policy = config.policy;
  const bool takes_nice = policy == SchedulerPolicy::other || policy == SchedulerPolicy::batch;
  if (takes_nice && (config.nice < -20 || config.nice > 19)) {
    return fail("/process/scheduler/nice: " + std::to_string(config.nice) + " is not in [-20, 19]");
  }
  const bool takes_priority = policy == SchedulerPolicy::fifo || policy == SchedulerPolicy::rr;
  if (config.priority != 0 && !takes_priority) {
    return fail("/process/scheduler/priority: only SCHED_FIFO and SCHED_RR have one");
  }
  if (config.priority < 0) {
    return fail("/process/scheduler/priority: " + std::to_string(config.priority) + " is negative");
  }
  const bool has_times = config.runtime != 0 || config.deadline != 0 || config.period != 0;
  if (has_times && policy != SchedulerPolicy::deadline) {
    return fail("/process/scheduler: only SCHED_DEADLINE has runtime, deadline and period");
  }
  return {};
}

}  // namespace

Result<Scheduler> plan_scheduler(const oci::Scheduler& config) {
  TRY(check(config));
  Scheduler scheduler{.policy = policy_number(config.policy),
                      .nice = config.nice,
                      .priority = static_cast<std::uint32_t>(config.priority),
                      .runtime = config.runtime,
                      .deadline = config.deadline,
                      .period = config.period};
  for (const oci::SchedulerFlag flag : config.flags) scheduler.flags |= flag_bit(flag);
  return scheduler;
}

Result<int> plan_io_priority(const oci::IoPriority& config) {
  if (config.priority < 0 || config.priority >= io_priority_end) {
    return fail("/process/ioPriority/priority: " + std::to_string(config.priority) +
                " is not in [0, 8)");
  }
  return io_class_number(config.class_) << io_class_shift | config.priority;
}

}  // namespace coracle::plan
