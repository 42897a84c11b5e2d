// linux.resources -> (file, text) pairs of cgroup v2.
// Spec: config-linux.md#control-groups
#include <algorithm>
#include <cmath>

#include "runtime/base/strings.hpp"
#include "runtime/cgroup/resources_common.hpp"

namespace coracle::cgroup {
namespace {

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

// Quadratic in the logarithm: takes least, default and most of shares (2, 1024,
// 262144) to those of weight (1, 100, 10000), as runc 1.4 and crun 1.23 do.
std::uint64_t weight_of(std::uint64_t shares) {
  if (shares <= smallest_shares) return 1;
  if (shares >= largest_shares) return 10000;
  const double l = std::log2(static_cast<double>(shares));
  const double weight = std::pow(10.0, (l * l + 125 * l) / 612.0 - 7.0 / 34.0);
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

}  // namespace coracle::cgroup
