// The lines of `events`.
#include "runtime/container/event_json.hpp"

#include <doctest/doctest.h>

using namespace coracle;
using container::RdtStats;
using container::render_stats;

TEST_CASE("event: out of memory has a type and an id") {
  CHECK(container::render_oom("web1") == "{\"type\":\"oom\",\"id\":\"web1\"}\n");
}

TEST_CASE("event: empty statistics have the members that runc always writes") {
  CHECK(render_stats("web1", {}, {}) ==
        R"({"type":"stats","id":"web1","data":{"cpu":{"usage":{"kernel":0,"user":0},)"
        R"("throttling":{}},"cpuset":{"cpu_exclusive":0,"mem_hardwall":0,"mem_exclusive":0,)"
        R"("memory_migrate":0,"memory_spread_page":0,"memory_spread_slab":0,)"
        R"("memory_pressure":0,"sched_load_balance":0,"sched_relax_domain_level":0},)"
        R"("memory":{"usage":{"limit":0,"failcnt":0},"swap":{"limit":0,"failcnt":0},)"
        R"("kernel":{"limit":0,"failcnt":0},"kernelTCP":{"limit":0,"failcnt":0}},)"
        R"("pids":{},"blkio":{},"hugetlb":{},"intel_rdt":{},"network_interfaces":[]}})"
        "\n");
}

TEST_CASE("event: statistics have runc's names") {
  cgroup::Stats stats;
  stats.cpu.usage.percpu = {1, 2};
  stats.cpu.throttling.throttled_time = 3;
  stats.cpu.psi = cgroup::Pressure{.some = {.avg10 = 1.5, .avg60 = 0, .avg300 = 0, .total = 9}};
  stats.memory.raw = {{"rss", 4}};
  stats.memory.usage.limit = cgroup::unlimited;
  stats.block_io.service_bytes = {{8, 0, "Read", 5}};
  stats.hugetlb["2MB"] = {.usage = 6, .failcnt = 7};
  const std::string text = render_stats("web1", stats, {});
  for (const char* part :
       {R"("percpu":[1,2])", R"("throttling":{"throttledTime":3})",
        R"("psi":{"some":{"avg10":1.5,"avg60":0,"avg300":0,"total":9},"full":{"avg10":0,)",
        R"("raw":{"rss":4})", R"("usage":{"limit":18446744073709551615,"failcnt":0})",
        R"("ioServiceBytesRecursive":[{"major":8,"op":"Read","value":5}])",
        R"("hugetlb":{"2MB":{"usage":6,"failcnt":7}})"})
    CHECK_MESSAGE(text.contains(part), part << " is not in " << text);
}

TEST_CASE("event: resctrl has runc's names") {
  RdtStats rdt;
  rdt.l3_cache_info = {.cbm_mask = "fffff", .min_cbm_bits = 1, .num_closids = 16};
  rdt.l3_cache_schema = "L3:0=ff";
  rdt.mbm_stats = {{.total_bytes = 2, .local_bytes = 1}};
  rdt.cmt_stats = {{.llc_occupancy = 3}};
  const std::string text = render_stats("web1", {}, rdt);
  for (const char* part :
       {R"("l3_cache_info":{"cbm_mask":"fffff","min_cbm_bits":1,"num_closids":16})",
        R"("l3_cache_schema":"L3:0=ff")",
        R"("mbm_stats":[{"mbm_total_bytes":2,"mbm_local_bytes":1}])",
        R"("cmt_stats":[{"llc_occupancy":3}])"})
    CHECK_MESSAGE(text.contains(part), part << " is not in " << text);
}
