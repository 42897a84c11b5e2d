// One program out of one for each architecture.
#include "runtime/seccomp/dispatch.hpp"

#include <doctest/doctest.h>
#include <linux/seccomp.h>
#include <seccomp.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "runtime/seccomp/architectures.hpp"
#include "runtime/seccomp/bpf.hpp"
#include "tests/unit/runtime/seccomp/interpreter.hpp"

namespace {

using namespace coracle::seccomp;

// As long as `length`, so that jumps over it are, and with a value of its own.
ArchitectureProgram program(std::uint32_t token, std::uint32_t value, std::size_t length = 1) {
  std::vector<sock_filter> code(length - 1, load(0));
  code.push_back(answer(SECCOMP_RET_ERRNO | value));
  return {.token = token, .program = code};
}

std::optional<std::uint32_t> answer_of(const std::vector<sock_filter>& program,
                                       std::uint32_t architecture, std::uint32_t number) {
  seccomp_data call = {};
  call.arch = architecture;
  call.nr = static_cast<int>(number);
  return evaluate(program, call);
}

}  // namespace

TEST_CASE("dispatch: every architecture has its own program, however long the others are") {
  const auto all = dispatch({program(SCMP_ARCH_X86_64, 1, 300), program(SCMP_ARCH_X86, 2, 1000),
                             program(SCMP_ARCH_AARCH64, 3, 5)});
  CHECK(answer_of(all, SCMP_ARCH_X86_64, 1) == (SECCOMP_RET_ERRNO | 1));
  CHECK(answer_of(all, SCMP_ARCH_X86, 1) == (SECCOMP_RET_ERRNO | 2));
  CHECK(answer_of(all, SCMP_ARCH_AARCH64, 1) == (SECCOMP_RET_ERRNO | 3));
}

TEST_CASE("dispatch: an architecture without a program is killed") {
  const auto all = dispatch({program(SCMP_ARCH_X86_64, 1), program(SCMP_ARCH_X86, 2)});
  CHECK(answer_of(all, SCMP_ARCH_ARM, 1) == SECCOMP_RET_KILL_THREAD);
}

TEST_CASE("dispatch: x32 is told from x86_64 by the number, in whatever order they stand") {
  const ArchitectureProgram x86_64 = program(SCMP_ARCH_X86_64, 1, 20);
  const ArchitectureProgram x32 = program(SCMP_ARCH_X32, 2, 30);
  const ArchitectureProgram x86 = program(SCMP_ARCH_X86, 3, 40);
  for (const auto& all : {dispatch({x86_64, x86, x32}), dispatch({x32, x86_64, x86})}) {
    CHECK(answer_of(all, SCMP_ARCH_X86_64, 59) == (SECCOMP_RET_ERRNO | 1));
    CHECK(answer_of(all, SCMP_ARCH_X86_64, x32_bit + 520) == (SECCOMP_RET_ERRNO | 2));
    CHECK(answer_of(all, SCMP_ARCH_X86, 11) == (SECCOMP_RET_ERRNO | 3));
    CHECK(answer_of(all, SCMP_ARCH_X86, x32_bit + 11) == (SECCOMP_RET_ERRNO | 3));
    CHECK(answer_of(all, SCMP_ARCH_ARM, x32_bit) == SECCOMP_RET_KILL_THREAD);
  }
}

TEST_CASE("dispatch: without x32 its numbers are for x86_64's program to judge") {
  const auto all = dispatch({program(SCMP_ARCH_X86_64, 1), program(SCMP_ARCH_X86, 2)});
  CHECK(answer_of(all, SCMP_ARCH_X86_64, x32_bit + 520) == (SECCOMP_RET_ERRNO | 1));
}

TEST_CASE("dispatch: a single program is left as it is") {
  CHECK(dispatch({program(SCMP_ARCH_X86_64, 1, 7)}).size() == 7);
}
