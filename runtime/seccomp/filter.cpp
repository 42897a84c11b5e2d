// linux.seccomp -> a BPF program, by libseccomp.  Spec: config-linux.md#seccomp
#include "runtime/seccomp/filter.hpp"

#include <errno.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <set>
#include <type_traits>

#include "runtime/base/strings.hpp"
#include "runtime/seccomp/architectures.hpp"
#include "runtime/seccomp/enosys.hpp"
#include "runtime/seccomp/support.hpp"
#include "runtime/sys/files.hpp"

namespace coracle::seccomp {
namespace {

using oci::SeccompAction;

using Context =
    std::unique_ptr<std::remove_pointer_t<scmp_filter_ctx>,
                    decltype([](scmp_filter_ctx context) { seccomp_release(context); })>;

constexpr std::uint32_t argument_count = 6;
// libseccomp refuses larger errno values; the kernel would cut them.
constexpr std::uint32_t errno_end = 4095;
constexpr std::uint32_t trace_end = 1 << 16;

// Rules from here on are compiled to a binary tree of system call numbers;
// libseccomp before 2.5.5 makes a wrong one when there are none at all.
constexpr std::size_t tree_worthwhile = 33;

// What is the same for every rule.
struct Rules {
  scmp_filter_ctx context = nullptr;
  std::uint32_t default_action = 0;
  std::set<std::string> unknown;  // names that libseccomp does not have
};

std::string rule_pointer(std::size_t index) {
  return "/linux/seccomp/syscalls/" + std::to_string(index);
}

bool notifies(const oci::Seccomp& config) {
  return std::ranges::any_of(config.syscalls, [](const oci::SeccompSyscall& rule) {
    return rule.action == SeccompAction::notify;
  });
}

// `base` with a value in its lower half, EPERM when the profile gives none.
Result<std::uint32_t> with_value(std::uint32_t base, std::optional<std::uint32_t> value,
                                 std::uint32_t end, const std::string& pointer) {
  const std::uint32_t actual = value.value_or(EPERM);
  if (actual >= end) {
    return fail(pointer + ": " + std::to_string(actual) + " is not below " + std::to_string(end));
  }
  return base | actual;
}

// libseccomp's number for `action`; `pointer` is where `value` stands.
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

using Conditions = std::vector<scmp_arg_cmp>;  // all must hold

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

Result<void> add_rule(Rules& rules, const oci::SeccompSyscall& rule, const std::string& pointer) {
  const std::uint32_t action =
      TRY(action_number(rule.action, rule.errno_ret, pointer + "/errnoRet"));
  const auto alternatives = TRY(conditions_of(rule, pointer));
  // libseccomp refuses a rule that changes nothing.
  if (action == rules.default_action) return {};
  for (const std::string& name : rule.names) {
    const int number = seccomp_syscall_resolve_name(name.c_str());
    if (number == __NR_SCMP_ERROR) {
      rules.unknown.insert(name);
      continue;
    }
    for (const Conditions& conditions : alternatives) {
      const int result =
          seccomp_rule_add_array(rules.context, action, number,
                                 static_cast<unsigned int>(conditions.size()), conditions.data());
      if (result < 0) {
        return fail_errno(pointer + ": add a rule for system call " + in_quotes(name), -result);
      }
    }
  }
  return {};
}

Result<void> add_architectures(scmp_filter_ctx context, const std::vector<std::uint32_t>& tokens,
                               const std::vector<std::string>& names) {
  for (const std::uint32_t token : tokens) {
    const int result = seccomp_arch_add(context, token);
    // The native one is there from the beginning.
    if (result < 0 && result != -EEXIST) {
      return fail_errno("/linux/seccomp/architectures: combine " + join(names, ", ") +
                            " with the native byte order",
                        -result);
    }
  }
  return {};
}

Result<void> add_rules(Rules& rules, const oci::Seccomp& config) {
  std::size_t count = 0;
  for (const oci::SeccompSyscall& rule : config.syscalls) count += rule.names.size();
  if (count >= tree_worthwhile) {
    const int result = seccomp_attr_set(rules.context, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (result < 0) return fail_errno("make seccomp's binary tree", -result);
  }
  for (std::size_t i = 0; i < config.syscalls.size(); ++i) {
    TRY(add_rule(rules, config.syscalls[i], rule_pointer(i)));
  }
  return {};
}

// libseccomp writes programs to descriptors only (2.6 knows memory, 2.5 not).
Result<std::vector<sock_filter>> export_program(scmp_filter_ctx context) {
  const sys::Fd file(::memfd_create("seccomp", MFD_CLOEXEC));
  if (!file) return fail_errno("memfd_create seccomp");
  const int result = seccomp_export_bpf(context, file.get());
  if (result < 0) return fail_errno("compile the seccomp filter", -result);
  if (::lseek(file.get(), 0, SEEK_SET) < 0) return fail_errno("lseek seccomp");
  const std::string bytes = TRY(sys::read_all(file).context("compiled seccomp filter"));
  std::vector<sock_filter> program(bytes.size() / sizeof(sock_filter));
  std::memcpy(program.data(), bytes.data(), program.size() * sizeof(sock_filter));
  return program;
}

// Without the property SPEC_ALLOW holds, where the kernel has it: the
// mitigation that it turns off costs more than the filter.
Result<unsigned int> filter_flags(const oci::Seccomp& config, std::vector<std::string>& warnings) {
  if (!config.flags) {
    const auto usual = oci::SeccompFlag::spec_allow;
    return kernel_takes(usual) ? flag_bits(usual) : 0U;
  }
  unsigned int bits = 0;
  for (const oci::SeccompFlag flag : *config.flags) {
    if (!kernel_takes(flag)) {
      return fail("/linux/seccomp/flags: the kernel does not support " + flag_name(flag));
    }
    if (flag == oci::SeccompFlag::wait_killable_recv && !notifies(config)) {
      warnings.push_back("seccomp flag " + flag_name(flag) + " means nothing without " +
                         action_name(SeccompAction::notify) + ": ignored");
      continue;
    }
    bits |= flag_bits(flag);
  }
  return bits;
}

// Warnings, or the refusal.
Result<std::vector<std::string>> judge_unknown(const std::set<std::string>& unknown,
                                               UnknownSyscalls verdict) {
  if (unknown.empty()) return std::vector<std::string>();
  const std::string names = join({unknown.begin(), unknown.end()}, ", ");
  const std::string library = "libseccomp " + library_version() + " does not know";
  if (verdict == UnknownSyscalls::refuse) return fail("/linux/seccomp: " + library + ": " + names);
  return std::vector<std::string>{"seccomp: " + library + ", and rules ignore: " + names};
}

Result<std::vector<sock_filter>> with_prologue(std::vector<sock_filter> prologue,
                                               const std::vector<sock_filter>& filter) {
  prologue.insert(prologue.end(), filter.begin(), filter.end());
  if (prologue.size() > BPF_MAXINSNS) {
    return fail("/linux/seccomp: the filter has " + std::to_string(prologue.size()) +
                " instructions, more than the kernel's " + std::to_string(BPF_MAXINSNS));
  }
  return prologue;
}

}  // namespace

// Engines and their tests know these sentences from runc.
Result<void> check(const oci::Seccomp& config) {
  if (config.default_action == SeccompAction::notify) {
    return fail("/linux/seccomp/defaultAction: SCMP_ACT_NOTIFY cannot be used as default action");
  }
  for (std::size_t i = 0; i < config.syscalls.size(); ++i) {
    const oci::SeccompSyscall& rule = config.syscalls[i];
    const bool names_write = std::ranges::find(rule.names, "write") != rule.names.end();
    // The container could not even tell the host that its listener is there.
    if (rule.action == SeccompAction::notify && names_write) {
      return fail(rule_pointer(i) + ": SCMP_ACT_NOTIFY cannot be used for the write syscall");
    }
  }
  if (notifies(config) && config.listener_path.empty()) {
    return fail("/linux/seccomp: seccomp listenerPath is not set, but SCMP_ACT_NOTIFY needs it");
  }
  return {};
}

Result<Filter> compile(const oci::Seccomp& config, UnknownSyscalls unknown) {
  TRY(check(config));
  const std::vector<std::uint32_t> tokens = TRY(architecture_tokens(config.architectures));
  const std::uint32_t default_action = TRY(action_number(
      config.default_action, config.default_errno_ret, "/linux/seccomp/defaultErrnoRet"));
  const Context context(seccomp_init(default_action));
  if (!context) {
    return fail("/linux/seccomp/defaultAction: the kernel does not support " +
                action_name(config.default_action));
  }
  TRY(add_architectures(context.get(), tokens, config.architectures));
  Rules rules{.context = context.get(), .default_action = default_action, .unknown = {}};
  TRY(add_rules(rules, config));
  const std::vector<sock_filter> program = TRY(export_program(context.get()));

  Filter filter;
  filter.program = TRY(with_prologue(enosys_prologue(config, tokens), program));
  filter.notifies = notifies(config);
  filter.warnings = TRY(judge_unknown(rules.unknown, unknown));
  filter.flags = TRY(filter_flags(config, filter.warnings));
  return filter;
}

}  // namespace coracle::seccomp
