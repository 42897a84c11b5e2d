// linux.memoryPolicy -> set_mempolicy(2).  Spec: config-linux.md#memory-policy
#include <climits>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/strings.hpp"
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

constexpr std::size_t node_end = 1024;  // MAX_NUMNODES where it is largest
constexpr std::size_t word_bits = sizeof(unsigned long) * CHAR_BIT;

using Nodes = std::vector<bool>;

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

// "3" or "0-3", added to `nodes`.
Result<Nodes> with_range(Nodes nodes, std::string_view text) {
  const std::size_t dash = text.find('-');
  const auto first = parse_number<std::size_t>(text.substr(0, dash));
  const auto last =
      dash == std::string_view::npos ? first : parse_number<std::size_t>(text.substr(dash + 1));
  if (!first || !last || *first > *last) {
    return fail(quoted(text) + " is neither a node nor a range of nodes");
  }
  if (*last >= node_end) {
    return fail("node " + std::to_string(*last) + " is not below " + std::to_string(node_end));
  }
  for (std::size_t node = *first; node <= *last; ++node) nodes[node] = true;
  return nodes;
}

Result<Nodes> parse_nodes(std::string_view text) {
  Nodes nodes(node_end);
  if (trim(text).empty()) return nodes;
  for (const std::string_view range : split(text, ',')) {
    nodes = TRY(with_range(std::move(nodes), trim(range)));
  }
  return nodes;
}

// As many words as the largest node needs; none for no nodes.
std::vector<unsigned long> mask_of(const Nodes& nodes) {
  std::vector<unsigned long> mask;
  for (std::size_t node = 0; node < nodes.size(); ++node) {
    if (!nodes[node]) continue;
    mask.resize(node / word_bits + 1);
    mask.back() |= 1UL << node % word_bits;
  }
  return mask;
}

// What set_mempolicy(2) would refuse with a bare EINVAL.
Result<void> check_count(MemoryPolicyMode mode, std::ptrdiff_t count) {
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
  const Nodes nodes = TRY(parse_nodes(policy.nodes)
                              .context("/linux/memoryPolicy/nodes: invalid memory policy nodes " +
                                       quoted(policy.nodes)));
  TRY(check_count(policy.mode, std::ranges::count(nodes, true)));
  MemoryPolicy planned{.mode = mode_number(policy.mode), .nodes = mask_of(nodes)};
  for (const oci::MemoryPolicyFlag flag : policy.flags) planned.mode |= flag_bit(flag);
  return planned;
}

}  // namespace coracle::plan
