// Which system calls a walk makes fail, and how.
#include "tests/faults/choice.hpp"

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>
#include <utility>

namespace coracle::test {
namespace {

using Names = std::set<std::string>;

// Cannot fail, or not in a way that anyone could answer.
const Names& without_errors() {
  static const Names names = {
      // They have no errors.
      "exit", "exit_group", "rt_sigreturn", "restart_syscall", "getpid", "getppid", "gettid",
      "getuid", "geteuid", "getgid", "getegid", "umask", "sched_yield", "time", "alarm",
      // Only wrong arguments let them fail.
      "rt_sigaction", "rt_sigprocmask", "arch_prctl", "set_tid_address", "set_robust_list", "rseq",
      "clock_gettime", "gettimeofday", "lseek", "getcwd", "uname",
      // The descriptor is gone, whatever it returns.
      "close",
      // The C library gives up.
      "futex",
      // Nothing can be done about a pause that is too short.
      "nanosleep", "clock_nanosleep",
      // The allocator's: the program has no memory to go on, which is as if it were killed.
      "brk", "munmap", "mremap", "mprotect"};
  return names;
}

const Names& waiting() {
  static const Names names = {"read",   "write", "recvmsg",  "sendmsg", "recvfrom", "sendto",
                              "poll",   "ppoll", "waitid",   "wait4",   "flock",    "connect",
                              "openat", "fcntl", "sendfile", "accept4", "select",   "pselect6"};
  return names;
}

const Names& making_descriptors() {
  static const Names names = {"open",         "openat",       "openat2", "open_tree",  "fsopen",
                              "fsmount",      "socket",       "pipe2",   "dup",        "dup3",
                              "memfd_create", "signalfd4",    "accept4", "socketpair", "pidfd_open",
                              "pidfd_getfd",  "epoll_create1"};
  return names;
}

const Names& taking_memory() {
  static const Names names = {"mount",      "move_mount", "mount_setattr", "pivot_root", "setns",
                              "unshare",    "execve",     "execveat",      "mmap",       "fsconfig",
                              "madvise",    "seccomp",    "bpf",           "capset",     "prctl",
                              "mkdir",      "mkdirat",    "mknodat",       "symlinkat",  "symlink",
                              "sethostname"};
  return names;
}

// What the loader does ends with the unmapping of its cache.
bool is_loaders(const std::vector<Call>& calls, std::size_t at) {
  for (; at < calls.size(); ++at) {
    if (calls[at].name == "munmap") return true;
    if (calls[at].name == "clone3" || calls[at].name.starts_with("execve")) return false;
  }
  return false;
}

// Without those of the injector before the program, and of the loader after each execve(2).
std::vector<Call> own_calls(const std::vector<Call>& calls) {
  std::vector<Call> own;
  bool loading = true;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (!loading) own.push_back(calls[i]);
    if (calls[i].name == "munmap") loading = false;
    if (calls[i].name.starts_with("execve")) loading = is_loaders(calls, i + 1);
  }
  return own;
}

bool may_strike(const Call& call, Kind kind) {
  switch (kind) {
    case Kind::error:
      return !without_errors().contains(call.name);
    case Kind::interrupted:
      return waiting().contains(call.name);
    case Kind::kill:
      return true;
  }
  return false;
}

}  // namespace

std::string name(Kind kind) {
  switch (kind) {
    case Kind::error:
      return "an error";
    case Kind::interrupted:
      return "an interruption";
    case Kind::kill:
      return "a kill";
  }
  return "";
}

std::vector<Call> targets(const std::vector<Call>& calls, int who, Kind kind) {
  std::vector<Call> of_process;
  for (const Call& call : calls) {
    if (call.who == who) of_process.push_back(call);
  }
  std::vector<Call> found = who == 0 ? own_calls(of_process) : of_process;
  std::erase_if(found, [&](const Call& call) { return !may_strike(call, kind); });
  return found;
}

int error_for(const Call& call, Kind kind) {
  switch (kind) {
    case Kind::interrupted:
      return EINTR;
    case Kind::kill:
      return 0;
    case Kind::error:
      break;
  }
  if (making_descriptors().contains(call.name)) return EMFILE;
  if (taking_memory().contains(call.name)) return ENOMEM;
  return call.name.starts_with("clone") || call.name == "vfork" ? EAGAIN : EIO;
}

std::vector<Call> sample(const std::vector<Call>& calls, std::size_t most, std::size_t turn,
                         std::size_t turns) {
  std::map<std::string, std::size_t> seen;
  std::vector<std::pair<std::size_t, std::size_t>> order;  // how often before, where
  for (std::size_t i = 0; i < calls.size(); ++i) order.emplace_back(seen[calls[i].text()]++, i);
  std::ranges::sort(order);
  // Each turn begins with other ones of the same rank.
  std::ranges::stable_sort(order, {}, [&](const auto& one) {
    return std::pair(one.first, (one.second + turn) % turns);
  });
  order.resize(std::min(order.size(), most));
  std::ranges::sort(order, {}, [](const auto& one) { return one.second; });
  std::vector<Call> chosen;
  for (const auto& one : order) chosen.push_back(calls[one.second]);
  return chosen;
}

}  // namespace coracle::test
