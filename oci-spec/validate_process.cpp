// The rules of `process`.  Spec: config.md#process
#include <algorithm>
#include <array>

#include "oci-spec/validate_parts.hpp"
#include "oci-spec/words.hpp"
#include "runtime/base/strings.hpp"

namespace coracle::oci {

namespace {

// getrlimit(2)
constexpr std::array rlimit_names = std::to_array<std::string_view>({
    "RLIMIT_AS",
    "RLIMIT_CORE",
    "RLIMIT_CPU",
    "RLIMIT_DATA",
    "RLIMIT_FSIZE",
    "RLIMIT_LOCKS",
    "RLIMIT_MEMLOCK",
    "RLIMIT_MSGQUEUE",
    "RLIMIT_NICE",
    "RLIMIT_NOFILE",
    "RLIMIT_NPROC",
    "RLIMIT_RSS",
    "RLIMIT_RTPRIO",
    "RLIMIT_RTTIME",
    "RLIMIT_SIGPENDING",
    "RLIMIT_STACK",
});

// (uid_t)-1: "unchanged" to setresuid(2) and setresgid(2).
constexpr std::uint32_t no_id = 0xffff'ffff;

std::string out_of_range(std::int64_t value, std::int64_t least, std::int64_t most) {
  return std::to_string(value) + " is not between " + std::to_string(least) + " and " +
         std::to_string(most);
}

Result<void> check_rlimits(const std::vector<Rlimit>& rlimits, std::string_view pointer) {
  std::vector<std::string_view> seen;
  for (std::size_t i = 0; i < rlimits.size(); ++i) {
    const Rlimit& rlimit = rlimits[i];
    if (std::ranges::find(rlimit_names, rlimit.type) == rlimit_names.end())
      return broken(in_quotes(rlimit.type) + " is not a resource limit of Linux", pointer,
                    "rlimits", i, "type");
    if (std::ranges::find(seen, rlimit.type) != seen.end())
      return broken(in_quotes(rlimit.type) + " is limited twice", pointer, "rlimits", i, "type");
    if (rlimit.soft > rlimit.hard)
      return broken(
          std::to_string(rlimit.soft) + " is above the hard limit " + std::to_string(rlimit.hard),
          pointer, "rlimits", i, "soft");
    seen.push_back(rlimit.type);
  }
  return {};
}

// sched_setattr(2)
Result<void> check_scheduler(const Scheduler& scheduler, std::string_view pointer) {
  const SchedulerPolicy policy = scheduler.policy;
  const std::string with = " with " + std::string(word(policy));
  const bool fair = policy == SchedulerPolicy::other || policy == SchedulerPolicy::batch;
  const bool real_time = policy == SchedulerPolicy::fifo || policy == SchedulerPolicy::rr;
  if (fair && (scheduler.nice < -20 || scheduler.nice > 19))
    return broken(out_of_range(scheduler.nice, -20, 19), pointer, "scheduler", "nice");
  if (!real_time && scheduler.priority != 0)
    return broken(std::to_string(scheduler.priority) + " has no meaning" + with +
                      ", expected SCHED_FIFO or SCHED_RR",
                  pointer, "scheduler", "priority");
  const bool has_times = scheduler.runtime != 0 || scheduler.deadline != 0 || scheduler.period != 0;
  if (has_times && policy != SchedulerPolicy::deadline)
    return broken(
        "runtime, deadline and period have no meaning" + with + ", expected SCHED_DEADLINE",
        pointer, "scheduler");
  return {};
}

Result<void> check_affinity(const std::string& cpus, std::string_view pointer,
                            std::string_view name) {
  if (cpus.find_first_not_of("0123456789, -") == std::string::npos) return {};
  return broken(in_quotes(cpus) + " is not a list of CPUs like 0-3,7", pointer, "execCPUAffinity",
                name);
}

// struct winsize holds unsigned shorts.  Without a terminal it MUST be ignored.
Result<void> check_console_size(const Process& process, std::string_view pointer) {
  constexpr std::uint32_t most = 65535;
  if (!process.terminal || !process.console_size) return {};
  if (process.console_size->height > most)
    return broken(out_of_range(process.console_size->height, 0, most), pointer, "consoleSize",
                  "height");
  if (process.console_size->width > most)
    return broken(out_of_range(process.console_size->width, 0, most), pointer, "consoleSize",
                  "width");
  return {};
}

Result<void> check_env(const std::vector<std::string>& env, std::string_view pointer) {
  for (std::size_t i = 0; i < env.size(); ++i) {
    const std::size_t equals = env[i].find('=');
    if (equals == std::string::npos || equals == 0)
      return broken(in_quotes(env[i]) + " is not NAME=value", pointer, "env", i);
  }
  return {};
}

Result<void> check_priorities(const Process& process, std::string_view pointer) {
  if (process.oom_score_adj && (*process.oom_score_adj < -1000 || *process.oom_score_adj > 1000))
    return broken(out_of_range(*process.oom_score_adj, -1000, 1000), pointer, "oomScoreAdj");
  if (process.scheduler) TRY(check_scheduler(*process.scheduler, pointer));
  if (process.io_priority &&
      (process.io_priority->priority < 0 || process.io_priority->priority > 7))
    return broken(out_of_range(process.io_priority->priority, 0, 7), pointer, "ioPriority",
                  "priority");
  if (!process.exec_cpu_affinity) return {};
  TRY(check_affinity(process.exec_cpu_affinity->initial, pointer, "initial"));
  return check_affinity(process.exec_cpu_affinity->final, pointer, "final");
}

template <class... Tokens>
Result<void> check_id(std::uint32_t id, std::string_view pointer, const Tokens&... tokens) {
  if (id != no_id) return {};
  return broken(std::to_string(id) +
                    " is no id: setresuid(2) takes it for \"unchanged\", and the process would "
                    "stay root; expected 0 to 4294967294",
                pointer, "user", tokens...);
}

Result<void> check_user(const User& user, std::string_view pointer) {
  TRY(check_id(user.uid, pointer, "uid"));
  TRY(check_id(user.gid, pointer, "gid"));
  for (std::size_t i = 0; i < user.additional_gids.size(); ++i)
    TRY(check_id(user.additional_gids[i], pointer, "additionalGids", i));
  return {};
}

}  // namespace

Result<void> check_process(const Process& process, std::string_view pointer) {
  TRY(check_user(process.user, pointer));
  TRY(check_console_size(process, pointer));
  if (!process.cwd.starts_with('/'))
    return broken(in_quotes(process.cwd) + " is not an absolute path", pointer, "cwd");
  TRY(check_env(process.env, pointer));
  if (process.args.empty())
    return broken("missing or empty, expected at least the program's name", pointer, "args");
  TRY(check_rlimits(process.rlimits, pointer));
  return check_priorities(process, pointer);
}

}  // namespace coracle::oci
