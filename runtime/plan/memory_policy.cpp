// linux.memoryPolicy -> set_mempolicy(2).  Spec: config-linux.md#memory-policy
#include <bit>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/strings.hpp"
#include "runtime/plan/number_list.hpp"
#include "runtime/plan/plan.hpp"

namespace coracle::plan {
namespace {

using oci::MemoryPolicyMode;

// <linux/mempolicy.h>, which lacks the last modes on older distributions.
enum Mode {
  mpol_default,
  mpol_preferred,
  mpol_bind,
  mpol_interleave,
  mpol_local,
  mpol_preferred_many,
  mpol_weighted_interleave
};

constexpr int mpol_f_numa_balancing = 1 << 13;
constexpr int mpol_f_relative_nodes = 1 << 14;
constexpr int mpol_f_static_nodes = 1 << 15;

int mode_number(MemoryPolicyMode mode) {
  switch (mode) {
    case MemoryPolicyMode::default_:
      return mpol_default;
    case MemoryPolicyMode::bind:
      return mpol_bind;
    case MemoryPolicyMode::interleave:
      return mpol_interleave;
    case MemoryPolicyMode::weighted_interleave:
      return mpol_weighted_interleave;
    case MemoryPolicyMode::preferred:
      return mpol_preferred;
    case MemoryPolicyMode::preferred_many:
      return mpol_preferred_many;
    case MemoryPolicyMode::local:
      return mpol_local;
  }
  return mpol_default;
}

int flag_bit(oci::MemoryPolicyFlag flag) {
  switch (flag) {
    case oci::MemoryPolicyFlag::numa_balancing:
      return mpol_f_numa_balancing;
    case oci::MemoryPolicyFlag::relative_nodes:
      return mpol_f_relative_nodes;
    case oci::MemoryPolicyFlag::static_nodes:
      return mpol_f_static_nodes;
  }
  return 0;
}

// What set_mempolicy(2) would refuse with a bare EINVAL.
Result<void> check_count(MemoryPolicyMode mode, int count) {
  switch (mode) {
    case MemoryPolicyMode::default_:
    case MemoryPolicyMode::local:
      if (count == 0) return {};
      return fail("/linux/memoryPolicy/nodes: memory policy mode requires 0 nodes but got " +
                  std::to_string(count));
    case MemoryPolicyMode::bind:
    case MemoryPolicyMode::interleave:
    case MemoryPolicyMode::weighted_interleave:
    case MemoryPolicyMode::preferred_many:
      if (count > 0) return {};
      return fail(
          "/linux/memoryPolicy/nodes: memory policy mode requires at least one node but got 0");
    case MemoryPolicyMode::preferred:
      return {};
  }
  return {};
}

}  // namespace

Result<MemoryPolicy> plan_memory_policy(const oci::MemoryPolicy& policy) {
  std::vector<unsigned long> nodes =
      TRY(parse_number_list(policy.nodes, "node")
              .context("/linux/memoryPolicy/nodes: invalid memory policy nodes " +
                       in_quotes(policy.nodes)));
  int count = 0;
  for (const unsigned long word : nodes) count += std::popcount(word);
  TRY(check_count(policy.mode, count));
  MemoryPolicy planned{.mode = mode_number(policy.mode), .nodes = std::move(nodes)};
  for (const oci::MemoryPolicyFlag flag : policy.flags) planned.mode |= flag_bit(flag);
  return planned;
}

}  // namespace coracle::plan
