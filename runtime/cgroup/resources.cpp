// linux.resources -> (file, text) pairs: what is the same for both versions, and which version
// has it.  Spec: config-linux.md#control-groups
#include <algorithm>
#include <iterator>
#include <utility>

#include "runtime/cgroup/resources_common.hpp"

namespace coracle::cgroup {

IfMissing skip_if(bool is_default) {
  return is_default ? IfMissing::skip : IfMissing::fail;
}

std::string device(std::int64_t major, std::int64_t minor) {
  return std::to_string(major) + ":" + std::to_string(minor);
}

void append(Settings& all, Settings more) {
  std::ranges::move(more, std::back_inserter(all));
}

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

bool has_weight(const oci::Cpu& cpu) {
  return or_zero(cpu.shares) != 0 && or_zero(cpu.idle) == 0;
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
