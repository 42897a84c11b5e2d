// linux.resources -> (file, text) pairs of cgroup v1.
// Spec: config-linux.md#control-groups
#include "runtime/cgroup/resources_common.hpp"

namespace coracle::cgroup {
namespace {

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

}  // namespace coracle::cgroup
