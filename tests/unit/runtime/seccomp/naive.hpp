// What a profile's rules say of one system call, read one by one: the meaning
// that a compiled filter is compared with.
#pragma once

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "oci-spec/config_linux.hpp"

namespace coracle::seccomp {

// config-linux.md#seccomp; without errnoRet it is EPERM.
inline std::uint32_t answer_of(oci::SeccompAction action, std::optional<std::uint32_t> errno_ret) {
  using Action = oci::SeccompAction;
  switch (action) {
    case Action::kill:
    case Action::kill_thread:
      return SECCOMP_RET_KILL_THREAD;
    case Action::kill_process:
      return SECCOMP_RET_KILL_PROCESS;
    case Action::trap:
      return SECCOMP_RET_TRAP;
    case Action::errno_:
      return SECCOMP_RET_ERRNO | errno_ret.value_or(EPERM);
    case Action::trace:
      return SECCOMP_RET_TRACE | errno_ret.value_or(EPERM);
    case Action::allow:
      return SECCOMP_RET_ALLOW;
    case Action::log:
      return SECCOMP_RET_LOG;
    case Action::notify:
      return SECCOMP_RET_USER_NOTIF;
  }
  return SECCOMP_RET_KILL_PROCESS;
}

inline bool holds(const oci::SeccompArg& arg, std::uint64_t actual) {
  using Operator = oci::SeccompOperator;
  switch (arg.op) {
    case Operator::not_equal:
      return actual != arg.value;
    case Operator::less:
      return actual < arg.value;
    case Operator::less_equal:
      return actual <= arg.value;
    case Operator::equal:
      return actual == arg.value;
    case Operator::greater_equal:
      return actual >= arg.value;
    case Operator::greater:
      return actual > arg.value;
    case Operator::masked_equal:
      return (actual & arg.value) == arg.value_two;
  }
  return false;
}

// `name`: empty for a number that is no system call's.
inline bool matches(const oci::SeccompSyscall& each, const std::string& name,
                    const seccomp_data& call) {
  return !name.empty() && std::ranges::find(each.names, name) != each.names.end() &&
         std::ranges::all_of(each.args, [&call](const oci::SeccompArg& arg) {
           return holds(arg, call.args[arg.index]);
         });
}

inline std::string name_of(std::uint32_t token, int number) {
  const std::unique_ptr<char, decltype([](char* text) { std::free(text); })> name(
      seccomp_syscall_resolve_num_arch(token, number));
  return name ? name.get() : "";
}

// x86 has numbers of their own for calls that socketcall(2) and ipc(2) multiplex; libseccomp tells
// them only the other way round, and for the name one that is negative.
inline int direct_number(std::uint32_t token, const std::string& name) {
  static std::map<std::pair<std::uint32_t, std::string>, int> known;
  const auto [found, is_new] = known.try_emplace({token, name}, -1);
  for (int number = 600; is_new && found->second < 0 && number > 0; --number)
    if (name_of(token, number) == name) found->second = number;
  return found->second;
}

// Nothing: the profile names no number of that architecture, so that none is newer.
inline std::optional<int> largest_number(const oci::Seccomp& config, std::uint32_t token) {
  int largest = -1;
  for (const oci::SeccompSyscall& each : config.syscalls) {
    for (const std::string& name : each.names) {
      const int number = seccomp_syscall_resolve_name_arch(token, name.c_str());
      const bool is_multiplexed = number <= -100;
      largest = std::max(largest, is_multiplexed ? direct_number(token, name) : number);
    }
  }
  return largest < 0 ? std::nullopt : std::optional(largest);
}

// Of profiles with an ENOSYS prologue, and whose rules for one call do not contradict each other.
inline std::uint32_t naive_answer(const oci::Seccomp& config, std::uint32_t token,
                                  const seccomp_data& call) {
  const std::optional<int> largest = largest_number(config, token);
  if (largest && call.nr > *largest) return SECCOMP_RET_ERRNO | ENOSYS;
  const std::string name = name_of(token, call.nr);
  for (const oci::SeccompSyscall& each : config.syscalls) {
    if (matches(each, name, call)) return answer_of(each.action, each.errno_ret);
  }
  return answer_of(config.default_action, config.default_errno_ret);
}

}  // namespace coracle::seccomp
