// Numbers from texts as the kernel writes them.
#include "runtime/cgroup/stats.hpp"

#include <doctest/doctest.h>

#include "tests/unit/temporary_tree.hpp"

using namespace coracle::cgroup;
using coracle::test::TemporaryTree;

namespace {

using Numbers = std::vector<std::uint64_t>;
using Entries = std::vector<BlockIoStats::Entry>;

// All controllers in one v1 hierarchy, or all in the v2 one.
Stats v1_stats(const TemporaryTree& tree) {
  const std::vector<std::string> controllers = {"cpu",  "cpuacct", "cpuset", "memory",
                                                "pids", "blkio",   "hugetlb"};
  const Host host = {.mode = Mode::v1,
                     .v1 = {{.controllers = controllers, .mount_point = "/sys/fs/cgroup/all"}}};
  return read_stats(Cgroup(host, {.v1 = {{"cpu", tree.path()}}, .v2 = {}}, {}));
}

Stats v2_stats(const TemporaryTree& tree) {
  return read_stats(Cgroup({.mode = Mode::v2}, {.v1 = {}, .v2 = tree.path()}, {}));
}

}  // namespace

TEST_CASE("stats: keyed files have a name and a number a line") {
  const auto numbers = parse_keyed("usage_usec 12\nnr_periods 0\n\nbad\nworse x\n");
  CHECK(numbers == std::map<std::string, std::uint64_t>{{"nr_periods", 0}, {"usage_usec", 12}});
}

TEST_CASE("stats: lists are of numbers and ranges") {
  CHECK(parse_list("0-2,7\n") == std::vector<std::uint16_t>{0, 1, 2, 7});
  CHECK(parse_list("65535") == std::vector<std::uint16_t>{65535});
  CHECK(parse_list("\n").empty());
}

TEST_CASE("stats: pressure has averages and a total for some and for full") {
  const auto pressure = parse_pressure(
      "some avg10=1.50 avg60=0.25 avg300=0.00 total=12345\n"
      "full avg10=0.00 avg60=0.00 avg300=99.99 total=6\n");
  REQUIRE(pressure.has_value());
  CHECK(pressure->some.avg10 == 1.5);
  CHECK(pressure->some.avg60 == 0.25);
  CHECK(pressure->some.total == 12345);
  CHECK(pressure->full.avg300 == 99.99);
  CHECK(pressure->full.total == 6);
}

TEST_CASE("stats: a kernel without pressure information tells none") {
  CHECK_FALSE(parse_pressure("").has_value());
}

TEST_CASE("stats: blkio lines are read with and without an operation, totals left out") {
  CHECK(parse_blkio("8:0 Read 4096\n8:16 7\nTotal 4103\n") ==
        Entries{{.major = 8, .minor = 0, .op = "Read", .value = 4096},
                {.major = 8, .minor = 16, .op = "", .value = 7}});
}

TEST_CASE("stats: io.stat becomes v1's two tables") {
  const BlockIoStats stats =
      parse_io_stat("8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n254:0 rios=9\n");
  CHECK(stats.service_bytes == Entries{{8, 0, "Read", 1}, {8, 0, "Write", 2}});
  CHECK(stats.serviced == Entries{{8, 0, "Read", 3}, {8, 0, "Write", 4}, {254, 0, "Read", 9}});
}

TEST_CASE("stats v1: processor time is in nanoseconds, in all and by processor") {
  const TemporaryTree tree{{"cpuacct.usage", "30000\n"},
                           {"cpuacct.usage_percpu", "10000 20000 \n"},
                           {"cpuacct.stat", "user 3\nsystem 2\n"},
                           {"cpuacct.usage_all", "cpu user system\n0 11 12\n1 21 22\n"},
                           {"cpu.stat", "nr_periods 5\nnr_throttled 4\nthrottled_time 3\n"}};
  const CpuStats cpu = v1_stats(tree).cpu;
  CHECK(cpu.usage.total == 30000);
  CHECK(cpu.usage.percpu == Numbers{10000, 20000});
  CHECK(cpu.usage.user == 30'000'000);
  CHECK(cpu.usage.kernel == 20'000'000);
  CHECK(cpu.usage.percpu_user == Numbers{11, 21});
  CHECK(cpu.usage.percpu_kernel == Numbers{12, 22});
  CHECK(cpu.throttling.periods == 5);
  CHECK(cpu.throttling.throttled_periods == 4);
  CHECK(cpu.throttling.throttled_time == 3);
}

TEST_CASE("stats v2: processor time is in nanoseconds") {
  const TemporaryTree tree{{"cpu.stat",
                            "usage_usec 10\nuser_usec 7\nsystem_usec 3\n"
                            "nr_periods 5\nnr_throttled 4\nthrottled_usec 2\n"},
                           {"cpu.pressure", "some avg10=2.00 avg60=0.00 avg300=0.00 total=1\n"}};
  const CpuStats cpu = v2_stats(tree).cpu;
  CHECK(cpu.usage.total == 10'000);
  CHECK(cpu.usage.user == 7'000);
  CHECK(cpu.usage.kernel == 3'000);
  CHECK(cpu.throttling.throttled_time == 2'000);
  REQUIRE(cpu.psi.has_value());
  CHECK(cpu.psi->some.avg10 == 2);
}

TEST_CASE("stats v1: memory, with swap, kernel and tcp buffers apart") {
  const TemporaryTree tree{{"memory.stat", "cache 5\nrss 6\n"},
                           {"memory.limit_in_bytes", "100\n"},
                           {"memory.usage_in_bytes", "50\n"},
                           {"memory.max_usage_in_bytes", "70\n"},
                           {"memory.failcnt", "2\n"},
                           {"memory.memsw.usage_in_bytes", "51\n"},
                           {"memory.kmem.usage_in_bytes", "52\n"},
                           {"memory.kmem.tcp.usage_in_bytes", "53\n"}};
  const MemoryStats memory = v1_stats(tree).memory;
  CHECK(memory.cache == 5);
  CHECK(memory.raw.at("rss") == 6);
  CHECK(memory.usage.limit == 100);
  CHECK(memory.usage.usage == 50);
  CHECK(memory.usage.max == 70);
  CHECK(memory.usage.failcnt == 2);
  CHECK(memory.swap.usage == 51);
  CHECK(memory.kernel.usage == 52);
  CHECK(memory.kernel_tcp.usage == 53);
}

TEST_CASE("stats v2: swap is told together with memory, as on v1") {
  const TemporaryTree tree{{"memory.stat", "file 5\nanon 6\n"}, {"memory.max", "100\n"},
                           {"memory.current", "50\n"},          {"memory.peak", "70\n"},
                           {"memory.swap.max", "30\n"},         {"memory.swap.current", "3\n"},
                           {"memory.swap.peak", "4\n"}};
  const MemoryStats memory = v2_stats(tree).memory;
  CHECK(memory.cache == 5);
  CHECK(memory.usage.max == 70);
  CHECK(memory.swap.limit == 130);
  CHECK(memory.swap.usage == 53);
  CHECK(memory.swap.max == 0);
}

TEST_CASE("stats v2: no limit on either is no limit on both") {
  const TemporaryTree tree{{"memory.max", "max\n"}, {"memory.swap.max", "30\n"}};
  CHECK(v2_stats(tree).memory.usage.limit == unlimited);
  CHECK(v2_stats(tree).memory.swap.limit == unlimited);
}

TEST_CASE("stats: no limit on processes is zero") {
  const TemporaryTree limited{{"pids.current", "3\n"}, {"pids.max", "20\n"}};
  CHECK(v1_stats(limited).pids.current == 3);
  CHECK(v1_stats(limited).pids.limit == 20);
  const TemporaryTree unbounded{{"pids.current", "3\n"}, {"pids.max", "max\n"}};
  CHECK(v2_stats(unbounded).pids.limit == 0);
}

TEST_CASE("stats v2: without a pids controller the processes are counted") {
  const TemporaryTree tree{{"cgroup.procs", "11\n12\n"}, {"sub/cgroup.procs", "13\n"}};
  CHECK(v2_stats(tree).pids.current == 3);
}

TEST_CASE("stats v1: block i/o is that of the scheduler, or else of the throttle") {
  const TemporaryTree both{{"blkio.bfq.io_serviced_recursive", "8:0 Read 1\n"},
                           {"blkio.throttle.io_serviced_recursive", "8:0 Read 2\n"}};
  CHECK(v1_stats(both).block_io.serviced == Entries{{8, 0, "Read", 1}});
  const TemporaryTree unscheduled{{"blkio.bfq.io_serviced_recursive", "Total 0\n"},
                                  {"blkio.throttle.io_serviced_recursive", "8:0 Read 2\n"}};
  CHECK(v1_stats(unscheduled).block_io.serviced == Entries{{8, 0, "Read", 2}});
  const TemporaryTree old{{"blkio.throttle.io_serviced", "8:0 Read 3\n"}};
  CHECK(v1_stats(old).block_io.serviced == Entries{{8, 0, "Read", 3}});
}

TEST_CASE("stats v1: cpuset lists and switches") {
  const TemporaryTree tree{{"cpuset.cpus", "0-1\n"},
                           {"cpuset.mems", "0\n"},
                           {"cpuset.sched_load_balance", "1\n"},
                           {"cpuset.sched_relax_domain_level", "-1\n"}};
  const CpusetStats cpuset = v1_stats(tree).cpuset;
  CHECK(cpuset.cpus.size() == 2);
  CHECK(cpuset.mems.size() == 1);
  CHECK(cpuset.sched_load_balance == 1);
  CHECK(cpuset.sched_relax_domain_level == -1);
}

TEST_CASE("stats v1: huge pages by size") {
  const TemporaryTree tree{{"hugetlb.2MB.usage_in_bytes", "1\n"},
                           {"hugetlb.2MB.max_usage_in_bytes", "2\n"},
                           {"hugetlb.2MB.failcnt", "3\n"}};
  const auto hugetlb = v1_stats(tree).hugetlb;
  REQUIRE(hugetlb.size() == 1);
  CHECK(hugetlb.at("2MB").usage == 1);
  CHECK(hugetlb.at("2MB").max == 2);
  CHECK(hugetlb.at("2MB").failcnt == 3);
}

TEST_CASE("stats v2: huge pages are those reserved, where the kernel tells") {
  const TemporaryTree tree{{"hugetlb.1GB.current", "1\n"},
                           {"hugetlb.2MB.current", "2\n"},
                           {"hugetlb.2MB.rsvd.current", "4\n"},
                           {"hugetlb.2MB.events", "max 5\n"}};
  const auto hugetlb = v2_stats(tree).hugetlb;
  REQUIRE(hugetlb.size() == 2);
  CHECK(hugetlb.at("1GB").usage == 1);
  CHECK(hugetlb.at("2MB").usage == 4);
  CHECK(hugetlb.at("2MB").failcnt == 5);
}

TEST_CASE("stats: a container without cgroups has used nothing") {
  const Stats stats = read_stats(Cgroup({.mode = Mode::v2}, {}, {}));
  CHECK(stats.cpu.usage.total == 0);
  CHECK(stats.pids.current == 0);
  CHECK(stats.hugetlb.empty());
}
