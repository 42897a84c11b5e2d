// What resctrl tells of a container with linux.intelRdt.
// Source: Documentation/filesystems/resctrl.rst
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "oci-spec/config_linux.hpp"

namespace coracle::container {

// What the CPU or the kernel does not have is absent, empty or zero.
struct RdtStats {
  struct L3CacheInfo {
    std::string cbm_mask;  // hexadecimal
    std::uint64_t min_cbm_bits = 0;
    std::uint64_t num_closids = 0;
  };
  struct MemBwInfo {
    std::uint64_t bandwidth_gran = 0;
    std::uint64_t delay_linear = 0;
    std::uint64_t min_bandwidth = 0;
    std::uint64_t num_closids = 0;
  };
  // One of each for every L3 cache.
  struct Bandwidth {
    std::uint64_t total_bytes = 0;
    std::uint64_t local_bytes = 0;
  };
  struct Occupancy {
    std::uint64_t llc_occupancy = 0;  // bytes
  };

  std::optional<L3CacheInfo> l3_cache_info;
  std::string l3_cache_schema_root;  // "L3:0=ff;1=f0"
  std::string l3_cache_schema;       // the container's
  std::optional<MemBwInfo> mem_bw_info;
  std::string mem_bw_schema_root;
  std::string mem_bw_schema;
  std::vector<std::string> schemata;  // all lines of the container's group
  std::vector<Bandwidth> mbm_stats;
  std::vector<Occupancy> cmt_stats;
};

// `root` is where resctrl is mounted.
RdtStats read_rdt_stats(const oci::IntelRdt& rdt, const std::string& id, const std::string& root);

}  // namespace coracle::container
