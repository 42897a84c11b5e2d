// linux.resources -> what is written where.
#include <doctest/doctest.h>

#include "runtime/cgroup/cgroup.hpp"

// Each case names the fields that it is about.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

using namespace coracle;
using namespace coracle::cgroup;

namespace {

using Settings = std::vector<Setting>;
using enum IfMissing;

Settings v1(const oci::Resources& resources) {
  return *v1_settings(resources);
}
Settings v2(const oci::Resources& resources) {
  return *v2_settings(resources);
}
std::string v1_error(const oci::Resources& resources) {
  return v1_settings(resources).error().text();
}
std::string v2_error(const oci::Resources& resources) {
  return v2_settings(resources).error().text();
}

oci::Resources with(oci::Memory memory) {
  oci::Resources resources;
  resources.memory = memory;
  return resources;
}

oci::Resources with(oci::Cpu cpu) {
  oci::Resources resources;
  resources.cpu = cpu;
  return resources;
}

oci::Resources with(oci::BlockIo io) {
  oci::Resources resources;
  resources.block_io = io;
  return resources;
}

oci::Resources with(oci::Network network) {
  oci::Resources resources;
  resources.network = network;
  return resources;
}

oci::Resources with_pids(std::int64_t limit) {
  oci::Resources resources;
  resources.pids_limit = limit;
  return resources;
}

oci::Resources with_unified(std::map<std::string, std::string> unified) {
  oci::Resources resources;
  resources.unified = std::move(unified);
  return resources;
}

}  // namespace

TEST_CASE("settings: nothing configured writes nothing") {
  CHECK(v1({}).empty());
  CHECK(v2({}).empty());
}

TEST_CASE("settings: zeros, empty texts and false, as engines write them, write nothing") {
  oci::Resources resources;
  resources.memory = oci::Memory{.limit = 0,
                                 .reservation = 0,
                                 .swap = 0,
                                 .kernel = 0,
                                 .kernel_tcp = 0,
                                 .swappiness = std::nullopt,
                                 .disable_oom_killer = false,
                                 .use_hierarchy = false,
                                 .check_before_update = false};
  resources.cpu = oci::Cpu{.shares = 0,
                           .quota = 0,
                           .burst = std::nullopt,
                           .period = 0,
                           .realtime_runtime = 0,
                           .realtime_period = 0,
                           .cpus = "",
                           .mems = "",
                           .idle = std::nullopt};
  resources.block_io = oci::BlockIo{};
  resources.block_io->weight = 0;
  resources.block_io->leaf_weight = 0;
  resources.network = oci::Network{.class_id = 0, .priorities = {}};
  CHECK(v1(resources).empty());
  CHECK(v2(resources).empty());
}

// --- pids -------------------------------------------------------------------

TEST_CASE("pids: a limit is written as it is") {
  CHECK(v1(with_pids(7)) == Settings{{"pids", "pids.max", "7"}});
  CHECK(v2(with_pids(7)) == Settings{{"pids", "pids.max", "7"}});
}

TEST_CASE("pids: 0 is a limit, and written as 1") {
  CHECK(v1(with_pids(0)) == Settings{{"pids", "pids.max", "1"}});
  CHECK(v2(with_pids(0)) == Settings{{"pids", "pids.max", "1"}});
}

TEST_CASE("pids: -1 lifts the limit and needs no controller") {
  CHECK(v1(with_pids(-1)) == Settings{{"pids", "pids.max", "max", skip}});
  CHECK(v2(with_pids(-1)) == Settings{{"pids", "pids.max", "max", skip}});
}

// --- memory -----------------------------------------------------------------

TEST_CASE("memory v1: limit, swap, reservation, swappiness, OOM killer") {
  const oci::Memory memory{.limit = 1000,
                           .reservation = 500,
                           .swap = 2000,
                           .kernel = 100,
                           .kernel_tcp = 300,
                           .swappiness = 60,
                           .disable_oom_killer = true,
                           .use_hierarchy = true,
                           .check_before_update = std::nullopt};
  CHECK(v1(with(memory)) == Settings{{"memory", "memory.use_hierarchy", "1", skip},
                                     {"memory", "memory.limit_in_bytes", "1000"},
                                     {"memory", "memory.memsw.limit_in_bytes", "2000"},
                                     {"memory", "memory.soft_limit_in_bytes", "500"},
                                     {"memory", "memory.kmem.tcp.limit_in_bytes", "300"},
                                     {"memory", "memory.oom_control", "1"},
                                     {"memory", "memory.swappiness", "60"}});
}

TEST_CASE("memory v1: unlimited memory without swap lifts the limit on both") {
  CHECK(v1(with(oci::Memory{.limit = -1})) ==
        Settings{{"memory", "memory.limit_in_bytes", "-1", skip},
                 {"memory", "memory.memsw.limit_in_bytes", "-1", skip}});
}

TEST_CASE("memory v1: swappiness 0 is a value, -1 is none, 101 is refused") {
  CHECK(v1(with(oci::Memory{.swappiness = 0})) == Settings{{"memory", "memory.swappiness", "0"}});
  CHECK(v1(with(oci::Memory{.swappiness = static_cast<std::uint64_t>(-1)})).empty());
  CHECK(v1_error(with(oci::Memory{.swappiness = 101})) ==
        "invalid memory swappiness value: 101 (valid range is 0-100)");
}

TEST_CASE("memory v2: swap is what the configuration has above the memory limit") {
  CHECK(v2(with(oci::Memory{.limit = 1000, .reservation = 500, .swap = 3000})) ==
        Settings{{"memory", "memory.swap.max", "2000"},
                 {"memory", "memory.max", "1000"},
                 {"memory", "memory.low", "500"}});
}

TEST_CASE("memory v2: swap equal to the limit forbids swapping") {
  CHECK(v2(with(oci::Memory{.limit = 1000, .swap = 1000})) ==
        Settings{{"memory", "memory.swap.max", "0", skip}, {"memory", "memory.max", "1000"}});
}

TEST_CASE("memory v2: -1 is max") {
  CHECK(v2(with(oci::Memory{.limit = -1, .reservation = -1, .swap = -1})) ==
        Settings{{"memory", "memory.swap.max", "max", skip},
                 {"memory", "memory.max", "max", skip},
                 {"memory", "memory.low", "max", skip}});
  CHECK(v2(with(oci::Memory{.limit = 1000, .swap = -1})) ==
        Settings{{"memory", "memory.swap.max", "max", skip}, {"memory", "memory.max", "1000"}});
  CHECK(v2(with(oci::Memory{.limit = -1})) == Settings{{"memory", "memory.swap.max", "max", skip},
                                                       {"memory", "memory.max", "max", skip}});
  CHECK(v2(with(oci::Memory{.limit = -1, .swap = 500})) ==
        Settings{{"memory", "memory.swap.max", "500"}, {"memory", "memory.max", "max", skip}});
}

TEST_CASE("memory v2: swap that says nothing without a limit, or contradicts it, is refused") {
  CHECK(v2_error(with(oci::Memory{.swap = 1000})) ==
        "unable to set swap limit without memory limit");
  CHECK(v2_error(with(oci::Memory{.limit = 1000, .swap = 999})) ==
        "memory+swap limit should be >= memory limit");
  CHECK(v2_error(with(oci::Memory{.limit = -5, .swap = 999})) == "invalid memory value: -5");
}

TEST_CASE("memory v2: a limit on TCP buffers is refused, swappiness and OOM killer are ignored") {
  CHECK(v2_error(with(oci::Memory{.kernel_tcp = 1})) ==
        "/linux/resources/memory/kernelTCP: cgroup v2 has no limit for it");
  CHECK(v2(with(oci::Memory{
               .kernel = 1, .kernel_tcp = -1, .swappiness = 1, .disable_oom_killer = true}))
            .empty());
}

// --- cpu --------------------------------------------------------------------

TEST_CASE("cpu v1: times, shares, sets, real time") {
  const oci::Cpu cpu{.shares = 512,
                     .quota = 50000,
                     .burst = 1000,
                     .period = 200000,
                     .realtime_runtime = 950000,
                     .realtime_period = 1000000,
                     .cpus = "0-1",
                     .mems = "0",
                     .idle = 0};
  CHECK(v1(with(cpu)) == Settings{{"cpuset", "cpuset.cpus", "0-1"},
                                  {"cpuset", "cpuset.mems", "0"},
                                  {"cpu", "cpu.shares", "512"},
                                  {"cpu", "cpu.cfs_period_us", "200000"},
                                  {"cpu", "cpu.cfs_burst_us", "1000"},
                                  {"cpu", "cpu.cfs_quota_us", "50000"},
                                  {"cpu", "cpu.idle", "0", skip},
                                  {"cpu", "cpu.rt_period_us", "1000000"},
                                  {"cpu", "cpu.rt_runtime_us", "950000"}});
}

TEST_CASE("cpu v1: defaults need no controller") {
  CHECK(v1(with(oci::Cpu{.shares = 1024, .quota = -1, .burst = 0, .period = 100000, .idle = 0})) ==
        Settings{{"cpu", "cpu.shares", "1024", skip},
                 {"cpu", "cpu.cfs_period_us", "100000", skip},
                 {"cpu", "cpu.cfs_burst_us", "0", skip},
                 {"cpu", "cpu.cfs_quota_us", "-1", skip},
                 {"cpu", "cpu.idle", "0", skip}});
}

TEST_CASE("cpu v1: shares that the kernel would silently change are refused") {
  CHECK(v1_error(with(oci::Cpu{.shares = 1})) == "the minimum allowed cpu-shares is 2");
  CHECK(v1_error(with(oci::Cpu{.shares = 262145})) == "the maximum allowed cpu-shares is 262144");
}

TEST_CASE("cpu v2: shares become a weight, least, default and most kept") {
  const auto weight = [](std::uint64_t shares) {
    return v2(with(oci::Cpu{.shares = shares}))[0].value;
  };
  CHECK(weight(1) == "1");
  CHECK(weight(2) == "1");
  CHECK(weight(3) == "2");
  CHECK(weight(512) == "59");
  CHECK(weight(1024) == "100");
  CHECK(weight(2048) == "174");
  CHECK(weight(262143) == "10000");
  CHECK(weight(262144) == "10000");
  CHECK(weight(1000000) == "10000");
}

TEST_CASE("cpu v2: the weight never falls as shares grow") {
  std::uint64_t last = 0;
  for (std::uint64_t shares = 1; shares < 300000; shares += 37) {
    const auto weight = std::stoull(v2(with(oci::Cpu{.shares = shares}))[0].value);
    CHECK(weight >= last);
    last = weight;
  }
}

TEST_CASE("cpu v2: idle, weight, burst, quota with period, sets") {
  const oci::Cpu cpu{.shares = 2048,
                     .quota = 50000,
                     .burst = 1000,
                     .period = 200000,
                     .realtime_runtime = 0,
                     .realtime_period = 0,
                     .cpus = "0",
                     .mems = "0",
                     .idle = 0};
  CHECK(v2(with(cpu)) == Settings{{"cpu", "cpu.idle", "0", skip},
                                  {"cpu", "cpu.weight", "174"},
                                  {"cpu", "cpu.max.burst", "1000"},
                                  {"cpu", "cpu.max", "50000 200000"},
                                  {"cpuset", "cpuset.cpus", "0"},
                                  {"cpuset", "cpuset.mems", "0"}});
}

TEST_CASE("cpu: an idle group has no weight") {
  const oci::Cpu idle{.shares = 512, .idle = 1};
  CHECK(v1(with(idle)) == Settings{{"cpu", "cpu.idle", "1"}});
  CHECK(v2(with(idle)) == Settings{{"cpu", "cpu.idle", "1"}});
}

TEST_CASE("cpu v2: a missing period is the kernel's default, a missing quota is max") {
  CHECK(v2(with(oci::Cpu{.quota = 5000})) == Settings{{"cpu", "cpu.max", "5000 100000"}});
  CHECK(v2(with(oci::Cpu{.period = 5000})) == Settings{{"cpu", "cpu.max", "max 5000", skip}});
  CHECK(v2(with(oci::Cpu{.quota = -1})) == Settings{{"cpu", "cpu.max", "max 100000", skip}});
}

TEST_CASE("cpu v2: real time is refused") {
  const std::string text =
      "/linux/resources/cpu: cgroup v2 has no realtimeRuntime and realtimePeriod";
  CHECK(v2_error(with(oci::Cpu{.realtime_runtime = 1})) == text);
  CHECK(v2_error(with(oci::Cpu{.realtime_period = 1})) == text);
}

// --- block io ---------------------------------------------------------------

TEST_CASE("blockIO v1: weights in CFQ's file or else BFQ's, leaf weights, throttles") {
  oci::BlockIo io;
  io.weight = 300;
  io.leaf_weight = 200;
  io.weight_device = {{.major = 8, .minor = 0, .weight = 400, .leaf_weight = 100},
                      {.major = 8, .minor = 16, .weight = 0, .leaf_weight = std::nullopt}};
  io.throttle_read_bps_device = {{.major = 8, .minor = 0, .rate = 1}};
  io.throttle_write_bps_device = {{.major = 8, .minor = 0, .rate = 2}};
  io.throttle_read_iops_device = {{.major = 8, .minor = 0, .rate = 3}};
  io.throttle_write_iops_device = {{.major = 8, .minor = 0, .rate = 0}};
  CHECK(v1(with(io)) == Settings{{"blkio", "blkio.weight", "300", use_next},
                                 {"blkio", "blkio.bfq.weight", "300"},
                                 {"blkio", "blkio.leaf_weight", "200"},
                                 {"blkio", "blkio.weight_device", "8:0 400", use_next},
                                 {"blkio", "blkio.bfq.weight_device", "8:0 400"},
                                 {"blkio", "blkio.leaf_weight_device", "8:0 100"},
                                 {"blkio", "blkio.throttle.read_bps_device", "8:0 1"},
                                 {"blkio", "blkio.throttle.write_bps_device", "8:0 2"},
                                 {"blkio", "blkio.throttle.read_iops_device", "8:0 3"},
                                 {"blkio", "blkio.throttle.write_iops_device", "8:0 0", skip}});
}

TEST_CASE("blockIO v2: BFQ's weight as it is, or else io.weight on its own scale") {
  oci::BlockIo io;
  io.weight = 500;
  io.weight_device = {{.major = 8, .minor = 0, .weight = 1000, .leaf_weight = std::nullopt}};
  CHECK(v2(with(io)) == Settings{{"io", "io.bfq.weight", "500", use_next},
                                 {"io", "io.weight", "4950"},
                                 {"io", "io.bfq.weight", "8:0 1000", use_next},
                                 {"io", "io.weight", "8:0 10000"}});
}

TEST_CASE("blockIO v2: the ends of the weight scale meet") {
  const auto weight = [](std::uint16_t value) {
    oci::BlockIo io;
    io.weight = value;
    return v2(with(io))[1].value;
  };
  CHECK(weight(1) == "1");
  CHECK(weight(10) == "1");
  CHECK(weight(1000) == "10000");
}

TEST_CASE("blockIO v2: throttles are lines of io.max, rate 0 is max") {
  oci::BlockIo io;
  io.throttle_read_bps_device = {{.major = 8, .minor = 0, .rate = 1}};
  io.throttle_write_bps_device = {{.major = 8, .minor = 0, .rate = 0}};
  io.throttle_read_iops_device = {{.major = 8, .minor = 16, .rate = 3}};
  io.throttle_write_iops_device = {{.major = 8, .minor = 16, .rate = 4}};
  CHECK(v2(with(io)) == Settings{{"io", "io.max", "8:0 rbps=1"},
                                 {"io", "io.max", "8:0 wbps=max", skip},
                                 {"io", "io.max", "8:16 riops=3"},
                                 {"io", "io.max", "8:16 wiops=4"}});
}

TEST_CASE("blockIO v2: leaf weights are refused") {
  oci::BlockIo io;
  io.leaf_weight = 10;
  CHECK(v2_error(with(io)) == "/linux/resources/blockIO: cgroup v2 has no leafWeight");
  io = {};
  io.weight_device = {{.major = 8, .minor = 0, .weight = 10, .leaf_weight = 10}};
  CHECK(v2_error(with(io)) == "/linux/resources/blockIO: cgroup v2 has no leafWeight");
}

// --- hugetlb, rdma, network --------------------------------------------------

TEST_CASE("hugepageLimits: usage, and reservation where the kernel has it; 0 is a limit") {
  oci::Resources resources;
  resources.hugepage_limits = {{.page_size = "2MB", .limit = 4194304},
                               {.page_size = "1GB", .limit = 0}};
  CHECK(v1(resources) == Settings{{"hugetlb", "hugetlb.2MB.limit_in_bytes", "4194304"},
                                  {"hugetlb", "hugetlb.2MB.rsvd.limit_in_bytes", "4194304", skip},
                                  {"hugetlb", "hugetlb.1GB.limit_in_bytes", "0"},
                                  {"hugetlb", "hugetlb.1GB.rsvd.limit_in_bytes", "0", skip}});
  CHECK(v2(resources) == Settings{{"hugetlb", "hugetlb.2MB.max", "4194304"},
                                  {"hugetlb", "hugetlb.2MB.rsvd.max", "4194304", skip},
                                  {"hugetlb", "hugetlb.1GB.max", "0"},
                                  {"hugetlb", "hugetlb.1GB.rsvd.max", "0", skip}});
}

TEST_CASE("rdma: one line for each device") {
  oci::Resources resources;
  resources.rdma = {{"mlx4_0", {.hca_handles = std::nullopt, .hca_objects = 1000}},
                    {"mlx5_1", {.hca_handles = 3, .hca_objects = 10000}}};
  const Settings expected = {{"rdma", "rdma.max", "mlx4_0 hca_object=1000"},
                             {"rdma", "rdma.max", "mlx5_1 hca_handle=3 hca_object=10000"}};
  CHECK(v1(resources) == expected);
  CHECK(v2(resources) == expected);
}

TEST_CASE("network v1: class and priorities") {
  const oci::Network network{
      .class_id = 1048577,
      .priorities = {{.name = "eth0", .priority = 500}, {.name = "eth1", .priority = 0}}};
  CHECK(v1(with(network)) == Settings{{"net_cls", "net_cls.classid", "1048577"},
                                      {"net_prio", "net_prio.ifpriomap", "eth0 500"},
                                      {"net_prio", "net_prio.ifpriomap", "eth1 0"}});
}

TEST_CASE("network v2: class and priorities are refused, naming the controller") {
  CHECK(v2_error(with(oci::Network{.class_id = 1, .priorities = {}})) ==
        "/linux/resources/network/classID: controller net_cls is missing: cgroup v2 has none");
  CHECK(v2_error(
            with(oci::Network{.class_id = 0, .priorities = {{.name = "eth0", .priority = 1}}})) ==
        "/linux/resources/network/priorities: controller net_prio is missing: cgroup v2 has none");
}

// --- unified ----------------------------------------------------------------

TEST_CASE("unified v1: any entry is refused") {
  CHECK(v1_error(with_unified({{"memory.max", "1"}})) ==
        "invalid configuration: cannot use unified on cgroup v1");
}

TEST_CASE("unified v2: any file is written, after the other fields") {
  oci::Resources resources = with_unified({{"pids.max", "42"}, {"fancy.new.file", "x"}});
  resources.pids_limit = 7;
  CHECK(v2(resources) == Settings{{"pids", "pids.max", "7"},
                                  {"fancy", "fancy.new.file", "x"},
                                  {"pids", "pids.max", "42"}});
}

TEST_CASE("unified v2: each line is a write of its own") {
  CHECK(v2(with_unified({{"io.max", "8:0 rbps=1\n8:16 rbps=2\n"}})) ==
        Settings{{"io", "io.max", "8:0 rbps=1"}, {"io", "io.max", "8:16 rbps=2"}});
}

TEST_CASE("unified v2: a key that leaves the directory or names no controller is refused") {
  CHECK(v2_error(with_unified({{"../memory.max", "1"}})) ==
        "unified resource \"../memory.max\" must be a file name (no slashes)");
  CHECK(v2_error(with_unified({{"memory", "1"}})) ==
        "unified resource \"memory\" must be in the form CONTROLLER.PARAMETER");
  CHECK_FALSE(v2_settings(with_unified({{"..", "1"}})).has_value());
  CHECK_FALSE(v2_settings(with_unified({{"", "1"}})).has_value());
}

// --- hybrid -----------------------------------------------------------------

TEST_CASE("split_by_hierarchy: v2 gets what only v2 has") {
  const Host host{.mode = Mode::hybrid,
                  .v1 = {{.controllers = {"cpu", "cpuacct"}, .mount_point = "/c", .own = "/"},
                         {.controllers = {"memory"}, .mount_point = "/m", .own = "/"}},
                  .v2_mount_point = "/u",
                  .v2_own = "/",
                  .v2_controllers = {"cpuset", "hugetlb", "memory"}};
  oci::Resources resources = with_pids(5);
  resources.memory = oci::Memory{.limit = 1};
  resources.cpu = oci::Cpu{.shares = 7, .cpus = "1"};
  resources.hugepage_limits = {{.page_size = "2MB", .limit = 2}};
  resources.unified = {{"memory.high", "1"}};
  const Halves halves = split_by_hierarchy(resources, host);
  CHECK(halves.v1.memory.has_value());
  CHECK_FALSE(halves.v2.memory.has_value());
  CHECK(halves.v1.pids_limit == 5);
  CHECK(halves.v1.hugepage_limits.empty());
  CHECK(halves.v2.hugepage_limits.size() == 1);
  CHECK(halves.v1.cpu->shares == 7);
  CHECK(halves.v1.cpu->cpus.empty());
  CHECK(halves.v2.cpu->cpus == "1");
  CHECK_FALSE(halves.v2.cpu->shares.has_value());
  CHECK(halves.v1.unified.size() == 1);
}
