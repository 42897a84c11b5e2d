#include "runtime/sys/process.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <tuple>

#include "runtime/base/strings.hpp"
#include "runtime/sys/files.hpp"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

namespace coracle::sys {
namespace {

Exit exit_from(const siginfo_t& info) {
  return Exit{.status = info.si_status, .signaled = info.si_code != CLD_EXITED};
}

long clone3(std::uint64_t flags, int* pidfd, const Fd* cgroup) {
  clone_args args = {};
  args.flags = flags | CLONE_PIDFD;
  args.pidfd = reinterpret_cast<std::uint64_t>(pidfd);
  // With CLONE_PARENT the kernel takes the signal from the real parent and
  // refuses another one.
  args.exit_signal = (flags & CLONE_PARENT) != 0 ? 0 : SIGCHLD;
  if (cgroup != nullptr) {
    args.flags |= CLONE_INTO_CGROUP;
    args.cgroup = static_cast<std::uint64_t>(cgroup->get());
  }
  return ::syscall(SYS_clone3, &args, sizeof args);
}

long clone_legacy(std::uint64_t flags, int* pidfd) {
  const std::uint64_t signal = (flags & CLONE_PARENT) != 0 ? 0 : SIGCHLD;
  // The order of arguments of x86-64 and arm64: flags, stack, parent_tid, ...
  return ::syscall(SYS_clone, flags | CLONE_PIDFD | signal, nullptr, pidfd, nullptr, nullptr);
}

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

// By their names in /proc/self/fd, the one that lists them left out.
Result<std::vector<int>> open_descriptors() {
  const std::unique_ptr<DIR, CloseDirectory> directory(::opendir("/proc/self/fd"));
  if (!directory) return fail_errno("open /proc/self/fd");
  std::vector<int> numbers;
  while (const dirent* entry = ::readdir(directory.get())) {
    const auto number = parse_number<int>(entry->d_name);
    if (number && *number != ::dirfd(directory.get())) numbers.push_back(*number);
  }
  return numbers;
}

}  // namespace

Child& Child::operator=(Child&& other) noexcept {
  if (this != &other) {
    kill_and_reap();
    pid_ = std::exchange(other.pid_, 0);
    pidfd_ = std::move(other.pidfd_);
  }
  return *this;
}

Child::~Child() {
  kill_and_reap();
}

void Child::kill_and_reap() {
  if (pid_ == 0) return;
  const auto sent = pidfd_send_signal(pidfd_, SIGKILL);
  // A filter may forbid it.  Until we reap the process its number is its own.
  if (!sent && sent.error().code != ESRCH) ::kill(pid_, SIGKILL);
  std::ignore = wait();
}

Result<Exit> Child::wait() {
  siginfo_t info = {};
  while (::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd_.get()), &info,
                  WEXITED) != 0) {
    if (errno != EINTR) return fail_errno("waitid " + std::to_string(pid_));
  }
  pid_ = 0;
  return exit_from(info);
}

Result<RawClone> raw_clone(const CloneRequest& request) {
  int pidfd = -1;
  long pid = -1;
  bool in_cgroup = request.cgroup != nullptr;
  if (in_cgroup) pid = clone3(request.flags, &pidfd, request.cgroup);
  if (pid < 0) {
    // E2BIG, EINVAL: Linux before 5.7; EOPNOTSUPP, EBUSY: the cgroup's type;
    // EACCES, EPERM: a delegation that lacks the common ancestor.  Whether the
    // cgroup was at fault is told by trying without it.
    in_cgroup = false;
    pid = clone3(request.flags, &pidfd, nullptr);
  }
  if (pid < 0 && (errno == ENOSYS || errno == EPERM)) {
    const int first_errno = errno;
    pid = clone_legacy(request.flags, &pidfd);
    if (pid < 0 && first_errno == EPERM) errno = EPERM;
  }
  if (pid < 0) return fail_errno("clone");
  return RawClone{.pid = static_cast<pid_t>(pid),
                  .pidfd = PidFd(pid == 0 ? -1 : pidfd),
                  .born_in_cgroup = in_cgroup};
}

Result<PidFd> pidfd_open(pid_t pid) {
  PidFd fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!fd) return fail_errno("pidfd_open " + std::to_string(pid));
  return fd;
}

Result<void> pidfd_send_signal(const PidFd& pidfd, int signal) {
  if (::syscall(SYS_pidfd_send_signal, pidfd.get(), signal, nullptr, 0) != 0)
    return fail_errno("send signal " + std::to_string(signal));
  return {};
}

Result<Fd> pidfd_getfd(const PidFd& pidfd, int number) {
  Fd fd(static_cast<int>(::syscall(SYS_pidfd_getfd, pidfd.get(), number, 0)));
  if (!fd) return fail_errno("pidfd_getfd " + std::to_string(number));
  return fd;
}

bool pidfd_getfd_works() {
  return ::syscall(SYS_pidfd_getfd, -1, -1, 0) < 0 && errno == EBADF;
}

Result<void> close_on_exec_from(unsigned int first) {
  if (::syscall(SYS_close_range, first, ~0U, CLOSE_RANGE_CLOEXEC) == 0) return {};
  // Linux before 5.11, or a filter.
  for (const int fd : TRY(open_descriptors())) {
    if (static_cast<unsigned int>(fd) < first) continue;
    const int flags = ::fcntl(fd, F_GETFD);
    if (flags >= 0 && ::fcntl(fd, F_SETFD, flags | FD_CLOEXEC) != 0)
      return fail_errno("set close-on-exec on descriptor " + std::to_string(fd));
  }
  return {};
}

Result<void> close_all_from(unsigned int first, std::vector<unsigned int> kept) {
  std::ranges::sort(kept);
  kept.push_back(~0U);
  unsigned int from = first;
  bool works = true;
  for (const unsigned int next : kept) {
    if (next > from) works = works && ::syscall(SYS_close_range, from, next - 1, 0) == 0;
    if (next >= from && next != ~0U) from = next + 1;
  }
  if (works) return {};
  for (const int fd : TRY(open_descriptors())) {
    const auto number = static_cast<unsigned int>(fd);
    if (number >= first && !std::ranges::binary_search(kept, number)) ::close(fd);
  }
  return {};
}

Result<Finished> run_program(const std::vector<std::string>& argv, std::size_t most) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno("pipe2");
  const Fd read_end(ends[0]);
  Fd write_end(ends[1]);
  const std::vector<char*> arguments = c_array(argv);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, write_end.get(), 1);
  ::posix_spawn_file_actions_adddup2(&actions, write_end.get(), 2);
  pid_t pid = 0;
  const int problem =
      ::posix_spawnp(&pid, argv[0].c_str(), &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (problem != 0) return fail_errno("run " + argv[0], problem);
  write_end.reset();
  auto output = read_all(read_end, most);
  siginfo_t info = {};
  while (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED) != 0) {
    if (errno != EINTR) return fail_errno("waitid " + argv[0]);
  }
  if (!output) return std::unexpected(std::move(output).error());
  return Finished{.exit = exit_from(info), .output = *std::move(output)};
}

std::vector<char*> c_array(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  // execve(2) takes pointers to non-const for historical reasons and writes nothing.
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace coracle::sys
