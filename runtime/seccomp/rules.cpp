// Rules, actions and conditions of a profile -> libseccomp's numbers.
#include "runtime/seccomp/rules.hpp"

#include <errno.h>

#include "runtime/base/strings.hpp"
#include "runtime/seccomp/support.hpp"

namespace coracle::seccomp {
namespace {

using oci::SeccompAction;

constexpr std::uint32_t argument_count = 6;
// libseccomp refuses larger errno values; the kernel would cut them.
constexpr std::uint32_t errno_end = 4095;
constexpr std::uint32_t trace_end = 1 << 16;

// `base` with a value in its lower half, EPERM when the profile gives none.
Result<std::uint32_t> with_value(std::uint32_t base, std::optional<std::uint32_t> value,
                                 std::uint32_t end, const std::string& pointer) {
  const std::uint32_t actual = value.value_or(EPERM);
  if (actual >= end) {
    return fail(pointer + ": " + std::to_string(actual) + " is not below " + std::to_string(end));
  }
  return base | actual;
}

scmp_compare compare_of(oci::SeccompOperator op) {
  switch (op) {
    case oci::SeccompOperator::not_equal:
      return SCMP_CMP_NE;
    case oci::SeccompOperator::less:
      return SCMP_CMP_LT;
    case oci::SeccompOperator::less_equal:
      return SCMP_CMP_LE;
    case oci::SeccompOperator::equal:
      return SCMP_CMP_EQ;
    case oci::SeccompOperator::greater_equal:
      return SCMP_CMP_GE;
    case oci::SeccompOperator::greater:
      return SCMP_CMP_GT;
    case oci::SeccompOperator::masked_equal:
      return SCMP_CMP_MASKED_EQ;
  }
  return SCMP_CMP_EQ;
}

// libseccomp takes one condition an argument.  Profiles with several on the
// same one were written for runtimes that made a rule of each, so that any of
// them suffices; Docker's and runc's meaning has stayed that.
Result<std::vector<Conditions>> conditions_of(const oci::SeccompSyscall& rule,
                                              const std::string& pointer) {
  Conditions all;
  std::set<std::uint32_t> indices;
  for (const oci::SeccompArg& arg : rule.args) {
    if (arg.index >= argument_count) {
      return fail(pointer + "/args: index " + std::to_string(arg.index) + " is not in [0, 6)");
    }
    indices.insert(arg.index);
    all.push_back({.arg = arg.index,
                   .op = compare_of(arg.op),
                   .datum_a = arg.value,
                   .datum_b = arg.value_two});
  }
  if (indices.size() == all.size()) return std::vector<Conditions>{all};
  std::vector<Conditions> separate;
  for (const scmp_arg_cmp& condition : all) separate.push_back({condition});
  return separate;
}

// Puts those that libseccomp does not have into `unknown`.
std::vector<Rule::Call> calls_of(const std::vector<std::string>& names,
                                 std::set<std::string>& unknown) {
  std::vector<Rule::Call> calls;
  for (const std::string& name : names) {
    const int number = seccomp_syscall_resolve_name(name.c_str());
    if (number == __NR_SCMP_ERROR) {
      unknown.insert(name);
    } else {
      calls.push_back({.name = name, .number = number});
    }
  }
  return calls;
}

}  // namespace

std::string rule_pointer(std::size_t index) {
  return "/linux/seccomp/syscalls/" + std::to_string(index);
}

Result<std::uint32_t> action_number(SeccompAction action, std::optional<std::uint32_t> value,
                                    const std::string& pointer) {
  if (value && action != SeccompAction::errno_ && action != SeccompAction::trace) {
    return fail(pointer + ": " + action_name(action) + " takes no errno");
  }
  switch (action) {
    case SeccompAction::kill:
    case SeccompAction::kill_thread:
      return SCMP_ACT_KILL_THREAD;
    case SeccompAction::kill_process:
      return SCMP_ACT_KILL_PROCESS;
    case SeccompAction::trap:
      return SCMP_ACT_TRAP;
    case SeccompAction::errno_:
      return with_value(SCMP_ACT_ERRNO(0), value, errno_end, pointer);
    case SeccompAction::trace:
      return with_value(SCMP_ACT_TRACE(0), value, trace_end, pointer);
    case SeccompAction::allow:
      return SCMP_ACT_ALLOW;
    case SeccompAction::log:
      return SCMP_ACT_LOG;
    case SeccompAction::notify:
      return SCMP_ACT_NOTIFY;
  }
  return SCMP_ACT_KILL_THREAD;
}

Result<Rules> rules_of(const oci::Seccomp& config, std::uint32_t default_action) {
  Rules made;
  for (std::size_t i = 0; i < config.syscalls.size(); ++i) {
    const oci::SeccompSyscall& rule = config.syscalls[i];
    const std::string pointer = rule_pointer(i);
    const auto action = TRY(action_number(rule.action, rule.errno_ret, pointer + "/errnoRet"));
    auto alternatives = TRY(conditions_of(rule, pointer));
    if (action == default_action) continue;
    made.rules.push_back({.pointer = pointer,
                          .action = action,
                          .calls = calls_of(rule.names, made.unknown),
                          .alternatives = std::move(alternatives)});
  }
  return made;
}

}  // namespace coracle::seccomp
