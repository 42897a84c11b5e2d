// Scheduler and I/O priority as the kernel's numbers.
#include "runtime/plan/scheduling.hpp"

#include <doctest/doctest.h>

#include <string>

namespace {

using namespace coracle;
using namespace coracle::plan;

std::string refusal(const oci::Scheduler& config) {
  const auto result = plan_scheduler(config);
  return result ? "" : result.error().text();
}

}  // namespace

TEST_CASE("scheduler: policies have the kernel's numbers") {
  using Policy = oci::SchedulerPolicy;
  const auto number = [](Policy policy) {
    return plan_scheduler({.policy = policy, .flags = {}}).value().policy;
  };
  CHECK(number(Policy::other) == 0);
  CHECK(number(Policy::fifo) == 1);
  CHECK(number(Policy::rr) == 2);
  CHECK(number(Policy::batch) == 3);
  CHECK(number(Policy::iso) == 4);
  CHECK(number(Policy::idle) == 5);
  CHECK(number(Policy::deadline) == 6);
}

TEST_CASE("scheduler: flags are bits") {
  using Flag = oci::SchedulerFlag;
  const oci::Scheduler config{
      .policy = oci::SchedulerPolicy::deadline,
      .flags = {Flag::reset_on_fork, Flag::dl_overrun, Flag::util_clamp_max},
      .runtime = 1,
      .deadline = 2,
      .period = 3};
  const plan::Scheduler planned = plan_scheduler(config).value();
  CHECK(planned.flags == 0x45);
  CHECK(planned.runtime == 1);
  CHECK(planned.deadline == 2);
  CHECK(planned.period == 3);
}

TEST_CASE("scheduler: nice is in [-20, 19] where it counts") {
  CHECK(refusal({.nice = -20, .flags = {}}).empty());
  CHECK(refusal({.nice = 20, .flags = {}}) == "/process/scheduler/nice: 20 is not in [-20, 19]");
  CHECK(refusal({.policy = oci::SchedulerPolicy::idle, .nice = 20, .flags = {}}).empty());
}

TEST_CASE("scheduler: a field that means nothing to the policy is refused") {
  CHECK(refusal({.priority = 1, .flags = {}}) ==
        "/process/scheduler/priority: only SCHED_FIFO and SCHED_RR have one");
  CHECK(refusal({.policy = oci::SchedulerPolicy::rr, .priority = 1, .flags = {}}).empty());
  CHECK(refusal({.policy = oci::SchedulerPolicy::rr, .priority = -1, .flags = {}}) ==
        "/process/scheduler/priority: -1 is negative");
  CHECK(refusal({.flags = {}, .period = 1}) ==
        "/process/scheduler: only SCHED_DEADLINE has runtime, deadline and period");
}

TEST_CASE("io priority: class and priority are one number") {
  using Class = oci::IoPriorityClass;
  CHECK(plan_io_priority({.class_ = Class::real_time, .priority = 7}).value() == 0x2007);
  CHECK(plan_io_priority({.class_ = Class::best_effort, .priority = 4}).value() == 0x4004);
  CHECK(plan_io_priority({.class_ = Class::idle, .priority = 0}).value() == 0x6000);
}

TEST_CASE("io priority: a priority outside [0, 8) is refused") {
  CHECK(plan_io_priority({.priority = 8}).error().text() ==
        "/process/ioPriority/priority: 8 is not in [0, 8)");
  CHECK_FALSE(plan_io_priority({.priority = -1}).has_value());
}
