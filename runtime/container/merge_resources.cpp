// One function for each object of linux.resources.
#include "runtime/container/merge_resources.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace coracle::container {
namespace {

using Unified = std::map<std::string, std::string>;

// Zero leaves it alone.  True when it was changed.
template <class T>
bool take(std::optional<T>& now, const std::optional<T>& wanted) {
  if (wanted.value_or(T{}) == T{}) return false;
  now = wanted;
  return true;
}

// Zero is a value.
template <class T>
bool take_zero_too(std::optional<T>& now, const std::optional<T>& wanted) {
  if (wanted) now = wanted;
  return wanted.has_value();
}

bool take(std::string& now, const std::string& wanted) {
  if (!wanted.empty()) now = wanted;
  return !wanted.empty();
}

// The object to change, made where there was none.
template <class T>
T& object(std::optional<T>& held) {
  return held ? *held : held.emplace();
}

// The last entry for the same thing, or a new one: where one thing has several
// entries, the last one is in force.
template <class T, class F>
T& entry_for(std::vector<T>& entries, const T& wanted, F is_same) {
  const auto found = std::find_if(entries.rbegin(), entries.rend(),
                                  [&](const T& entry) { return is_same(entry, wanted); });
  if (found != entries.rend()) return *found;
  return entries.emplace_back(wanted);
}

constexpr auto same_device = [](const auto& a, const auto& b) {
  return a.major == b.major && a.minor == b.minor;
};

// --- one object each --------------------------------------------------------

Result<void> merge_memory(oci::Memory& now, const oci::Memory& change, Unified& unified) {
  if (take(now.limit, change.limit)) unified.erase("memory.max");
  // Without a limit on memory, the one on both together says nothing either.
  const bool no_limit = change.limit == -1 && change.swap.value_or(0) == 0;
  if (no_limit) now.swap.reset();
  if (take(now.swap, change.swap) || no_limit) unified.erase("memory.swap.max");
  if (take(now.reservation, change.reservation)) unified.erase("memory.low");
  take_zero_too(now.swappiness, change.swappiness);
  if (now.disable_oom_killer == true && change.disable_oom_killer == false)
    return fail("memory.disableOOMKiller cannot be taken back");
  take(now.disable_oom_killer, change.disable_oom_killer);
  take(now.use_hierarchy, change.use_hierarchy);
  now.check_before_update = change.check_before_update;  // of this update alone
  return {};
}

Result<void> merge_cpu(oci::Cpu& now, const oci::Cpu& change, Unified& unified) {
  if (take_zero_too(now.idle, change.idle)) unified.erase("cpu.idle");
  if (take(now.shares, change.shares)) unified.erase("cpu.weight");
  if (now.idle == 1 && change.shares.value_or(0) != 0)
    return fail("cpu.shares " + std::to_string(*change.shares) +
                " cannot be in force while cpu.idle is 1");
  if (take_zero_too(now.burst, change.burst)) unified.erase("cpu.max.burst");
  if (take(now.quota, change.quota)) unified.erase("cpu.max");
  if (take(now.period, change.period)) unified.erase("cpu.max");
  take(now.realtime_runtime, change.realtime_runtime);
  take(now.realtime_period, change.realtime_period);
  if (take(now.cpus, change.cpus)) unified.erase("cpuset.cpus");
  if (take(now.mems, change.mems)) unified.erase("cpuset.mems");
  return {};
}

void merge_rates(std::vector<oci::ThrottleDevice>& now,
                 const std::vector<oci::ThrottleDevice>& change) {
  for (const oci::ThrottleDevice& wanted : change)
    entry_for(now, wanted, same_device).rate = wanted.rate;
}

void merge_block_io(oci::BlockIo& now, const oci::BlockIo& change, Unified& unified) {
  if (take(now.weight, change.weight)) {
    unified.erase("io.weight");
    unified.erase("io.bfq.weight");
  }
  take(now.leaf_weight, change.leaf_weight);
  for (const oci::WeightDevice& wanted : change.weight_device) {
    oci::WeightDevice& entry = entry_for(now.weight_device, wanted, same_device);
    take(entry.weight, wanted.weight);
    take(entry.leaf_weight, wanted.leaf_weight);
  }
  merge_rates(now.throttle_read_bps_device, change.throttle_read_bps_device);
  merge_rates(now.throttle_write_bps_device, change.throttle_write_bps_device);
  merge_rates(now.throttle_read_iops_device, change.throttle_read_iops_device);
  merge_rates(now.throttle_write_iops_device, change.throttle_write_iops_device);
}

void merge_network(oci::Network& now, const oci::Network& change) {
  take(now.class_id, change.class_id);
  for (const oci::InterfacePriority& wanted : change.priorities) {
    const auto same_name = [](const auto& a, const auto& b) { return a.name == b.name; };
    entry_for(now.priorities, wanted, same_name).priority = wanted.priority;
  }
}

void merge_rest(oci::Resources& now, const oci::Resources& change) {
  if (take_zero_too(now.pids_limit, change.pids_limit)) now.unified.erase("pids.max");
  for (const oci::HugepageLimit& wanted : change.hugepage_limits) {
    const auto same_size = [](const auto& a, const auto& b) { return a.page_size == b.page_size; };
    entry_for(now.hugepage_limits, wanted, same_size).limit = wanted.limit;
    now.unified.erase("hugetlb." + wanted.page_size + ".max");
  }
  for (const auto& [device, wanted] : change.rdma) {
    oci::Rdma& entry = now.rdma[device];
    take_zero_too(entry.hca_handles, wanted.hca_handles);
    take_zero_too(entry.hca_objects, wanted.hca_objects);
  }
}

}  // namespace

Result<oci::Resources> merge_resources(oci::Resources now, const oci::Resources& change) {
  if (now.memory) now.memory->check_before_update.reset();
  if (change.memory) TRY(merge_memory(object(now.memory), *change.memory, now.unified));
  if (change.cpu) TRY(merge_cpu(object(now.cpu), *change.cpu, now.unified));
  if (change.block_io) merge_block_io(object(now.block_io), *change.block_io, now.unified);
  if (change.network) merge_network(object(now.network), *change.network);
  merge_rest(now, change);
  // Last, as it is written last.
  for (const auto& [file, text] : change.unified) now.unified[file] = text;
  return now;
}

}  // namespace coracle::container
