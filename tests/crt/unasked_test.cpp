// The runtime's first instructions, one at a time: what a program asks the processor (CPUID) costs
// a virtual machine more than the rest of a command.
#include <doctest/doctest.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "tests/support/summary.hpp"

#ifdef CORACLE_STARTS_UNASKED
namespace {

// With an empty environment glibc 2.36's own start has asked the last of its 68 questions after
// 4,000.
constexpr int instructions = 10'000;
constexpr int most_stops = 60'000;  // one that repeats itself, as a copy does, stops each time
constexpr long cpuid = 0xa20f;      // the instruction's two bytes
constexpr long two_bytes = 0xffff;

pid_t start_traced(const char* program) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    char option[] = "--version";
    char* const arguments[] = {option, option, nullptr};
    char* const environment[] = {nullptr};
    ::execve(program, arguments, environment);
    ::_exit(127);
  }
  return child;
}

bool stopped(pid_t child) {
  int status = 0;
  return ::waitpid(child, &status, 0) == child && WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP;
}

struct Start {
  int taken = 0;  // instructions
  int asked = 0;
};

Start start_of(const char* program) {
  const pid_t child = start_traced(program);
  Start start;
  unsigned long long last = 0;
  for (int stops = 0; start.taken < instructions && stops < most_stops && stopped(child); ++stops) {
    user_regs_struct registers{};
    ::ptrace(PTRACE_GETREGS, child, nullptr, &registers);
    const long word = ::ptrace(PTRACE_PEEKTEXT, child, registers.rip, nullptr);
    if (registers.rip != last) ++start.taken;
    if (registers.rip != last && (word & two_bytes) == cpuid) ++start.asked;
    last = registers.rip;
    ::ptrace(PTRACE_SINGLESTEP, child, nullptr, nullptr);
  }
  ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) == child && !WIFSIGNALED(status) && !WIFEXITED(status)) {
  }
  return start;
}

}  // namespace

TEST_CASE("crt: a command's start asks the processor nothing") {
  const Start own = start_of(CORACLE_BINARY);
  CHECK(own.taken == instructions);
  CHECK(own.asked == 0);
  // Static too, and started by the C library's own code.
  CHECK(start_of(CORACLE_PROBE_BINARY).asked > 0);
}
#else
TEST_CASE("crt: a command's start asks the processor nothing") {
  coracle::test::skip_case("this build starts by the C library's own code");
}
#endif
