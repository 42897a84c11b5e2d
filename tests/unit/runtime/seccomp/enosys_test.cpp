// ENOSYS for system calls that are newer than a profile.
#include "runtime/seccomp/enosys.hpp"

#include <doctest/doctest.h>
#include <errno.h>
#include <seccomp.h>

#include <string>
#include <vector>

#include "runtime/seccomp/architectures.hpp"
#include "tests/unit/runtime/seccomp/interpreter.hpp"

namespace {

using namespace coracle;
using namespace coracle::seccomp;
using Action = oci::SeccompAction;
using Architectures = std::vector<std::uint32_t>;

constexpr std::uint32_t enosys = SECCOMP_RET_ERRNO | ENOSYS;
// In place of the filter behind the prologue.
constexpr std::uint32_t passed_on = SECCOMP_RET_ALLOW;

oci::Seccomp profile(std::vector<std::string> names, Action default_action = Action::errno_) {
  oci::Seccomp config;
  config.default_action = default_action;
  config.syscalls = {
      {.names = std::move(names), .action = Action::allow, .errno_ret = {}, .args = {}}};
  return config;
}

class Prologue {
 public:
  Prologue(const oci::Seccomp& config, const Architectures& tokens)
      : program_(enosys_prologue(config, tokens)) {
    program_.push_back({.code = BPF_RET | BPF_K, .jt = 0, .jf = 0, .k = passed_on});
  }

  std::optional<std::uint32_t> answer(std::uint32_t architecture, std::int64_t number) const {
    seccomp_data call{};
    call.arch = architecture;
    call.nr = static_cast<int>(number);
    return evaluate(program_, call);
  }

 private:
  std::vector<sock_filter> program_;
};

}  // namespace

TEST_CASE("enosys: only numbers above the largest named one are unknown") {
  const Prologue prologue(profile({"read", "openat", "write"}), {SCMP_ARCH_AARCH64});
  CHECK(prologue.answer(SCMP_ARCH_AARCH64, 0) == passed_on);
  CHECK(prologue.answer(SCMP_ARCH_AARCH64, 64) == passed_on);
  CHECK(prologue.answer(SCMP_ARCH_AARCH64, 65) == enosys);
  CHECK(prologue.answer(SCMP_ARCH_AARCH64, -1) == enosys);
}

TEST_CASE("enosys: names that the library does not have count for nothing") {
  const Prologue prologue(profile({"read", "nonsense"}), {SCMP_ARCH_AARCH64});
  CHECK(prologue.answer(SCMP_ARCH_AARCH64, 64) == enosys);
  CHECK(enosys_prologue(profile({"nonsense"}), {SCMP_ARCH_AARCH64}).empty());
}

TEST_CASE("enosys: every architecture has its own limit, others pass on") {
  const Prologue prologue(profile({"clone3", "statx"}),
                          {SCMP_ARCH_X86_64, SCMP_ARCH_X86, SCMP_ARCH_MIPS64N32});
  for (const std::uint32_t architecture : Architectures{SCMP_ARCH_X86_64, SCMP_ARCH_X86}) {
    CHECK(prologue.answer(architecture, 435) == passed_on);
    CHECK(prologue.answer(architecture, 436) == enosys);
  }
  CHECK(prologue.answer(SCMP_ARCH_MIPS64N32, 6435) == passed_on);
  CHECK(prologue.answer(SCMP_ARCH_MIPS64N32, 6436) == enosys);
  CHECK(prologue.answer(SCMP_ARCH_ARM, 1000) == passed_on);
}

TEST_CASE("enosys: x32 and x86_64 share an architecture, not a limit") {
  const oci::Seccomp config = profile({"read", "statx", "execve"});
  const Prologue both(config, {SCMP_ARCH_X86_64, SCMP_ARCH_X86, SCMP_ARCH_X32});
  CHECK(both.answer(SCMP_ARCH_X86_64, 332) == passed_on);
  CHECK(both.answer(SCMP_ARCH_X86_64, 333) == enosys);
  CHECK(both.answer(SCMP_ARCH_X86_64, x32_bit + 520) == passed_on);  // x32's own execve
  CHECK(both.answer(SCMP_ARCH_X86_64, x32_bit + 521) == enosys);
  const Prologue one(config, {SCMP_ARCH_X86_64});
  CHECK(one.answer(SCMP_ARCH_X86_64, 333) == enosys);
  CHECK(one.answer(SCMP_ARCH_X86_64, x32_bit + 521) == passed_on);
}

TEST_CASE("enosys: multiplexed calls count with their direct numbers") {
  const Prologue sockets(profile({"read", "socketcall", "socket"}), {SCMP_ARCH_X86});
  CHECK(sockets.answer(SCMP_ARCH_X86, 359) == passed_on);
  CHECK(sockets.answer(SCMP_ARCH_X86, 360) == enosys);
  const Prologue ipc(profile({"read", "msgctl", "socket"}), {SCMP_ARCH_MIPS});
  CHECK(ipc.answer(SCMP_ARCH_MIPS, 4402) == passed_on);
  CHECK(ipc.answer(SCMP_ARCH_MIPS, 4403) == enosys);
  CHECK(ipc.answer(SCMP_ARCH_MIPS, 4002) == passed_on);
  const Prologue multiplexer(profile({"socketcall"}), {SCMP_ARCH_X86});
  CHECK(multiplexer.answer(SCMP_ARCH_X86, 103) == enosys);
}

TEST_CASE("enosys: s390's number 0 stands for what its kernel does not know") {
  for (const std::uint32_t architecture : Architectures{SCMP_ARCH_S390, SCMP_ARCH_S390X}) {
    const Prologue prologue(profile({"read", "clone3"}), {architecture});
    CHECK(prologue.answer(architecture, 0) == enosys);
    CHECK(prologue.answer(architecture, 1) == passed_on);
    CHECK(prologue.answer(architecture, 435) == passed_on);
    CHECK(prologue.answer(architecture, 436) == enosys);
  }
}

TEST_CASE("enosys: a default action that lets calls through needs no prologue") {
  for (const Action action : {Action::allow, Action::log, Action::trace}) {
    CHECK(enosys_prologue(profile({"read"}, action), {SCMP_ARCH_AARCH64}).empty());
  }
  for (const Action action :
       {Action::kill, Action::kill_thread, Action::kill_process, Action::trap, Action::errno_}) {
    CHECK_FALSE(enosys_prologue(profile({"read"}, action), {SCMP_ARCH_AARCH64}).empty());
  }
}

TEST_CASE("enosys: a default errno of ENOSYS needs no prologue") {
  oci::Seccomp config = profile({"read"});
  config.default_errno_ret = ENOSYS;
  CHECK(enosys_prologue(config, {SCMP_ARCH_AARCH64}).empty());
  config.default_errno_ret = EACCES;
  CHECK_FALSE(enosys_prologue(config, {SCMP_ARCH_AARCH64}).empty());
}
