#include "runtime/sys/vfork.hpp"

#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>

#include <array>
#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace coracle::sys {
namespace {

using ChildMain = void (*)(void*) noexcept;

// By hand, because the child begins on another stack, without a frame to return to.
long clone3_on_stack([[maybe_unused]] const clone_args& args, [[maybe_unused]] ChildMain child_main,
                     [[maybe_unused]] void* argument) {
#if defined(__x86_64__)
  long result = SYS_clone3;
  asm volatile(
      "syscall\n\t"
      "testq %%rax, %%rax\n\t"
      "jnz 1f\n\t"
      "xorl %%ebp, %%ebp\n\t"  // no caller: the System V ABI's mark of the outermost frame
      "movq %%rdx, %%rdi\n\t"
      "callq *%%rbx\n\t"
      "ud2\n"  // child_main does not return
      "1:"
      : "+a"(result)
      : "D"(&args), "S"(sizeof args), "b"(child_main), "d"(argument)
      : "rcx", "r11", "memory");
  return result;
#else
  return -ENOSYS;
#endif
}

}  // namespace

Result<RawClone> raw_vfork(const CloneRequest& request, ChildMain child_main, void* argument) {
  // On our own stack, whose pages are there in part.  The joiner takes some 5 KiB; with sanitizers
  // several times as much.
  alignas(16) std::array<std::byte, std::size_t{128} * 1024> stack;
  int pidfd = -1;
  clone_args args = {};
  args.flags = request.flags | CLONE_PIDFD | CLONE_VM | CLONE_VFORK;
  args.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
  args.exit_signal = SIGCHLD;
  args.stack = reinterpret_cast<std::uint64_t>(stack.data());
  args.stack_size = stack.size();
  if (request.cgroup != nullptr) {
    args.flags |= CLONE_INTO_CGROUP;
    args.cgroup = static_cast<std::uint64_t>(request.cgroup->get());
  }
  const long pid = clone3_on_stack(args, child_main, argument);
#if defined(__SANITIZE_ADDRESS__)
  // The marks of frames that the child never left, because it became another program.
  __asan_unpoison_memory_region(stack.data(), stack.size());
#endif
  if (pid < 0) return fail_errno("clone3", static_cast<int>(-pid));
  return RawClone{.pid = static_cast<pid_t>(pid),
                  .pidfd = PidFd(pidfd),
                  .born_in_cgroup = request.cgroup != nullptr};
}

}  // namespace coracle::sys
