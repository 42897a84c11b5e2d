// What one container's cgroups have used: the numbers that `events` reports.
// Source: Documentation/admin-guide/cgroup-v1, cgroup-v2.rst
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/cgroup/cgroup.hpp"

namespace coracle::cgroup {

// Bytes or counts that no limit bounds.
inline constexpr std::uint64_t unlimited = UINT64_MAX;

// Pressure stall information of one resource.
// Source: Documentation/accounting/psi.rst
struct Pressure {
  struct Line {
    double avg10 = 0;  // percent of the last 10, 60 and 300 seconds
    double avg60 = 0;
    double avg300 = 0;
    std::uint64_t total = 0;  // microseconds
  };
  Line some;
  Line full;
};

struct CpuStats {
  // Nanoseconds.  Those of single processors are told by v1 alone.
  struct Usage {
    std::uint64_t total = 0;
    std::vector<std::uint64_t> percpu;
    std::vector<std::uint64_t> percpu_kernel;
    std::vector<std::uint64_t> percpu_user;
    std::uint64_t kernel = 0;
    std::uint64_t user = 0;
  };
  struct Throttling {
    std::uint64_t periods = 0;
    std::uint64_t throttled_periods = 0;
    std::uint64_t throttled_time = 0;  // nanoseconds
  };
  Usage usage;
  Throttling throttling;
  std::optional<Pressure> psi;
};

// v1 alone.
struct CpusetStats {
  std::vector<std::uint16_t> cpus;
  std::uint64_t cpu_exclusive = 0;
  std::vector<std::uint16_t> mems;
  std::uint64_t mem_hardwall = 0;
  std::uint64_t mem_exclusive = 0;
  std::uint64_t memory_migrate = 0;
  std::uint64_t memory_spread_page = 0;
  std::uint64_t memory_spread_slab = 0;
  std::uint64_t memory_pressure = 0;
  std::uint64_t sched_load_balance = 0;
  std::int64_t sched_relax_domain_level = 0;
};

struct MemoryStats {
  // Bytes, but for failcnt.
  struct Entry {
    std::uint64_t limit = 0;
    std::uint64_t usage = 0;
    std::uint64_t max = 0;      // the most it ever was; 0 where the kernel does not tell
    std::uint64_t failcnt = 0;  // v1 alone
  };
  std::uint64_t cache = 0;
  Entry usage;
  Entry swap;  // memory and swap together, on v2 too
  Entry kernel;
  Entry kernel_tcp;
  std::map<std::string, std::uint64_t> raw;  // memory.stat
  std::optional<Pressure> psi;
};

struct PidsStats {
  std::uint64_t current = 0;
  std::uint64_t limit = 0;  // 0: unlimited
};

struct BlockIoStats {
  struct Entry {
    std::uint64_t major = 0;
    std::uint64_t minor = 0;
    std::string op;  // "Read"; empty where there is but one
    std::uint64_t value = 0;

    bool operator==(const Entry&) const = default;
  };
  std::vector<Entry> service_bytes;
  std::vector<Entry> serviced;
  std::vector<Entry> queued;
  std::vector<Entry> service_time;
  std::vector<Entry> wait_time;
  std::vector<Entry> merged;
  std::vector<Entry> time;
  std::vector<Entry> sectors;
  std::optional<Pressure> psi;
};

struct HugetlbStats {
  std::uint64_t usage = 0;  // bytes
  std::uint64_t max = 0;
  std::uint64_t failcnt = 0;
};

struct Stats {
  CpuStats cpu;
  CpusetStats cpuset;
  MemoryStats memory;
  PidsStats pids;
  BlockIoStats block_io;
  std::map<std::string, HugetlbStats> hugetlb;  // by page size: "2MB"
};

// What a missing controller, or a kernel without the file, would tell is zero.
Stats read_stats(const Cgroup& cgroup);

// The formats of cgroup files, pure.  What does not fit is left out.
//
// "key 1\nother 2"
std::map<std::string, std::uint64_t> parse_keyed(std::string_view text);
// "0-2,7"
std::vector<std::uint16_t> parse_list(std::string_view text);
// "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull ..."; nothing for an empty text
std::optional<Pressure> parse_pressure(std::string_view text);
// "8:0 Read 4096" or "8:0 4096", as in v1's blkio files; their totals are left out.
std::vector<BlockIoStats::Entry> parse_blkio(std::string_view text);
// "8:0 rbytes=1 wbytes=2 rios=3 wios=4 ...", as in io.stat of v2
BlockIoStats parse_io_stat(std::string_view text);

}  // namespace coracle::cgroup
