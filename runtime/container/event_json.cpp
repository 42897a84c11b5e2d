// A table of fields for each object of runc's events.
#include "runtime/container/event_json.hpp"

#include "oci-spec/fields.hpp"

namespace coracle::oci {

using namespace cgroup;
using container::RdtStats;

template <>
struct Codec<double> {
  static void write(json::Writer& out, double number) { out.decimal(number); }
  static bool is_absent(double number) { return number == 0; }
};

template <>
struct Fields<Pressure::Line> {
  static constexpr auto table = std::tuple{
      always_written("avg10", &Pressure::Line::avg10),
      always_written("avg60", &Pressure::Line::avg60),
      always_written("avg300", &Pressure::Line::avg300),
      always_written("total", &Pressure::Line::total),
  };
};

template <>
struct Fields<Pressure> {
  static constexpr auto table = std::tuple{
      always_written("some", &Pressure::some),
      always_written("full", &Pressure::full),
  };
};

template <>
struct Fields<CpuStats::Usage> {
  static constexpr auto table = std::tuple{
      optional("total", &CpuStats::Usage::total),
      optional("percpu", &CpuStats::Usage::percpu),
      optional("percpu_kernel", &CpuStats::Usage::percpu_kernel),
      optional("percpu_user", &CpuStats::Usage::percpu_user),
      always_written("kernel", &CpuStats::Usage::kernel),
      always_written("user", &CpuStats::Usage::user),
  };
};

template <>
struct Fields<CpuStats::Throttling> {
  static constexpr auto table = std::tuple{
      optional("periods", &CpuStats::Throttling::periods),
      optional("throttledPeriods", &CpuStats::Throttling::throttled_periods),
      optional("throttledTime", &CpuStats::Throttling::throttled_time),
  };
};

template <>
struct Fields<CpuStats> {
  static constexpr auto table = std::tuple{
      always_written("usage", &CpuStats::usage),
      always_written("throttling", &CpuStats::throttling),
      optional("psi", &CpuStats::psi),
  };
};

template <>
struct Fields<CpusetStats> {
  static constexpr auto table = std::tuple{
      optional("cpus", &CpusetStats::cpus),
      always_written("cpu_exclusive", &CpusetStats::cpu_exclusive),
      optional("mems", &CpusetStats::mems),
      always_written("mem_hardwall", &CpusetStats::mem_hardwall),
      always_written("mem_exclusive", &CpusetStats::mem_exclusive),
      always_written("memory_migrate", &CpusetStats::memory_migrate),
      always_written("memory_spread_page", &CpusetStats::memory_spread_page),
      always_written("memory_spread_slab", &CpusetStats::memory_spread_slab),
      always_written("memory_pressure", &CpusetStats::memory_pressure),
      always_written("sched_load_balance", &CpusetStats::sched_load_balance),
      always_written("sched_relax_domain_level", &CpusetStats::sched_relax_domain_level),
  };
};

template <>
struct Fields<MemoryStats::Entry> {
  static constexpr auto table = std::tuple{
      always_written("limit", &MemoryStats::Entry::limit),
      optional("usage", &MemoryStats::Entry::usage),
      optional("max", &MemoryStats::Entry::max),
      always_written("failcnt", &MemoryStats::Entry::failcnt),
  };
};

template <>
struct Fields<MemoryStats> {
  static constexpr auto table = std::tuple{
      optional("cache", &MemoryStats::cache),
      always_written("usage", &MemoryStats::usage),
      always_written("swap", &MemoryStats::swap),
      always_written("kernel", &MemoryStats::kernel),
      always_written("kernelTCP", &MemoryStats::kernel_tcp),
      optional("raw", &MemoryStats::raw),
      optional("psi", &MemoryStats::psi),
  };
};

template <>
struct Fields<PidsStats> {
  static constexpr auto table = std::tuple{
      optional("current", &PidsStats::current),
      optional("limit", &PidsStats::limit),
  };
};

template <>
struct Fields<BlockIoStats::Entry> {
  static constexpr auto table = std::tuple{
      optional("major", &BlockIoStats::Entry::major),
      optional("minor", &BlockIoStats::Entry::minor),
      optional("op", &BlockIoStats::Entry::op),
      optional("value", &BlockIoStats::Entry::value),
  };
};

template <>
struct Fields<BlockIoStats> {
  static constexpr auto table = std::tuple{
      optional("ioServiceBytesRecursive", &BlockIoStats::service_bytes),
      optional("ioServicedRecursive", &BlockIoStats::serviced),
      optional("ioQueueRecursive", &BlockIoStats::queued),
      optional("ioServiceTimeRecursive", &BlockIoStats::service_time),
      optional("ioWaitTimeRecursive", &BlockIoStats::wait_time),
      optional("ioMergedRecursive", &BlockIoStats::merged),
      optional("ioTimeRecursive", &BlockIoStats::time),
      optional("sectorsRecursive", &BlockIoStats::sectors),
      optional("psi", &BlockIoStats::psi),
  };
};

template <>
struct Fields<HugetlbStats> {
  static constexpr auto table = std::tuple{
      optional("usage", &HugetlbStats::usage),
      optional("max", &HugetlbStats::max),
      always_written("failcnt", &HugetlbStats::failcnt),
  };
};

template <>
struct Fields<Stats> {
  static constexpr auto table = std::tuple{
      always_written("cpu", &Stats::cpu),        always_written("cpuset", &Stats::cpuset),
      always_written("memory", &Stats::memory),  always_written("pids", &Stats::pids),
      always_written("blkio", &Stats::block_io), always_written("hugetlb", &Stats::hugetlb),
  };
};

template <>
struct Fields<RdtStats::L3CacheInfo> {
  static constexpr auto table = std::tuple{
      optional("cbm_mask", &RdtStats::L3CacheInfo::cbm_mask),
      optional("min_cbm_bits", &RdtStats::L3CacheInfo::min_cbm_bits),
      optional("num_closids", &RdtStats::L3CacheInfo::num_closids),
  };
};

template <>
struct Fields<RdtStats::MemBwInfo> {
  static constexpr auto table = std::tuple{
      optional("bandwidth_gran", &RdtStats::MemBwInfo::bandwidth_gran),
      optional("delay_linear", &RdtStats::MemBwInfo::delay_linear),
      optional("min_bandwidth", &RdtStats::MemBwInfo::min_bandwidth),
      optional("num_closids", &RdtStats::MemBwInfo::num_closids),
  };
};

template <>
struct Fields<RdtStats::Bandwidth> {
  static constexpr auto table = std::tuple{
      always_written("mbm_total_bytes", &RdtStats::Bandwidth::total_bytes),
      always_written("mbm_local_bytes", &RdtStats::Bandwidth::local_bytes),
  };
};

template <>
struct Fields<RdtStats::Occupancy> {
  static constexpr auto table = std::tuple{
      always_written("llc_occupancy", &RdtStats::Occupancy::llc_occupancy),
  };
};

template <>
struct Fields<RdtStats> {
  static constexpr auto table = std::tuple{
      optional("l3_cache_info", &RdtStats::l3_cache_info),
      optional("l3_cache_schema_root", &RdtStats::l3_cache_schema_root),
      optional("l3_cache_schema", &RdtStats::l3_cache_schema),
      optional("mem_bw_info", &RdtStats::mem_bw_info),
      optional("mem_bw_schema_root", &RdtStats::mem_bw_schema_root),
      optional("mem_bw_schema", &RdtStats::mem_bw_schema),
      optional("schemata", &RdtStats::schemata),
      optional("mbm_stats", &RdtStats::mbm_stats),
      optional("cmt_stats", &RdtStats::cmt_stats),
  };
};

}  // namespace coracle::oci

namespace coracle::container {
namespace {

void begin_event(oci::json::Writer& out, const char* type, const std::string& id) {
  out.begin_object();
  out.key("type");
  out.string(type);
  out.key("id");
  out.string(id);
}

}  // namespace

std::string render_stats(const std::string& id, const cgroup::Stats& stats, const RdtStats& rdt) {
  oci::json::Writer out(oci::json::Layout::compact);
  begin_event(out, "stats", id);
  out.key("data");
  out.begin_object();
  oci::RecordCodec<cgroup::Stats>::write_members(out, stats);
  out.key("intel_rdt");
  oci::Codec<RdtStats>::write(out, rdt);
  // runc knows none of a container that it made by config.json.
  out.key("network_interfaces");
  out.empty_array();
  out.end_object();
  out.end_object();
  return std::move(out).text() + "\n";
}

std::string render_oom(const std::string& id) {
  oci::json::Writer out(oci::json::Layout::compact);
  begin_event(out, "oom", id);
  out.end_object();
  return std::move(out).text() + "\n";
}

}  // namespace coracle::container
