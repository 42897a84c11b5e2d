// What the two versions of cgroups have in common of linux.resources.  Private to the makers of
// settings.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/cgroup/cgroup.hpp"

namespace coracle::cgroup {

using Settings = std::vector<Setting>;

inline constexpr std::uint64_t default_shares = 1024;
inline constexpr std::uint64_t smallest_shares = 2;
inline constexpr std::uint64_t largest_shares = 262144;
inline constexpr std::uint64_t default_period_us = 100000;

// A field that engines write with zero where the user set nothing.
template <class T>
T or_zero(const std::optional<T>& value) {
  return value.value_or(T{});
}

IfMissing skip_if(bool is_default);
// "8:0", as the files name a block device.
std::string device(std::int64_t major, std::int64_t minor);
void append(Settings& all, Settings more);

Settings pids_settings(const oci::Resources& resources);
// `suffix` is that of the file of a size, ".max".
Settings hugetlb_settings(const oci::Resources& resources, const std::string& suffix);
Settings rdma_settings(const oci::Resources& resources);
Settings cpuset_settings(const oci::Cpu& cpu);

// The kernel refuses a weight while idle, and has the default one ready for the time after.
bool has_weight(const oci::Cpu& cpu);

}  // namespace coracle::cgroup
