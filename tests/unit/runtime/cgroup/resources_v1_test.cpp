// linux.resources -> what is written where: cgroup v1.
#include <doctest/doctest.h>

#include "tests/unit/runtime/cgroup/resources_of.hpp"

using namespace coracle;
using namespace coracle::cgroup;

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

TEST_CASE("network v1: class and priorities") {
  const oci::Network network{
      .class_id = 1048577,
      .priorities = {{.name = "eth0", .priority = 500}, {.name = "eth1", .priority = 0}}};
  CHECK(v1(with(network)) == Settings{{"net_cls", "net_cls.classid", "1048577"},
                                      {"net_prio", "net_prio.ifpriomap", "eth0 500"},
                                      {"net_prio", "net_prio.ifpriomap", "eth1 0"}});
}

TEST_CASE("unified v1: any entry is refused") {
  CHECK(v1_error(with_unified({{"memory.max", "1"}})) ==
        "invalid configuration: cannot use unified on cgroup v1");
}
