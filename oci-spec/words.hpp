// The words of config.json for its closed sets, one table per enum.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "oci-spec/config.hpp"

namespace coracle::oci {

template <class E>
struct Word {
  std::string_view text;
  E value;
};

// Specialised with a `static constexpr std::array table` of Word<E>.  An alias
// stands after the word that is written for its value.
template <class E>
struct Words;

// The word for `value`.
template <class E>
constexpr std::string_view word(E value) {
  for (const Word<E>& each : Words<E>::table)
    if (each.value == value) return each.text;
  return {};
}

// The value that `text` stands for.
template <class E>
constexpr std::optional<E> from_word(std::string_view text) {
  for (const Word<E>& each : Words<E>::table)
    if (each.text == text) return each.value;
  return std::nullopt;
}

// "one of pid, network, mount", for errors.
template <class E>
std::string any_word() {
  std::string text = "one of ";
  for (const Word<E>& each : Words<E>::table) {
    if (&each != Words<E>::table.data()) text += ", ";
    text += each.text;
  }
  return text;
}

// --- process ----------------------------------------------------------------

template <>
struct Words<SchedulerPolicy> {
  static constexpr std::array table = std::to_array<Word<SchedulerPolicy>>({
      {"SCHED_OTHER", SchedulerPolicy::other},
      {"SCHED_FIFO", SchedulerPolicy::fifo},
      {"SCHED_RR", SchedulerPolicy::rr},
      {"SCHED_BATCH", SchedulerPolicy::batch},
      {"SCHED_ISO", SchedulerPolicy::iso},
      {"SCHED_IDLE", SchedulerPolicy::idle},
      {"SCHED_DEADLINE", SchedulerPolicy::deadline},
  });
};

template <>
struct Words<SchedulerFlag> {
  static constexpr std::array table = std::to_array<Word<SchedulerFlag>>({
      {"SCHED_FLAG_RESET_ON_FORK", SchedulerFlag::reset_on_fork},
      {"SCHED_FLAG_RECLAIM", SchedulerFlag::reclaim},
      {"SCHED_FLAG_DL_OVERRUN", SchedulerFlag::dl_overrun},
      {"SCHED_FLAG_KEEP_POLICY", SchedulerFlag::keep_policy},
      {"SCHED_FLAG_KEEP_PARAMS", SchedulerFlag::keep_params},
      {"SCHED_FLAG_UTIL_CLAMP_MIN", SchedulerFlag::util_clamp_min},
      {"SCHED_FLAG_UTIL_CLAMP_MAX", SchedulerFlag::util_clamp_max},
  });
};

template <>
struct Words<IoPriorityClass> {
  static constexpr std::array table = std::to_array<Word<IoPriorityClass>>({
      {"IOPRIO_CLASS_RT", IoPriorityClass::real_time},
      {"IOPRIO_CLASS_BE", IoPriorityClass::best_effort},
      {"IOPRIO_CLASS_IDLE", IoPriorityClass::idle},
  });
};

// --- linux ------------------------------------------------------------------

template <>
struct Words<NamespaceType> {
  static constexpr std::array table = std::to_array<Word<NamespaceType>>({
      {"pid", NamespaceType::pid},
      {"network", NamespaceType::network},
      {"mount", NamespaceType::mount},
      {"ipc", NamespaceType::ipc},
      {"uts", NamespaceType::uts},
      {"user", NamespaceType::user},
      {"cgroup", NamespaceType::cgroup},
      {"time", NamespaceType::time},
  });
};

template <>
struct Words<DeviceType> {
  static constexpr std::array table = std::to_array<Word<DeviceType>>({
      {"c", DeviceType::character},
      {"u", DeviceType::character},
      {"b", DeviceType::block},
      {"p", DeviceType::fifo},
  });
};

template <>
struct Words<DeviceRuleType> {
  static constexpr std::array table = std::to_array<Word<DeviceRuleType>>({
      {"a", DeviceRuleType::all},
      {"c", DeviceRuleType::character},
      {"b", DeviceRuleType::block},
  });
};

template <>
struct Words<PersonalityDomain> {
  static constexpr std::array table = std::to_array<Word<PersonalityDomain>>({
      {"LINUX", PersonalityDomain::linux64},
      {"LINUX32", PersonalityDomain::linux32},
  });
};

template <>
struct Words<MemoryPolicyMode> {
  static constexpr std::array table = std::to_array<Word<MemoryPolicyMode>>({
      {"MPOL_DEFAULT", MemoryPolicyMode::default_},
      {"MPOL_BIND", MemoryPolicyMode::bind},
      {"MPOL_INTERLEAVE", MemoryPolicyMode::interleave},
      {"MPOL_WEIGHTED_INTERLEAVE", MemoryPolicyMode::weighted_interleave},
      {"MPOL_PREFERRED", MemoryPolicyMode::preferred},
      {"MPOL_PREFERRED_MANY", MemoryPolicyMode::preferred_many},
      {"MPOL_LOCAL", MemoryPolicyMode::local},
  });
};

template <>
struct Words<MemoryPolicyFlag> {
  static constexpr std::array table = std::to_array<Word<MemoryPolicyFlag>>({
      {"MPOL_F_NUMA_BALANCING", MemoryPolicyFlag::numa_balancing},
      {"MPOL_F_RELATIVE_NODES", MemoryPolicyFlag::relative_nodes},
      {"MPOL_F_STATIC_NODES", MemoryPolicyFlag::static_nodes},
  });
};

// --- seccomp ----------------------------------------------------------------

template <>
struct Words<SeccompAction> {
  static constexpr std::array table = std::to_array<Word<SeccompAction>>({
      {"SCMP_ACT_KILL", SeccompAction::kill},
      {"SCMP_ACT_KILL_THREAD", SeccompAction::kill_thread},
      {"SCMP_ACT_KILL_PROCESS", SeccompAction::kill_process},
      {"SCMP_ACT_TRAP", SeccompAction::trap},
      {"SCMP_ACT_ERRNO", SeccompAction::errno_},
      {"SCMP_ACT_TRACE", SeccompAction::trace},
      {"SCMP_ACT_ALLOW", SeccompAction::allow},
      {"SCMP_ACT_LOG", SeccompAction::log},
      {"SCMP_ACT_NOTIFY", SeccompAction::notify},
  });
};

template <>
struct Words<SeccompOperator> {
  static constexpr std::array table = std::to_array<Word<SeccompOperator>>({
      {"SCMP_CMP_NE", SeccompOperator::not_equal},
      {"SCMP_CMP_LT", SeccompOperator::less},
      {"SCMP_CMP_LE", SeccompOperator::less_equal},
      {"SCMP_CMP_EQ", SeccompOperator::equal},
      {"SCMP_CMP_GE", SeccompOperator::greater_equal},
      {"SCMP_CMP_GT", SeccompOperator::greater},
      {"SCMP_CMP_MASKED_EQ", SeccompOperator::masked_equal},
  });
};

template <>
struct Words<SeccompFlag> {
  static constexpr std::array table = std::to_array<Word<SeccompFlag>>({
      {"SECCOMP_FILTER_FLAG_TSYNC", SeccompFlag::tsync},
      {"SECCOMP_FILTER_FLAG_LOG", SeccompFlag::log},
      {"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SeccompFlag::spec_allow},
      {"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SeccompFlag::wait_killable_recv},
  });
};

}  // namespace coracle::oci
