// info/, schemata and mon_data/ of resctrl.
#include "runtime/container/rdt_stats.hpp"

#include <algorithm>
#include <filesystem>

#include "runtime/base/strings.hpp"
#include "runtime/container/intel_rdt.hpp"
#include "runtime/sys/files.hpp"

namespace coracle::container {
namespace {

std::string text_of(const std::string& path) {
  const auto text = sys::read_file(path);
  return text ? std::string(trim(*text)) : std::string();
}

std::uint64_t number_of(const std::string& path) {
  // "Unavailable" and "Error" are other things that may stand there.
  return parse_number<std::uint64_t>(text_of(path)).value_or(0);
}

std::vector<std::string> schemata_of(const std::string& group) {
  std::vector<std::string> lines;
  const std::string text = text_of(group + "/schemata");
  for (const std::string_view line : split(text, '\n'))
    if (!trim(line).empty()) lines.emplace_back(trim(line));
  return lines;
}

// Of "L3": a line for "L3", "L3CODE" or "L3DATA", the last one of them as in runc.
std::string schema_of(const std::vector<std::string>& schemata, std::string_view resource) {
  const auto found = std::find_if(schemata.rbegin(), schemata.rend(), [&](const std::string& line) {
    return line.starts_with(resource);
  });
  return found == schemata.rend() ? std::string() : *found;
}

std::vector<std::string> caches_in(const std::string& mon_data) {
  std::vector<std::string> names;
  std::error_code problem;
  for (std::filesystem::directory_iterator entry(mon_data, problem), end; !problem && entry != end;
       entry.increment(problem)) {
    const std::string name = entry->path().filename();
    if (name.starts_with("mon_L3_")) names.push_back(name);
  }
  std::ranges::sort(names);
  return names;
}

void read_monitors(RdtStats& stats, const std::string& group, const std::string& features) {
  const bool bandwidth = features.contains("mbm_");
  const bool occupancy = features.contains("llc_occupancy");
  for (const std::string& name : caches_in(group + "/mon_data")) {
    const std::string cache = group + "/mon_data/" + name;
    if (bandwidth)
      stats.mbm_stats.push_back({.total_bytes = number_of(cache + "/mbm_total_bytes"),
                                 .local_bytes = number_of(cache + "/mbm_local_bytes")});
    if (occupancy)
      stats.cmt_stats.push_back({.llc_occupancy = number_of(cache + "/llc_occupancy")});
  }
}

}  // namespace

RdtStats read_rdt_stats(const oci::IntelRdt& rdt, const std::string& id, const std::string& root) {
  RdtStats stats;
  const std::string group = rdt_group_path(rdt, id, root);
  const std::vector<std::string> of_root = schemata_of(root);
  stats.schemata = schemata_of(group);

  stats.l3_cache_schema_root = schema_of(of_root, "L3");
  stats.l3_cache_schema = schema_of(stats.schemata, "L3");
  const std::string l3 = root + "/info/L3/";
  if (std::string mask = text_of(l3 + "cbm_mask"); !mask.empty())
    stats.l3_cache_info = {.cbm_mask = std::move(mask),
                           .min_cbm_bits = number_of(l3 + "min_cbm_bits"),
                           .num_closids = number_of(l3 + "num_closids")};

  stats.mem_bw_schema_root = schema_of(of_root, "MB");
  stats.mem_bw_schema = schema_of(stats.schemata, "MB");
  const std::string mb = root + "/info/MB/";
  if (const std::uint64_t gran = number_of(mb + "bandwidth_gran"); gran != 0)
    stats.mem_bw_info = {.bandwidth_gran = gran,
                         .delay_linear = number_of(mb + "delay_linear"),
                         .min_bandwidth = number_of(mb + "min_bandwidth"),
                         .num_closids = number_of(mb + "num_closids")};

  const std::string monitor = group + (rdt.enable_monitoring ? "/mon_groups/" + id : "");
  read_monitors(stats, monitor, text_of(root + "/info/L3_MON/mon_features"));
  return stats;
}

}  // namespace coracle::container
