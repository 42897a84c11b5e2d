// Compiled filters, run by an interpreter and compared with their rules.
#include "runtime/seccomp/filter.hpp"

#include <doctest/doctest.h>
#include <errno.h>
#include <linux/audit.h>
#include <seccomp.h>

#include <algorithm>
#include <array>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "runtime/seccomp/architectures.hpp"
#include "tests/unit/runtime/seccomp/docker_profile.hpp"
#include "tests/unit/runtime/seccomp/interpreter.hpp"
#include "tests/unit/runtime/seccomp/naive.hpp"

namespace {

using namespace coracle;
using namespace coracle::seccomp;
using Action = oci::SeccompAction;
using Operator = oci::SeccompOperator;

constexpr std::uint32_t eperm = SECCOMP_RET_ERRNO | EPERM;
constexpr std::uint32_t enosys = SECCOMP_RET_ERRNO | ENOSYS;

// Without flags: what the running kernel takes plays no part.
oci::Seccomp profile(Action default_action, std::vector<oci::SeccompSyscall> rules) {
  oci::Seccomp config;
  config.default_action = default_action;
  config.flags.emplace();
  config.syscalls = std::move(rules);
  return config;
}

oci::SeccompSyscall rule(const std::string& names, Action action,
                         std::vector<oci::SeccompArg> args = {}) {
  return {.names = words(names), .action = action, .errno_ret = {}, .args = std::move(args)};
}

std::string refusal(const oci::Seccomp& config) {
  const auto filter = compile(config);
  return filter ? "" : filter.error().text();
}

// `token` is libseccomp's: it tells x32 from x86_64.
seccomp_data call_by_number(std::uint32_t token, int number) {
  seccomp_data call{};
  call.nr = number;
  call.arch = audit_architecture(token);
  return call;
}

seccomp_data native_call(const std::string& name) {
  return call_by_number(seccomp_arch_native(), seccomp_syscall_resolve_name(name.c_str()));
}

std::optional<std::uint32_t> native_answer(const oci::Seccomp& config, const std::string& name) {
  return evaluate(compile(config).value().program, native_call(name));
}

// Values at the edges of 32 bits, of 64 bits and of the profiles' conditions.
std::uint64_t pick_value(std::mt19937& random) {
  constexpr std::array<std::uint64_t, 14> edges = {
      0,          1,          7,          8,           9,           0x20000,   0x20008,
      0x7e020000, 0xfffffffe, 0xffffffff, 0x100000000, 0x100000008, ~0ULL - 1, ~0ULL};
  if (random() % 4 == 0) return std::uint64_t{random()} << 32 | random();
  return edges.at(random() % edges.size());
}

}  // namespace

TEST_CASE("filter: Docker's profile answers as its rules do, on every architecture") {
  oci::Seccomp config = docker_profile();
  config.flags.emplace();
  if (seccomp_arch_native() != SCMP_ARCH_X86_64) config.architectures.clear();
  const Filter filter = compile(config).value();
  const auto tokens = architecture_tokens(config.architectures).value();
  std::mt19937 random(1);
  for (const std::uint32_t token : tokens) {
    const std::uint32_t base = token == SCMP_ARCH_X32 ? x32_bit : 0;
    for (std::uint32_t number = base; number < base + 600; ++number) {
      for (int repeat = 0; repeat < 8; ++repeat) {
        seccomp_data call = call_by_number(token, static_cast<int>(number));
        for (auto& value : call.args) {
          value = pick_value(random);
          // libseccomp compares 32 bits where pointers have 32, x32 included.
          if (token == SCMP_ARCH_X86 || token == SCMP_ARCH_X32) value &= 0xffffffff;
        }
        const auto answer = evaluate(filter.program, call);
        const std::uint32_t expected = naive_answer(config, token, call);
        if (answer != expected) {
          FAIL("architecture " << token << " number " << number << " arg 0 " << call.args[0]
                               << " answered " << answer.value_or(0) << " not " << expected);
        }
      }
    }
  }
}

TEST_CASE("filter: an architecture that is not named is killed") {
  oci::Seccomp config = profile(Action::allow, {rule("read", Action::errno_)});
  const Filter filter = compile(config).value();
  CHECK(evaluate(filter.program, call_by_number(SCMP_ARCH_S390 ^ 0x100, 0)) ==
        SECCOMP_RET_KILL_THREAD);
}

TEST_CASE("filter: the native architecture is there without being named") {
  const oci::Seccomp config = profile(Action::allow, {rule("read", Action::errno_)});
  CHECK(native_answer(config, "read") == eperm);
  CHECK(native_answer(config, "write") == SECCOMP_RET_ALLOW);
}

TEST_CASE("filter: rules hold on every architecture of the native byte order") {
  int compiled = 0;
  for (const std::string& name : known_architectures()) {
    oci::Seccomp config = profile(Action::allow, {rule("read", Action::errno_)});
    config.architectures = {name};
    const auto filter = compile(config);
    if (!filter) {
      CHECK(filter.error().text().starts_with("/linux/seccomp/architectures: combine " + name));
      continue;
    }
    ++compiled;
    const std::uint32_t token = architecture_tokens({name}).value().back();
    const auto answer = [&filter, token](const char* call) {
      const int number = seccomp_syscall_resolve_name_arch(token, call);
      return evaluate(filter->program, call_by_number(token, number));
    };
    CHECK(answer("read") == eperm);
    CHECK(answer("write") == SECCOMP_RET_ALLOW);
  }
  CHECK(compiled >= 8);
}

TEST_CASE("filter: every operator compares all 64 bits") {
  std::mt19937 random(2);
  for (const Operator op :
       {Operator::not_equal, Operator::less, Operator::less_equal, Operator::equal,
        Operator::greater_equal, Operator::greater, Operator::masked_equal}) {
    for (int round = 0; round < 40; ++round) {
      oci::SeccompArg arg{.index = static_cast<std::uint32_t>(round % 6),
                          .value = pick_value(random),
                          .value_two = 0,
                          .op = op};
      if (op == Operator::masked_equal) arg.value_two = arg.value & pick_value(random);
      const auto config = profile(Action::allow, {rule("read", Action::errno_, {arg})});
      const std::vector<sock_filter> program = compile(config).value().program;
      for (int call_number = 0; call_number < 60; ++call_number) {
        seccomp_data call = native_call("read");
        call.args[arg.index] = pick_value(random);
        if (random() % 4 == 0) call.args[arg.index] = arg.value;
        const auto answer = evaluate(program, call);
        const bool expected = holds(arg, call.args[arg.index]);
        INFO("operator " << static_cast<int>(op) << " value " << arg.value << " two "
                         << arg.value_two << " actual " << call.args[arg.index]);
        CHECK(answer == (expected ? eperm : SECCOMP_RET_ALLOW));
      }
    }
  }
}

TEST_CASE("filter: conditions on several arguments must all hold") {
  const auto config =
      profile(Action::allow,
              {rule("read", Action::errno_, {{.index = 0, .value = 5}, {.index = 2, .value = 6}})});
  const std::vector<sock_filter> program = compile(config).value().program;
  seccomp_data call = native_call("read");
  call.args[0] = 5;
  CHECK(evaluate(program, call) == SECCOMP_RET_ALLOW);
  call.args[2] = 6;
  CHECK(evaluate(program, call) == eperm);
  call.args[0] = 4;
  CHECK(evaluate(program, call) == SECCOMP_RET_ALLOW);
}

TEST_CASE("filter: of conditions on one argument any suffices") {
  const auto config = profile(
      Action::allow,
      {rule("read", Action::errno_,
            {{.index = 0, .value = 5}, {.index = 0, .value = 7}, {.index = 1, .value = 9}})});
  const std::vector<sock_filter> program = compile(config).value().program;
  seccomp_data call = native_call("read");
  CHECK(evaluate(program, call) == SECCOMP_RET_ALLOW);
  call.args[0] = 7;
  CHECK(evaluate(program, call) == eperm);
  call.args[0] = 0;
  call.args[1] = 9;
  CHECK(evaluate(program, call) == eperm);
}

TEST_CASE("filter: an argument index beyond 5 is refused") {
  CHECK(refusal(profile(Action::allow, {rule("read", Action::errno_, {{.index = 6}})})) ==
        "/linux/seccomp/syscalls/0/args: index 6 is not in [0, 6)");
}

TEST_CASE("filter: every action has the kernel's answer") {
  const auto answer = [](Action action) {
    return native_answer(profile(Action::log, {rule("read", action)}), "read");
  };
  CHECK(answer(Action::kill) == SECCOMP_RET_KILL_THREAD);
  CHECK(answer(Action::kill_thread) == SECCOMP_RET_KILL_THREAD);
  CHECK(answer(Action::kill_process) == SECCOMP_RET_KILL_PROCESS);
  CHECK(answer(Action::trap) == SECCOMP_RET_TRAP);
  CHECK(answer(Action::errno_) == eperm);
  CHECK(answer(Action::trace) == (SECCOMP_RET_TRACE | EPERM));
  CHECK(answer(Action::allow) == SECCOMP_RET_ALLOW);
  CHECK(answer(Action::log) == SECCOMP_RET_LOG);
}

TEST_CASE("filter: the default action is that of the profile") {
  for (const auto& [action, expected] :
       {std::pair{Action::kill, SECCOMP_RET_KILL_THREAD},
        std::pair{Action::kill_process, SECCOMP_RET_KILL_PROCESS},
        std::pair{Action::trap, SECCOMP_RET_TRAP}, std::pair{Action::errno_, eperm},
        std::pair{Action::trace, SECCOMP_RET_TRACE | EPERM},
        std::pair{Action::log, SECCOMP_RET_LOG}}) {
    CHECK(native_answer(profile(action, {rule("write clone3", Action::allow)}), "read") ==
          static_cast<std::uint32_t>(expected));
  }
}

TEST_CASE("filter: errnoRet and defaultErrnoRet are returned") {
  oci::Seccomp config = profile(Action::errno_, {rule("write clone3", Action::errno_)});
  config.default_errno_ret = EACCES;
  config.syscalls[0].errno_ret = EXDEV;
  CHECK(native_answer(config, "write") == (SECCOMP_RET_ERRNO | EXDEV));
  CHECK(native_answer(config, "read") == (SECCOMP_RET_ERRNO | EACCES));
  config.syscalls[0] = rule("write", Action::trace);
  config.syscalls[0].errno_ret = 0xffff;
  CHECK(native_answer(config, "write") == (SECCOMP_RET_TRACE | 0xffff));
}

TEST_CASE("filter: an errnoRet that the action cannot return is refused") {
  oci::Seccomp config = profile(Action::errno_, {rule("read", Action::allow)});
  config.syscalls[0].errno_ret = 1;
  CHECK(refusal(config) == "/linux/seccomp/syscalls/0/errnoRet: SCMP_ACT_ALLOW takes no errno");
  config = profile(Action::kill, {});
  config.default_errno_ret = 1;
  CHECK(refusal(config) == "/linux/seccomp/defaultErrnoRet: SCMP_ACT_KILL takes no errno");
  config = profile(Action::errno_, {});
  config.default_errno_ret = 5000;
  CHECK(refusal(config) == "/linux/seccomp/defaultErrnoRet: 5000 is not below 4095");
}

TEST_CASE("filter: a rule that repeats the default action is skipped") {
  const oci::Seccomp config =
      profile(Action::errno_, {rule("read", Action::errno_), rule("write clone3", Action::allow)});
  CHECK(native_answer(config, "read") == eperm);
  CHECK(refusal(profile(Action::kill, {rule("read", Action::kill_thread)})).empty());
}

TEST_CASE("filter: no rules at all leave the default action") {
  CHECK(native_answer(profile(Action::allow, {}), "read") == SECCOMP_RET_ALLOW);
  CHECK(native_answer(profile(Action::errno_, {}), "read") == eperm);
}

TEST_CASE("filter: unknown system calls are refused on demand") {
  const auto refused = compile(profile(Action::allow, {rule("read bogus", Action::errno_)}),
                               UnknownSyscalls::refuse);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().text().starts_with("/linux/seccomp: libseccomp "));
  CHECK(refused.error().text().ends_with(" does not know: bogus"));
}

TEST_CASE("filter: unknown system calls are ignored with one warning") {
  const Filter filter = compile(profile(Action::allow, {rule("nonsense", Action::errno_),
                                                        rule("read bogus", Action::kill)}))
                            .value();
  REQUIRE(filter.warnings.size() == 1);
  CHECK(filter.warnings[0].ends_with(": bogus, nonsense"));
  CHECK(evaluate(filter.program, native_call("read")) == SECCOMP_RET_KILL_THREAD);
}

TEST_CASE("filter: what lies below the direct number of a multiplexed call is no newcomer") {
  oci::Seccomp config = profile(Action::errno_, {rule("read accept4", Action::allow)});
  config.architectures = {"SCMP_ARCH_X86"};
  const Filter filter = compile(config).value();
  // accept4(2) is 364 there, connect(2) 362.
  for (const auto& [number, answer] : {std::pair(362, eperm), std::pair(365, enosys)}) {
    const seccomp_data call = call_by_number(SCMP_ARCH_X86, number);
    CHECK(evaluate(filter.program, call) == answer);
    CHECK(naive_answer(config, SCMP_ARCH_X86, call) == answer);
  }
}

TEST_CASE("filter: nothing is newer than a profile without a number of that architecture") {
  oci::Seccomp config = profile(Action::errno_, {rule("accept", Action::allow)});
  config.architectures = {"SCMP_ARCH_X86"};  // which has accept(2) as a socketcall(2) alone
  const Filter filter = compile(config).value();
  const seccomp_data call = call_by_number(SCMP_ARCH_X86, 364);
  CHECK(evaluate(filter.program, call) == eperm);
  CHECK(naive_answer(config, SCMP_ARCH_X86, call) == eperm);
}

TEST_CASE("filter: an empty name is not that of the numbers that have none") {
  oci::SeccompSyscall nameless = rule("read", Action::allow);
  nameless.names = {""};
  const oci::Seccomp config =
      profile(Action::errno_, {nameless, rule("clone3 read", Action::allow)});
  const std::uint32_t token = seccomp_arch_native();
  const seccomp_data call = call_by_number(token, 400);
  REQUIRE(name_of(token, call.nr).empty());
  CHECK(evaluate(compile(config).value().program, call) == eperm);
  CHECK(naive_answer(config, token, call) == eperm);
}

TEST_CASE("filter: NOTIFY needs a listener and leaves write alone") {
  oci::Seccomp config = profile(Action::allow, {rule("mkdirat", Action::notify)});
  CHECK(refusal(config).find("seccomp listenerPath is not set") != std::string::npos);
  config.listener_path = "/run/agent.sock";
  CHECK(compile(config).value().notifies);
  CHECK(native_answer(config, "mkdirat") == SECCOMP_RET_USER_NOTIF);
  config.syscalls.push_back(rule("read write", Action::notify));
  CHECK(refusal(config) ==
        "/linux/seccomp/syscalls/1: SCMP_ACT_NOTIFY cannot be used for the write syscall");
  config.syscalls.clear();
  CHECK_FALSE(compile(config).value().notifies);
  config.default_action = Action::notify;
  CHECK(refusal(config) ==
        "/linux/seccomp/defaultAction: SCMP_ACT_NOTIFY cannot be used as default action");
}

TEST_CASE("filter: an empty list of flags means none") {
  CHECK(compile(profile(Action::allow, {})).value().flags == 0);
}

TEST_CASE("filter: WAIT_KILLABLE_RECV is ignored where nothing notifies") {
  const std::vector<std::string> supported = supported_flags();
  const std::string name = "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV";
  oci::Seccomp config = profile(Action::allow, {});
  config.flags->push_back(oci::SeccompFlag::wait_killable_recv);
  if (std::ranges::find(supported, name) == supported.end()) {
    CHECK(refusal(config) == "/linux/seccomp/flags: the kernel does not support " + name);
    return;
  }
  CHECK(compile(config).value().flags == 0);
  CHECK(compile(config).value().warnings.size() == 1);
  config.syscalls.push_back(rule("mkdirat", Action::notify));
  config.listener_path = "/run/agent.sock";
  CHECK(compile(config).value().flags == SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
}

TEST_CASE("filter: a program longer than the kernel's limit is refused") {
  oci::Seccomp config = profile(Action::allow, {});
  for (std::uint64_t value = 0; value < 2000; ++value) {
    config.syscalls.push_back(
        rule("read", Action::errno_, {{.index = 0, .value = value << 32 | value}}));
  }
  CHECK(refusal(config).ends_with("more than the kernel's 4096"));
}
