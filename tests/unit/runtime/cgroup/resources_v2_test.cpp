// linux.resources -> what is written where: cgroup v2.
#include <doctest/doctest.h>

#include "tests/unit/runtime/cgroup/resources_of.hpp"

using namespace coracle;
using namespace coracle::cgroup;

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

TEST_CASE("network v2: class and priorities are refused, naming the controller") {
  CHECK(v2_error(with(oci::Network{.class_id = 1, .priorities = {}})) ==
        "/linux/resources/network/classID: controller net_cls is missing: cgroup v2 has none");
  CHECK(v2_error(
            with(oci::Network{.class_id = 0, .priorities = {{.name = "eth0", .priority = 1}}})) ==
        "/linux/resources/network/priorities: controller net_prio is missing: cgroup v2 has none");
}

// --- unified ----------------------------------------------------------------

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
