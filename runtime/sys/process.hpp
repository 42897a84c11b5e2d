// Processes with types: clone3, a child we answer for, pidfd calls, exec helpers.
#pragma once

#include <sched.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/sys/fd.hpp"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif
#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif

namespace coracle::sys {

// How a process ended, as a shell shows it.
struct Exit {
  int status = 0;  // exit code, or the signal's number
  bool signaled = false;

  int code() const { return signaled ? 128 + status : status; }
};

// A process that we must reap.  Dropped, it is killed by its pidfd and reaped.
class Child {
 public:
  Child() = default;
  Child(pid_t pid, PidFd pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  Child(Child&& other) noexcept
      : pid_(std::exchange(other.pid_, 0)), pidfd_(std::move(other.pidfd_)) {}
  Child& operator=(Child&& other) noexcept;
  ~Child();

  pid_t pid() const { return pid_; }
  const PidFd& pidfd() const { return pidfd_; }

  // Waits for its end and reaps it.
  Result<Exit> wait();
  // It lives on without us: nothing happens when this object is dropped.
  void detach() { pid_ = 0; }

 private:
  void kill_and_reap();

  pid_t pid_ = 0;  // 0: none, reaped or detached
  PidFd pidfd_;
};

struct CloneRequest {
  std::uint64_t flags = 0;     // CLONE_NEW*, CLONE_PARENT
  const Fd* cgroup = nullptr;  // v2 directory for CLONE_INTO_CGROUP
};

struct RawClone {
  pid_t pid = -1;  // 0 in the child
  PidFd pidfd;
  bool born_in_cgroup = false;
};

// clone3(2) without a stack, like fork(2); falls back to clone(2) where the
// kernel or a filter has no clone3, and to a birth in our own cgroup where it
// refuses CLONE_INTO_CGROUP.
Result<RawClone> raw_clone(const CloneRequest& request);

struct Cloned {
  Child child;
  bool born_in_cgroup = false;
};

// Runs `child_main` in a new process.  It must leave by execve or _exit:
// returning into this frame would run the host's destructors a second time.
template <class F>
Result<Cloned> clone_process(const CloneRequest& request, F child_main) {
  static_assert(std::is_nothrow_invocable_v<F>, "no exception may unwind into the host's frames");
  RawClone raw = TRY(raw_clone(request));
  if (raw.pid == 0) {
    child_main();
    ::_exit(127);
  }
  return Cloned{.child = Child(raw.pid, std::move(raw.pidfd)),
                .born_in_cgroup = raw.born_in_cgroup};
}

Result<PidFd> pidfd_open(pid_t pid);
// ESRCH when the process has ended.
Result<void> pidfd_send_signal(const PidFd& pidfd, int signal);
// A copy of descriptor `number` of the process.
Result<Fd> pidfd_getfd(const PidFd& pidfd, int number);
// Whether the kernel, or the filter that we run under, knows pidfd_getfd(2).
bool pidfd_getfd_works();

// Sets close-on-exec on every descriptor from `first` on.
Result<void> close_on_exec_from(unsigned int first);
// Closes every descriptor from `first` on but `kept`.
Result<void> close_all_from(unsigned int first, std::vector<unsigned int> kept);

// What a program that ran to its end left.
struct Finished {
  Exit exit;
  std::string output;  // stdout and stderr
};

// Runs `argv` (argv[0] looked up in PATH) with stdin from /dev/null, and waits.
// Fails when it writes more than `most` bytes.
Result<Finished> run_program(const std::vector<std::string>& argv, std::size_t most = 64 << 10);

// For execve(2): pointers into `texts`, which must outlive the array.
std::vector<char*> c_array(const std::vector<std::string>& texts);

}  // namespace coracle::sys
