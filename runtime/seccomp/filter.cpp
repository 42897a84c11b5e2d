// linux.seccomp -> a BPF program, by libseccomp.  Spec: config-linux.md#seccomp
#include "runtime/seccomp/filter.hpp"

#include <errno.h>
#include <seccomp.h>
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
#include "runtime/seccomp/dispatch.hpp"
#include "runtime/seccomp/enosys.hpp"
#include "runtime/seccomp/rules.hpp"
#include "runtime/seccomp/support.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/memfd.hpp"

namespace coracle::seccomp {
namespace {

using oci::SeccompAction;

using Context =
    std::unique_ptr<std::remove_pointer_t<scmp_filter_ctx>,
                    decltype([](scmp_filter_ctx context) { seccomp_release(context); })>;

// Rules from here on are compiled to a binary tree of system call numbers;
// libseccomp before 2.5.5 makes a wrong one when there are none at all.
constexpr std::size_t tree_worthwhile = 33;

bool notifies(const oci::Seccomp& config) {
  return std::ranges::any_of(config.syscalls, [](const oci::SeccompSyscall& rule) {
    return rule.action == SeccompAction::notify;
  });
}

Result<void> add_rule(scmp_filter_ctx context, const Rule& rule) {
  for (const Rule::Call& call : rule.calls) {
    for (const Conditions& conditions : rule.alternatives) {
      const int result =
          seccomp_rule_add_array(context, rule.action, call.number,
                                 static_cast<unsigned int>(conditions.size()), conditions.data());
      if (result < 0) {
        return fail_errno(rule.pointer + ": add a rule for system call " + in_quotes(call.name),
                          -result);
      }
    }
  }
  return {};
}

// Whether `token` has enough of the rules' calls for a tree.
bool is_tree_worthwhile(const std::vector<Rule>& rules, std::uint32_t token) {
  std::size_t count = 0;
  for (const Rule& rule : rules) {
    for (const Rule::Call& call : rule.calls) {
      if (seccomp_syscall_resolve_name_arch(token, call.name.c_str()) >= 0) ++count;
      if (count == tree_worthwhile) return true;
    }
  }
  return false;
}

Result<void> add_rules(scmp_filter_ctx context, const std::vector<Rule>& rules,
                       std::uint32_t token) {
  if (is_tree_worthwhile(rules, token)) {
    const int result = seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (result < 0) return fail_errno("make seccomp's binary tree", -result);
  }
  for (const Rule& rule : rules) TRY(add_rule(context, rule));
  return {};
}

// libseccomp writes programs to descriptors only (2.6 knows memory, 2.5 not).
Result<std::vector<sock_filter>> export_program(scmp_filter_ctx context) {
  const sys::Fd file = TRY(sys::make_memfd("seccomp", sys::MemfdUse::data));
  const int result = seccomp_export_bpf(context, file.get());
  if (result < 0) return fail_errno("compile the seccomp filter", -result);
  if (::lseek(file.get(), 0, SEEK_SET) < 0) return fail_errno("lseek seccomp");
  const std::string bytes = TRY(sys::read_all(file).context("compiled seccomp filter"));
  std::vector<sock_filter> program(bytes.size() / sizeof(sock_filter));
  std::memcpy(program.data(), bytes.data(), program.size() * sizeof(sock_filter));
  return program;
}

// Has the native architecture from its beginning.
Result<Context> make_context(std::uint32_t default_action, SeccompAction name) {
  Context context(seccomp_init(default_action));
  if (!context) {
    return fail("/linux/seccomp/defaultAction: the kernel does not support " + action_name(name));
  }
  return context;
}

// One program cannot serve two byte orders.
Result<void> check_byte_orders(const Context& context, const std::vector<std::uint32_t>& tokens,
                               const std::vector<std::string>& names) {
  for (const std::uint32_t token : tokens) {
    const int result = seccomp_arch_add(context.get(), token);
    if (result < 0 && result != -EEXIST) {
      return fail_errno("/linux/seccomp/architectures: combine " + join(names, ", ") +
                            " with the native byte order",
                        -result);
    }
  }
  return {};
}

Result<void> set_architecture(const Context& context, std::uint32_t token) {
  const std::uint32_t native = seccomp_arch_native();
  if (token == native) return {};
  int result = seccomp_arch_add(context.get(), token);
  if (result == 0) result = seccomp_arch_remove(context.get(), native);
  if (result < 0) return fail_errno("replace seccomp's native architecture", -result);
  return {};
}

Result<std::vector<sock_filter>> compile_all(const oci::Seccomp& config,
                                             std::uint32_t default_action,
                                             const std::vector<std::uint32_t>& tokens,
                                             const std::vector<Rule>& rules) {
  const Context scratch = TRY(make_context(default_action, config.default_action));
  TRY(check_byte_orders(scratch, tokens, config.architectures));
  std::vector<ArchitectureProgram> programs;
  for (const std::uint32_t token : tokens) {
    const Context context = TRY(make_context(default_action, config.default_action));
    TRY(set_architecture(context, token));
    TRY(add_rules(context.get(), rules, token));
    programs.push_back({.token = token, .program = TRY(export_program(context.get()))});
  }
  return dispatch(programs);
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
  const Rules rules = TRY(rules_of(config, default_action));
  const auto program = TRY(compile_all(config, default_action, tokens, rules.rules));

  Filter filter;
  filter.program = TRY(with_prologue(enosys_prologue(config, tokens), program));
  filter.notifies = notifies(config);
  filter.warnings = TRY(judge_unknown(rules.unknown, unknown));
  filter.flags = TRY(filter_flags(config, filter.warnings));
  return filter;
}

}  // namespace coracle::seccomp
