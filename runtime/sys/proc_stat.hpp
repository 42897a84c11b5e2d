// What /proc/PID/stat tells of a process.  proc_pid_stat(5)
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string_view>

#include "runtime/base/result.hpp"

namespace coracle::sys {

struct ProcessFacts {
  char state = '?';              // 'R', 'S', 'D', 'T', 'Z', 'X', ...
  unsigned flags = 0;            // PF_* of the kernel's include/linux/sched.h
  std::uint64_t start_time = 0;  // clock ticks since boot

  // The process has ended, whether or not it was reaped.
  bool ended() const { return state == 'Z' || state == 'X' || state == 'x'; }
  // Forked, and no execve(2) since.
  bool has_not_executed() const { return (flags & pf_forknoexec) != 0; }

  static constexpr unsigned pf_forknoexec = 0x40;
};

// The one line of /proc/PID/stat.  Pure.
Result<ProcessFacts> parse_proc_stat(std::string_view line);

// ENOENT or ESRCH when there is no such process.
Result<ProcessFacts> process_facts(pid_t pid);

}  // namespace coracle::sys
