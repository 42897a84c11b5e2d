#include "runtime/cgroup/device_match.hpp"

#include <algorithm>
#include <limits>
#include <optional>

namespace coracle::cgroup {

using oci::DeviceRule;
using oci::DeviceRuleType;

namespace {

std::int64_t number_of(const std::optional<std::int64_t>& number) {
  return std::max(number.value_or(any_number), any_number);
}

}  // namespace

unsigned access_bits(std::string_view access) {
  unsigned bits = 0;
  if (access.find('r') != std::string_view::npos) bits |= BPF_DEVCG_ACC_READ;
  if (access.find('w') != std::string_view::npos) bits |= BPF_DEVCG_ACC_WRITE;
  if (access.find('m') != std::string_view::npos) bits |= BPF_DEVCG_ACC_MKNOD;
  return bits;
}

std::vector<DeviceMatch> matches_of(const DeviceRule& rule) {
  constexpr std::int64_t largest = std::numeric_limits<std::uint32_t>::max();
  const DeviceMatch match{.type = 'c',
                          .major = number_of(rule.major),
                          .minor = number_of(rule.minor),
                          .access = access_bits(rule.access)};
  if (match.major > largest || match.minor > largest || match.access == 0) return {};
  DeviceMatch block = match;
  block.type = 'b';
  switch (rule.type) {
    case DeviceRuleType::all:
      return {match, block};
    case DeviceRuleType::character:
      return {match};
    case DeviceRuleType::block:
      return {block};
  }
  return {};
}

bool is_everything(const DeviceRule& rule) {
  return rule.type == DeviceRuleType::all && number_of(rule.major) == any_number &&
         number_of(rule.minor) == any_number && access_bits(rule.access) == full_access;
}

}  // namespace coracle::cgroup
