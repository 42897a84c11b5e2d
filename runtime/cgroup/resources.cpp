// linux.resources -> (file, text) pairs.
// Spec: config-linux.md#control-groups
#include <algorithm>
#include <iterator>
#include <numbers>
#include <utility>

#include "runtime/base/strings.hpp"
#include "runtime/cgroup/cgroup.hpp"

namespace coracle::cgroup {
namespace {

using Settings = std::vector<Setting>;

constexpr std::uint64_t default_shares = 1024;
constexpr std::uint64_t smallest_shares = 2;
constexpr std::uint64_t largest_shares = 262144;
constexpr std::uint64_t default_period_us = 100000;

// A field that engines write with zero where the user set nothing.
template <class T>
T or_zero(const std::optional<T>& value) {
  return value.value_or(T{});
}

IfMissing skip_if(bool is_default) {
  return is_default ? IfMissing::skip : IfMissing::fail;
}

std::string device(std::int64_t major, std::int64_t minor) {
  return std::to_string(major) + ":" + std::to_string(minor);
}

void append(Settings& all, Settings more) {
  std::ranges::move(more, std::back_inserter(all));
}

// --- both versions ----------------------------------------------------------

// 0 is written as 1: with 0 even the container's first process, cloned into
// its cgroup, would fail, and the two differ for nothing else.
Settings pids_settings(const oci::Resources& resources) {
  if (!resources.pids_limit) return {};
  const std::int64_t limit = *resources.pids_limit;
  const std::string value = limit < 0 ? "max" : std::to_string(std::max<std::int64_t>(limit, 1));
  return {{"pids", "pids.max", value, skip_if(limit < 0)}};
}

Settings hugetlb_settings(const oci::Resources& resources, const std::string& suffix) {
  Settings all;
  for (const oci::HugepageLimit& limit : resources.hugepage_limits) {
    const std::string prefix = "hugetlb." + limit.page_size;
    const std::string value = std::to_string(limit.limit);
    all.push_back({"hugetlb", prefix + suffix, value});
    all.push_back({"hugetlb", prefix + ".rsvd" + suffix, value, IfMissing::skip});
  }
  return all;
}

Settings rdma_settings(const oci::Resources& resources) {
  Settings all;
  for (const auto& [name, limits] : resources.rdma) {
    std::string value = name;
    if (limits.hca_handles) value += " hca_handle=" + std::to_string(*limits.hca_handles);
    if (limits.hca_objects) value += " hca_object=" + std::to_string(*limits.hca_objects);
    all.push_back({"rdma", "rdma.max", value});
  }
  return all;
}

Settings cpuset_settings(const oci::Cpu& cpu) {
  Settings all;
  if (!cpu.cpus.empty()) all.push_back({"cpuset", "cpuset.cpus", cpu.cpus});
  if (!cpu.mems.empty()) all.push_back({"cpuset", "cpuset.mems", cpu.mems});
  return all;
}

// The kernel refuses a weight while idle, and has the default one ready for the time after.
bool has_weight(const oci::Cpu& cpu) {
  return or_zero(cpu.shares) != 0 && or_zero(cpu.idle) == 0;
}

// --- v1 ---------------------------------------------------------------------

Result<Settings> v1_memory(const oci::Memory& memory) {
  Settings all;
  const auto add = [&](const char* file, std::int64_t value) {
    if (value != 0) all.push_back({"memory", file, std::to_string(value), skip_if(value == -1)});
  };
  const std::int64_t limit = or_zero(memory.limit);
  const std::int64_t swap = or_zero(memory.swap);
  if (memory.use_hierarchy == true)
    all.push_back({"memory", "memory.use_hierarchy", "1", IfMissing::skip});
  add("memory.limit_in_bytes", limit);
  // No limit on memory alone would still leave the old one on both together.
  add("memory.memsw.limit_in_bytes", limit == -1 && swap == 0 ? -1 : swap);
  add("memory.soft_limit_in_bytes", or_zero(memory.reservation));
  // memory.kmem.limit_in_bytes is no more: kernels since 5.16 ignore what is written.
  add("memory.kmem.tcp.limit_in_bytes", or_zero(memory.kernel_tcp));
  if (memory.disable_oom_killer == true) all.push_back({"memory", "memory.oom_control", "1"});
  constexpr auto unset = static_cast<std::uint64_t>(-1);  // engines write -1
  const std::uint64_t swappiness = memory.swappiness.value_or(unset);
  if (swappiness == unset) return all;
  if (swappiness > 100)
    return fail("invalid memory swappiness value: " + std::to_string(swappiness) +
                " (valid range is 0-100)");
  all.push_back({"memory", "memory.swappiness", std::to_string(swappiness)});
  return all;
}

Result<Settings> v1_cpu(const oci::Cpu& cpu) {
  Settings all;
  const auto add = [&](const char* file, std::int64_t value, IfMissing if_missing) {
    all.push_back({"cpu", file, std::to_string(value), if_missing});
  };
  const std::uint64_t shares = or_zero(cpu.shares);
  // The kernel would take the nearest value without a word.
  if (shares != 0 && shares < smallest_shares)
    return fail("the minimum allowed cpu-shares is " + std::to_string(smallest_shares));
  if (shares > largest_shares)
    return fail("the maximum allowed cpu-shares is " + std::to_string(largest_shares));
  if (has_weight(cpu))
    all.push_back({"cpu", "cpu.shares", std::to_string(shares), skip_if(shares == default_shares)});
  if (const auto period = or_zero(cpu.period); period != 0)
    all.push_back(
        {"cpu", "cpu.cfs_period_us", std::to_string(period), skip_if(period == default_period_us)});
  if (cpu.burst)
    all.push_back(
        {"cpu", "cpu.cfs_burst_us", std::to_string(*cpu.burst), skip_if(*cpu.burst == 0)});
  if (const auto quota = or_zero(cpu.quota); quota != 0)
    add("cpu.cfs_quota_us", quota, skip_if(quota < 0));
  if (cpu.idle) add("cpu.idle", *cpu.idle, skip_if(*cpu.idle == 0));
  if (const auto period = or_zero(cpu.realtime_period); period != 0)
    all.push_back({"cpu", "cpu.rt_period_us", std::to_string(period)});
  if (const auto runtime = or_zero(cpu.realtime_runtime); runtime != 0)
    add("cpu.rt_runtime_us", runtime, IfMissing::fail);
  return all;
}

// CFQ's file, gone since 5.0, or BFQ's.
void add_v1_weight(Settings& all, const std::string& ending, const std::string& value) {
  all.push_back({"blkio", "blkio." + ending, value, IfMissing::use_next});
  all.push_back({"blkio", "blkio.bfq." + ending, value});
}

Settings v1_throttle(const std::vector<oci::ThrottleDevice>& limits, const std::string& what) {
  Settings all;
  for (const oci::ThrottleDevice& limit : limits) {
    const std::string value = device(limit.major, limit.minor) + " " + std::to_string(limit.rate);
    all.push_back({"blkio", "blkio.throttle." + what + "_device", value, skip_if(limit.rate == 0)});
  }
  return all;
}

Settings v1_block_io(const oci::BlockIo& io) {
  Settings all;
  if (const auto weight = or_zero(io.weight); weight != 0)
    add_v1_weight(all, "weight", std::to_string(weight));
  if (const auto weight = or_zero(io.leaf_weight); weight != 0)
    all.push_back({"blkio", "blkio.leaf_weight", std::to_string(weight)});
  for (const oci::WeightDevice& entry : io.weight_device) {
    const std::string name = device(entry.major, entry.minor) + " ";
    if (const auto weight = or_zero(entry.weight); weight != 0)
      add_v1_weight(all, "weight_device", name + std::to_string(weight));
    if (const auto weight = or_zero(entry.leaf_weight); weight != 0)
      all.push_back({"blkio", "blkio.leaf_weight_device", name + std::to_string(weight)});
  }
  append(all, v1_throttle(io.throttle_read_bps_device, "read_bps"));
  append(all, v1_throttle(io.throttle_write_bps_device, "write_bps"));
  append(all, v1_throttle(io.throttle_read_iops_device, "read_iops"));
  append(all, v1_throttle(io.throttle_write_iops_device, "write_iops"));
  return all;
}

Settings v1_network(const oci::Network& network) {
  Settings all;
  if (const auto id = or_zero(network.class_id); id != 0)
    all.push_back({"net_cls", "net_cls.classid", std::to_string(id)});
  for (const oci::InterfacePriority& entry : network.priorities)
    all.push_back(
        {"net_prio", "net_prio.ifpriomap", entry.name + " " + std::to_string(entry.priority)});
  return all;
}

// --- v2 ---------------------------------------------------------------------

std::string or_max(std::int64_t value) {
  return value == -1 ? "max" : std::to_string(value);
}

// The configuration limits memory and swap together, v2 swap alone.
Result<std::optional<std::int64_t>> swap_alone(std::int64_t swap, std::int64_t memory) {
  if (swap == 0 && memory == -1) return -1;
  if (swap == 0) return std::nullopt;
  if (swap == -1 || memory == -1) return swap;
  if (memory == 0) return fail("unable to set swap limit without memory limit");
  if (memory < 0) return fail("invalid memory value: " + std::to_string(memory));
  if (swap < memory) return fail("memory+swap limit should be >= memory limit");
  return swap - memory;
}

Result<Settings> v2_memory(const oci::Memory& memory) {
  Settings all;
  const auto add = [&](const char* file, std::int64_t value, IfMissing if_missing) {
    all.push_back({"memory", file, or_max(value), if_missing});
  };
  const std::int64_t limit = or_zero(memory.limit);
  const auto swap = TRY(swap_alone(or_zero(memory.swap), limit));
  // Without swap accounting there is no file, and nothing to forbid.
  if (swap) add("memory.swap.max", *swap, skip_if(*swap == -1 || *swap == 0));
  if (limit != 0) add("memory.max", limit, skip_if(limit == -1));
  if (const auto low = or_zero(memory.reservation); low != 0)
    add("memory.low", low, skip_if(low == -1));
  if (or_zero(memory.kernel_tcp) > 0)
    return fail("/linux/resources/memory/kernelTCP: cgroup v2 has no limit for it");
  return all;
}

// libm's would be the program's only use of that library.  Both are exact to
// about 1e-14.

// `x` is at least 1.
double log2_of(double x) {
  double whole = 0;
  for (; x >= 2; x /= 2) whole += 1;
  // Bit by bit: squaring doubles the logarithm.
  for (double bit = 0.5; bit > 1e-16; bit /= 2) {
    x *= x;
    if (x < 2) continue;
    x /= 2;
    whole += bit;
  }
  return whole;
}

// `x` is in [0, 5).
double power_of_10(double x) {
  double power = 1;
  for (; x >= 1; x -= 1) power *= 10;
  const double exponent = x * std::numbers::ln10;
  double term = 1;
  double sum = 1;
  for (int n = 1; n < 40; ++n) {
    term *= exponent / n;
    sum += term;
  }
  return power * sum;
}

// Quadratic in the logarithm: takes least, default and most of shares (2, 1024,
// 262144) to those of weight (1, 100, 10000), as runc 1.4 and crun 1.23 do.
std::uint64_t weight_of(std::uint64_t shares) {
  if (shares <= smallest_shares) return 1;
  if (shares >= largest_shares) return 10000;
  const double l = log2_of(static_cast<double>(shares));
  const double weight = power_of_10((l * l + 125 * l) / 612.0 - 7.0 / 34.0);
  // Rounded up, but for what is whole but for the last digits.
  const auto below = static_cast<std::uint64_t>(weight);
  return weight - static_cast<double>(below) > 1e-9 ? below + 1 : below;
}

Result<Settings> v2_cpu(const oci::Cpu& cpu) {
  Settings all;
  if (or_zero(cpu.realtime_period) != 0 || or_zero(cpu.realtime_runtime) != 0)
    return fail("/linux/resources/cpu: cgroup v2 has no realtimeRuntime and realtimePeriod");
  if (cpu.idle)
    all.push_back({"cpu", "cpu.idle", std::to_string(*cpu.idle), skip_if(*cpu.idle == 0)});
  if (has_weight(cpu))
    all.push_back({"cpu", "cpu.weight", std::to_string(weight_of(*cpu.shares)),
                   skip_if(*cpu.shares == default_shares)});
  if (cpu.burst)
    all.push_back({"cpu", "cpu.max.burst", std::to_string(*cpu.burst), skip_if(*cpu.burst == 0)});
  const std::int64_t quota = or_zero(cpu.quota);
  const std::uint64_t period = or_zero(cpu.period);
  if (quota == 0 && period == 0) return all;
  const std::string time = quota > 0 ? std::to_string(quota) : "max";
  all.push_back({"cpu", "cpu.max",
                 time + " " + std::to_string(period == 0 ? default_period_us : period),
                 skip_if(quota <= 0)});
  return all;
}

// Linear, from [10, 1000] to [1, 10000].
std::uint64_t io_weight_of(std::uint16_t weight) {
  return 1 + static_cast<std::uint64_t>(std::max<int>(weight - 10, 0)) * 9999 / 990;
}

void add_v2_weight(Settings& all, const std::string& prefix, std::uint16_t weight) {
  all.push_back({"io", "io.bfq.weight", prefix + std::to_string(weight), IfMissing::use_next});
  all.push_back({"io", "io.weight", prefix + std::to_string(io_weight_of(weight))});
}

Settings v2_throttle(const std::vector<oci::ThrottleDevice>& limits, const std::string& key) {
  Settings all;
  for (const oci::ThrottleDevice& limit : limits) {
    const std::string rate = limit.rate == 0 ? "max" : std::to_string(limit.rate);
    all.push_back({"io", "io.max", device(limit.major, limit.minor) + " " + key + "=" + rate,
                   skip_if(limit.rate == 0)});
  }
  return all;
}

Result<Settings> v2_block_io(const oci::BlockIo& io) {
  Settings all;
  const auto no_leaf_weight = fail("/linux/resources/blockIO: cgroup v2 has no leafWeight");
  if (or_zero(io.leaf_weight) != 0) return no_leaf_weight;
  if (const auto weight = or_zero(io.weight); weight != 0) add_v2_weight(all, "", weight);
  for (const oci::WeightDevice& entry : io.weight_device) {
    if (or_zero(entry.leaf_weight) != 0) return no_leaf_weight;
    if (const auto weight = or_zero(entry.weight); weight != 0)
      add_v2_weight(all, device(entry.major, entry.minor) + " ", weight);
  }
  append(all, v2_throttle(io.throttle_read_bps_device, "rbps"));
  append(all, v2_throttle(io.throttle_write_bps_device, "wbps"));
  append(all, v2_throttle(io.throttle_read_iops_device, "riops"));
  append(all, v2_throttle(io.throttle_write_iops_device, "wiops"));
  return all;
}

Result<void> refuse_network(const oci::Network& network) {
  if (or_zero(network.class_id) != 0)
    return fail(
        "/linux/resources/network/classID: controller net_cls is missing: "
        "cgroup v2 has none");
  if (!network.priorities.empty())
    return fail(
        "/linux/resources/network/priorities: controller net_prio is missing: "
        "cgroup v2 has none");
  return {};
}

Result<Settings> unified_settings(const oci::Resources& resources) {
  Settings all;
  for (const auto& [file, text] : resources.unified) {
    if (file.find('/') != std::string::npos)
      return fail("unified resource " + in_quotes(file) + " must be a file name (no slashes)");
    const std::size_t dot = file.find('.');
    if (dot == 0 || dot == std::string::npos)
      return fail("unified resource " + in_quotes(file) +
                  " must be in the form CONTROLLER.PARAMETER");
    // One write takes one line: io.max has one for each device.
    for (const std::string_view line : split(trim(text), '\n'))
      all.push_back({file.substr(0, dot), file, std::string(line)});
  }
  return all;
}

}  // namespace

Result<std::vector<Setting>> v1_settings(const oci::Resources& resources) {
  if (!resources.unified.empty())
    return fail("invalid configuration: cannot use unified on cgroup v1");
  Settings all;
  if (resources.cpu) {
    append(all, cpuset_settings(*resources.cpu));
    Settings cpu = TRY(v1_cpu(*resources.cpu));
    append(all, std::move(cpu));
  }
  if (resources.memory) {
    Settings memory = TRY(v1_memory(*resources.memory));
    append(all, std::move(memory));
  }
  append(all, pids_settings(resources));
  if (resources.block_io) append(all, v1_block_io(*resources.block_io));
  append(all, hugetlb_settings(resources, ".limit_in_bytes"));
  if (resources.network) append(all, v1_network(*resources.network));
  append(all, rdma_settings(resources));
  return all;
}

Result<std::vector<Setting>> v2_settings(const oci::Resources& resources) {
  Settings all = pids_settings(resources);
  if (resources.memory) {
    Settings memory = TRY(v2_memory(*resources.memory));
    append(all, std::move(memory));
  }
  if (resources.block_io) {
    Settings io = TRY(v2_block_io(*resources.block_io));
    append(all, std::move(io));
  }
  if (resources.cpu) {
    Settings cpu = TRY(v2_cpu(*resources.cpu));
    append(all, std::move(cpu));
    append(all, cpuset_settings(*resources.cpu));
  }
  append(all, hugetlb_settings(resources, ".max"));
  append(all, rdma_settings(resources));
  if (resources.network) TRY(refuse_network(*resources.network));
  // Last: it overrides what the other fields say.
  Settings unified = TRY(unified_settings(resources));
  append(all, std::move(unified));
  return all;
}

Halves split_by_hierarchy(const oci::Resources& resources, const Host& host) {
  const auto only_v2_has = [&](const char* v1_name, const char* v2_name) {
    const bool in_v1 = std::ranges::any_of(host.v1, [&](const Hierarchy& hierarchy) {
      return std::ranges::find(hierarchy.controllers, v1_name) != hierarchy.controllers.end();
    });
    return !in_v1 && std::ranges::find(host.v2_controllers, v2_name) != host.v2_controllers.end();
  };
  Halves halves{.v1 = resources, .v2 = {}};
  if (only_v2_has("memory", "memory")) halves.v2.memory = std::exchange(halves.v1.memory, {});
  if (only_v2_has("pids", "pids")) halves.v2.pids_limit = std::exchange(halves.v1.pids_limit, {});
  if (only_v2_has("blkio", "io")) halves.v2.block_io = std::exchange(halves.v1.block_io, {});
  if (only_v2_has("hugetlb", "hugetlb"))
    halves.v2.hugepage_limits = std::exchange(halves.v1.hugepage_limits, {});
  if (only_v2_has("rdma", "rdma")) halves.v2.rdma = std::exchange(halves.v1.rdma, {});
  if (!resources.cpu) return halves;
  // One object, two controllers.
  oci::Cpu times = *resources.cpu;
  times.cpus.clear();
  times.mems.clear();
  oci::Cpu v1_cpu;
  oci::Cpu v2_cpu;
  (only_v2_has("cpu", "cpu") ? v2_cpu : v1_cpu) = std::move(times);
  oci::Cpu& with_sets = only_v2_has("cpuset", "cpuset") ? v2_cpu : v1_cpu;
  with_sets.cpus = resources.cpu->cpus;
  with_sets.mems = resources.cpu->mems;
  halves.v1.cpu = std::move(v1_cpu);
  halves.v2.cpu = std::move(v2_cpu);
  return halves;
}

}  // namespace coracle::cgroup
