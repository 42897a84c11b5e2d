// Settings, rules and annotations -> properties.
#include "runtime/cgroup/systemd_properties.hpp"

#include <sys/types.h>

#include <algorithm>
#include <cctype>
#include <limits>
#include <optional>

#include "runtime/base/strings.hpp"
#include "runtime/cgroup/devices.hpp"
#include "runtime/dbus/text.hpp"

namespace coracle::cgroup::systemd {
namespace {

using Properties = std::vector<Property>;

constexpr std::uint64_t infinity = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t second_us = 1'000'000;
constexpr std::uint64_t percent_us = second_us / 100;
constexpr std::uint64_t default_period_us = 100'000;

// The first systemd that has it.
constexpr int quota_period_since = 242;
constexpr int cpusets_since = 244;
constexpr int idle_since = 252;
constexpr int oom_policy_of_scopes_since = 253;

struct SizeFile {
  std::string_view file;
  const char* property;
};

// Files with one number, of bytes or of things.
constexpr SizeFile size_files[] = {
    {"memory.max", "MemoryMax"},
    {"memory.high", "MemoryHigh"},
    {"memory.low", "MemoryLow"},
    {"memory.min", "MemoryMin"},
    {"memory.swap.max", "MemorySwapMax"},
    {"memory.limit_in_bytes", "MemoryLimit"},
    {"pids.max", "TasksMax"},
    {"cpu.weight", "CPUWeight"},
    {"cpu.shares", "CPUShares"},
    {"io.weight", "IOWeight"},
    {"blkio.weight", "BlockIOWeight"},
};

std::unexpected<Error> no_value(const Setting& setting) {
  return fail(setting.file + ": no value: " + in_quotes(setting.value));
}

// As the kernel reads it: "max", v1's "-1", "64M".
std::optional<std::uint64_t> size_from(std::string_view text) {
  if (text == "max" || text == "-1") return infinity;
  constexpr std::string_view suffixes = "kmgtpe";
  const char last = text.empty() ? '\0' : static_cast<char>(std::tolower(text.back()));
  const std::size_t suffix = suffixes.find(last);
  const bool has_suffix = last != '\0' && suffix != std::string_view::npos;
  const auto number =
      parse_number<std::uint64_t>(has_suffix ? text.substr(0, text.size() - 1) : text);
  if (!number || !has_suffix) return number;
  const std::size_t shift = 10 * (suffix + 1);
  if (*number > infinity >> shift) return std::nullopt;
  return *number << shift;
}

// The time in a second, in whole percents; none: more than can be.
std::optional<std::uint64_t> per_second(std::uint64_t quota_us, std::uint64_t period_us) {
  if (period_us == 0 || quota_us > infinity / second_us) return std::nullopt;
  const std::uint64_t time = quota_us * second_us / period_us;
  return (time + percent_us - 1) / percent_us * percent_us;
}

void put(Properties& all, Property property) {
  const auto same = std::ranges::find(all, property.name, &Property::name);
  if (same == all.end()) {
    all.push_back(std::move(property));
  } else {
    *same = std::move(property);
  }
}

// What several settings say about processor time.
struct Quota {
  bool given = false;
  std::uint64_t quota_us = infinity;
  std::uint64_t period_us = default_period_us;
};

// cpu.max: "50000 100000", "max"; v1 has a file for each.  False: another file.
Result<bool> take_quota(Quota& quota, const Setting& setting) {
  std::vector<std::string_view> words = split(trim(setting.value), ' ');
  std::erase(words, "");
  const bool is_quota = setting.file == "cpu.max" || setting.file == "cpu.cfs_quota_us";
  const bool is_period = setting.file == "cpu.cfs_period_us";
  if (!is_quota && !is_period) return false;
  const std::size_t most = setting.file == "cpu.max" ? 2 : 1;
  if (words.empty() || words.size() > most) return no_value(setting);
  const auto first = size_from(words.front());
  const auto period = words.size() == 2 ? size_from(words.back()) : quota.period_us;
  if (!first || !period) return no_value(setting);
  quota.given = true;
  quota.period_us = is_period ? *first : *period;
  if (is_quota) quota.quota_us = *first;
  return true;
}

Result<void> put_quota(Properties& all, const Quota& quota, int version) {
  if (!quota.given) return {};
  std::uint64_t time = infinity;
  if (quota.quota_us != infinity) {
    const auto given = per_second(quota.quota_us, quota.period_us);
    if (!given)
      return fail("no share of the processor: " + std::to_string(quota.quota_us) + " us in " +
                  std::to_string(quota.period_us) + " us");
    time = *given;
  }
  if (version >= quota_period_since)
    put(all, {.name = "CPUQuotaPeriodUSec", .value = dbus::uint64(quota.period_us)});
  put(all, {.name = "CPUQuotaPerSecUSec", .value = dbus::uint64(time)});
  return {};
}

Result<void> put_cpuset(Properties& all, const Setting& setting, int version) {
  if (version < cpusets_since) return {};
  dbus::Value bits = TRY(bit_set(setting.value).context(setting.file));
  const char* name = setting.file == "cpuset.cpus" ? "AllowedCPUs" : "AllowedMemoryNodes";
  put(all, {.name = name, .value = std::move(bits)});
  return {};
}

// Weights of single devices ("8:0 200") are for the files alone.  systemd
// refuses a TasksMax of 0.
Result<void> put_size(Properties& all, const Setting& setting, const char* property) {
  const std::string_view text = trim(setting.value);
  if (setting.controller == "io" && text.find(' ') != std::string_view::npos) return {};
  auto size = size_from(text);
  if (!size) return no_value(setting);
  if (setting.file == "pids.max" && *size == 0) size = 1;
  put(all, {.name = property, .value = dbus::uint64(*size)});
  return {};
}

Result<void> check_name(std::string_view name) {
  if (name.size() < 3) return fail("too short");
  const bool letters = std::ranges::all_of(
      name, [](char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; });
  if (!letters) return fail("contains non-alphabetic character");
  return {};
}

Result<dbus::Value> seconds_in_us(const dbus::Value& value) {
  if (const auto* count = std::get_if<std::uint64_t>(&value.data);
      count != nullptr && *count <= infinity / second_us)
    return dbus::uint64(*count * second_us);
  if (const auto* count = std::get_if<std::int64_t>(&value.data);
      count != nullptr && *count >= 0 && static_cast<std::uint64_t>(*count) <= infinity / second_us)
    return dbus::uint64(static_cast<std::uint64_t>(*count) * second_us);
  constexpr double most = 1e12;  // 30000 years: exact in a double's digits
  if (const auto* count = std::get_if<double>(&value.data);
      count != nullptr && *count >= 0 && *count <= most)
    return dbus::uint64(static_cast<std::uint64_t>(*count * static_cast<double>(second_us)));
  return fail("not a number of seconds");
}

// "TimeoutStopSec" is what units files and manuals say, "TimeoutStopUSec" what D-Bus has.
bool counts_seconds(std::string_view name) {
  constexpr std::string_view suffix = "Sec";
  if (!name.ends_with(suffix) || name.size() == suffix.size()) return false;
  return std::islower(static_cast<unsigned char>(name[name.size() - suffix.size() - 1])) != 0;
}

Result<Property> annotated(std::string name, const std::string& text) {
  TRY(check_name(name).context("name incorrect"));
  dbus::Value value = TRY(dbus::parse_value(text).context("value parse error"));
  if (!counts_seconds(name)) return Property{.name = std::move(name), .value = std::move(value)};
  name.insert(name.size() - 3, "U");
  dbus::Value time = TRY(seconds_in_us(value).context("value parse error"));
  return Property{.name = std::move(name), .value = std::move(time)};
}

dbus::Value device_entry(const UnitDevice& device) {
  return dbus::structure({dbus::text(device.node), dbus::text(device.access)});
}

}  // namespace

Result<Properties> annotated_properties(const std::map<std::string, std::string>& annotations) {
  constexpr std::string_view prefix = "org.systemd.property.";
  Properties all;
  for (const auto& [key, text] : annotations) {
    if (!key.starts_with(prefix)) continue;
    Property property = TRY(annotated(key.substr(prefix.size()), text)
                                .context("/annotations/" + key + ": " + in_quotes(text)));
    put(all, std::move(property));
  }
  return all;
}

oci::Resources rounded(oci::Resources resources) {
  if (!resources.cpu || resources.cpu->quota.value_or(0) <= 0) return resources;
  const std::uint64_t given = resources.cpu->period.value_or(0);
  const std::uint64_t period = given == 0 ? default_period_us : given;
  const auto quota = static_cast<std::uint64_t>(*resources.cpu->quota);
  const auto time = per_second(quota, period);
  // What is whole stays as it is, and what overflows is for others to refuse.
  const bool is_whole =
      time && quota * second_us % period == 0 && *time == quota * second_us / period;
  if (!time || is_whole || *time > infinity / period) return resources;
  resources.cpu->quota = static_cast<std::int64_t>(*time * period / second_us);
  return resources;
}

Result<Properties> limiting_properties(std::span<const Setting> settings, int version) {
  Properties all;
  Quota quota;
  bool idle = false;
  for (const Setting& setting : settings) {
    const bool was_quota = TRY(take_quota(quota, setting));
    if (was_quota) continue;
    if (setting.file == "cpu.idle") idle = trim(setting.value) == "1";
    if (setting.file == "cpuset.cpus" || setting.file == "cpuset.mems")
      TRY(put_cpuset(all, setting, version));
    const auto known = std::ranges::find(size_files, setting.file, &SizeFile::file);
    if (known != std::end(size_files)) TRY(put_size(all, setting, known->property));
  }
  TRY(put_quota(all, quota, version));
  // A weight of 0 stands for idle.
  if (idle && version >= idle_since) put(all, {.name = "CPUWeight", .value = dbus::uint64(0)});
  return all;
}

Properties oom_policy(const oci::Resources& resources, int version) {
  const auto group = resources.unified.find("memory.oom.group");
  if (group == resources.unified.end() || version < oom_policy_of_scopes_since) return {};
  const std::string_view value = trim(group->second);
  if (value != "0" && value != "1") return {};
  return {{.name = "OOMPolicy", .value = dbus::text(value == "1" ? "kill" : "continue")}};
}

Properties device_properties(const std::vector<oci::DeviceRule>& configured) {
  const auto devices = unit_devices(effective_device_rules(configured));
  if (!devices) return {};
  dbus::Value::Parts entries;
  for (const UnitDevice& device : *devices) entries.push_back(device_entry(device));
  // In this order: the other way round systemd believes that the unit's file
  // has changed (NeedDaemonReload=yes).
  return {{.name = "DeviceAllow", .value = dbus::array("(ss)", std::move(entries))},
          {.name = "DevicePolicy", .value = dbus::text("strict")}};
}

Properties unit_properties(const Unit& unit, const std::string& id, pid_t pid) {
  const auto flag = [](const char* name, bool value) {
    return Property{.name = name, .value = dbus::boolean(value)};
  };
  Properties all = {{.name = "Description", .value = dbus::text("coracle container " + id)}};
  if (unit.is_slice()) {
    all.push_back({.name = "Wants", .value = dbus::array("s", {dbus::text(unit.slice)})});
  } else {
    all.push_back({.name = "Slice", .value = dbus::text(unit.slice)});
    all.push_back(flag("Delegate", true));
    all.push_back({.name = "PIDs",
                   .value = dbus::array("u", {dbus::uint32(static_cast<std::uint32_t>(pid))})});
  }
  for (const char* name : {"MemoryAccounting", "CPUAccounting", "IOAccounting", "TasksAccounting"})
    all.push_back(flag(name, true));
  all.push_back(flag("DefaultDependencies", false));
  // One whose process was killed for want of memory has failed: nobody resets it.
  all.push_back({.name = "CollectMode", .value = dbus::text("inactive-or-failed")});
  return all;
}

Result<dbus::Value> bit_set(std::string_view numbers) {
  constexpr std::uint32_t most = 8192;  // CPUs of the largest kernels
  std::vector<std::uint64_t> bytes;
  for (const std::string_view part : split(numbers, ',')) {
    const std::string_view range = trim(part);
    if (range.empty()) continue;
    const std::size_t dash = range.find('-');
    const auto first = parse_number<std::uint32_t>(range.substr(0, dash));
    const auto last = dash == std::string_view::npos
                          ? first
                          : parse_number<std::uint32_t>(range.substr(dash + 1));
    if (!first || !last || *first > *last || *last >= most)
      return fail("no range of numbers below " + std::to_string(most) + ": " + in_quotes(range));
    bytes.resize(std::max<std::size_t>(bytes.size(), *last / 8 + 1));
    for (std::uint32_t number = *first; number <= *last; ++number)
      bytes[number / 8] |= std::uint64_t{1} << (number % 8);
  }
  dbus::Value::Parts elements;
  for (const std::uint64_t byte : bytes) elements.push_back({.type = "y", .data = byte});
  return dbus::array("y", std::move(elements));
}

}  // namespace coracle::cgroup::systemd
