// A directory tree that looks like resctrl.
#include "runtime/container/rdt_stats.hpp"

#include <doctest/doctest.h>

#include "tests/unit/temporary_tree.hpp"

using namespace coracle;
using container::RdtStats;
using container::read_rdt_stats;
using test::TemporaryTree;

TEST_CASE("rdt stats: what the CPU offers, the root's schemata and the container's") {
  const TemporaryTree tree{{"schemata", "    MB:0=100\n    L3:0=fffff\n"},
                           {"web1/schemata", "    MB:0= 20\n    L3:0=0000f\n"},
                           {"info/L3/cbm_mask", "fffff\n"},
                           {"info/L3/min_cbm_bits", "1\n"},
                           {"info/L3/num_closids", "16\n"},
                           {"info/MB/bandwidth_gran", "10\n"},
                           {"info/MB/delay_linear", "1\n"},
                           {"info/MB/min_bandwidth", "10\n"},
                           {"info/MB/num_closids", "8\n"}};
  const RdtStats stats = read_rdt_stats({}, "web1", tree.path());
  CHECK(stats.schemata == std::vector<std::string>{"MB:0= 20", "L3:0=0000f"});
  CHECK(stats.l3_cache_schema_root == "L3:0=fffff");
  CHECK(stats.l3_cache_schema == "L3:0=0000f");
  CHECK(stats.mem_bw_schema_root == "MB:0=100");
  CHECK(stats.mem_bw_schema == "MB:0= 20");
  REQUIRE(stats.l3_cache_info.has_value());
  CHECK(stats.l3_cache_info->cbm_mask == "fffff");
  CHECK(stats.l3_cache_info->num_closids == 16);
  REQUIRE(stats.mem_bw_info.has_value());
  CHECK(stats.mem_bw_info->num_closids == 8);
}

TEST_CASE("rdt stats: monitors are those of the class, or the container's own") {
  const TemporaryTree tree{
      {"info/L3_MON/mon_features", "llc_occupancy\nmbm_total_bytes\nmbm_local_bytes\n"},
      {"gold/mon_data/mon_L3_00/llc_occupancy", "5\n"},
      {"gold/mon_data/mon_L3_01/llc_occupancy", "Unavailable\n"},
      {"gold/mon_data/mon_L3_00/mbm_total_bytes", "7\n"},
      {"gold/mon_groups/web1/mon_data/mon_L3_00/mbm_total_bytes", "3\n"}};
  const RdtStats of_class = read_rdt_stats({.clos_id = "gold"}, "web1", tree.path());
  REQUIRE(of_class.cmt_stats.size() == 2);
  CHECK(of_class.cmt_stats[0].llc_occupancy == 5);
  CHECK(of_class.cmt_stats[1].llc_occupancy == 0);
  CHECK(of_class.mbm_stats[0].total_bytes == 7);
  const RdtStats own =
      read_rdt_stats({.clos_id = "gold", .enable_monitoring = true}, "web1", tree.path());
  REQUIRE(own.mbm_stats.size() == 1);
  CHECK(own.mbm_stats[0].total_bytes == 3);
}

TEST_CASE("rdt stats: a CPU without any of it tells nothing") {
  const TemporaryTree tree{};
  const RdtStats stats = read_rdt_stats({}, "web1", tree.path());
  CHECK_FALSE(stats.l3_cache_info.has_value());
  CHECK_FALSE(stats.mem_bw_info.has_value());
  CHECK(stats.schemata.empty());
  CHECK(stats.mbm_stats.empty());
}
