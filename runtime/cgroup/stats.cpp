// Numbers read from cgroup files, of whichever version.
#include "runtime/cgroup/stats.hpp"

#include <array>
#include <charconv>
#include <filesystem>

#include "runtime/base/strings.hpp"
#include "runtime/sys/files.hpp"

namespace coracle::cgroup {
namespace {

constexpr std::uint64_t ns_per_us = 1000;
// USER_HZ, which the kernel never changes: proc(5) counts in it.
constexpr std::uint64_t ns_per_tick = 10'000'000;

// One controller's files.
class Files {
 public:
  explicit Files(std::string dir) : dir_(std::move(dir)) {}

  std::string text(const std::string& name) const {
    if (dir_.empty()) return {};
    return sys::read_file(dir_ + "/" + name).value_or("");
  }
  std::uint64_t number(const std::string& name) const {
    const std::string read = text(name);
    if (trim(read) == "max") return unlimited;
    return parse_number<std::uint64_t>(trim(read)).value_or(0);
  }
  std::vector<std::uint64_t> numbers(const std::string& name) const;
  std::map<std::string, std::uint64_t> keyed(const std::string& name) const {
    return parse_keyed(text(name));
  }
  std::vector<std::string> names() const;

 private:
  std::string dir_;
};

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words = split(trim(line), ' ');
  std::erase_if(words, [](std::string_view word) { return word.empty(); });
  return words;
}

std::vector<std::uint64_t> Files::numbers(const std::string& name) const {
  const std::string read = text(name);
  std::vector<std::uint64_t> all;
  for (const std::string_view word : words_of(read))
    if (const auto number = parse_number<std::uint64_t>(word)) all.push_back(*number);
  return all;
}

std::vector<std::string> Files::names() const {
  std::vector<std::string> all;
  std::error_code problem;
  for (std::filesystem::directory_iterator entry(dir_, problem), end; !problem && entry != end;
       entry.increment(problem))
    all.push_back(entry->path().filename());
  return all;
}

std::uint64_t value_of(const std::map<std::string, std::uint64_t>& numbers, const char* key) {
  const auto found = numbers.find(key);
  return found == numbers.end() ? 0 : found->second;
}

std::uint64_t add(std::uint64_t a, std::uint64_t b) {
  return a == unlimited || b == unlimited ? unlimited : a + b;
}

// --- cpu --------------------------------------------------------------------

CpuStats::Usage v1_usage(const Files& files) {
  CpuStats::Usage usage = {.total = files.number("cpuacct.usage"),
                           .percpu = files.numbers("cpuacct.usage_percpu")};
  const auto modes = files.keyed("cpuacct.stat");
  usage.kernel = value_of(modes, "system") * ns_per_tick;
  usage.user = value_of(modes, "user") * ns_per_tick;
  const std::string all = files.text("cpuacct.usage_all");
  for (const std::string_view line : split(all, '\n')) {
    const auto words = words_of(line);  // "cpu user system", and a line for each processor
    const auto user = words.size() < 3 ? std::nullopt : parse_number<std::uint64_t>(words[1]);
    const auto kernel = words.size() < 3 ? std::nullopt : parse_number<std::uint64_t>(words[2]);
    if (!user || !kernel) continue;
    usage.percpu_user.push_back(*user);
    usage.percpu_kernel.push_back(*kernel);
  }
  return usage;
}

CpuStats::Usage v2_usage(const Files& files) {
  const auto numbers = files.keyed("cpu.stat");
  return {.total = value_of(numbers, "usage_usec") * ns_per_us,
          .kernel = value_of(numbers, "system_usec") * ns_per_us,
          .user = value_of(numbers, "user_usec") * ns_per_us};
}

CpuStats read_cpu(const Cgroup& cgroup) {
  CpuStats cpu;
  const Place accounting = cgroup.place_of("cpuacct");
  cpu.usage = accounting.is_v2 ? v2_usage(Files(accounting.dir)) : v1_usage(Files(accounting.dir));
  const Place place = cgroup.place_of("cpu");
  const auto numbers = Files(place.dir).keyed("cpu.stat");
  cpu.throttling = {.periods = value_of(numbers, "nr_periods"),
                    .throttled_periods = value_of(numbers, "nr_throttled"),
                    .throttled_time = place.is_v2 ? value_of(numbers, "throttled_usec") * ns_per_us
                                                  : value_of(numbers, "throttled_time")};
  return cpu;
}

CpusetStats read_cpuset(const Cgroup& cgroup) {
  const Place place = cgroup.place_of("cpuset");
  if (place.is_v2) return {};
  const Files files(place.dir);
  const std::string level = files.text("cpuset.sched_relax_domain_level");
  return {.cpus = parse_list(files.text("cpuset.cpus")),
          .cpu_exclusive = files.number("cpuset.cpu_exclusive"),
          .mems = parse_list(files.text("cpuset.mems")),
          .mem_hardwall = files.number("cpuset.mem_hardwall"),
          .mem_exclusive = files.number("cpuset.mem_exclusive"),
          .memory_migrate = files.number("cpuset.memory_migrate"),
          .memory_spread_page = files.number("cpuset.memory_spread_page"),
          .memory_spread_slab = files.number("cpuset.memory_spread_slab"),
          .memory_pressure = files.number("cpuset.memory_pressure"),
          .sched_load_balance = files.number("cpuset.sched_load_balance"),
          .sched_relax_domain_level = parse_number<std::int64_t>(trim(level)).value_or(0)};
}

// --- memory -----------------------------------------------------------------

MemoryStats::Entry v1_entry(const Files& files, const std::string& prefix) {
  return {.limit = files.number(prefix + ".limit_in_bytes"),
          .usage = files.number(prefix + ".usage_in_bytes"),
          .max = files.number(prefix + ".max_usage_in_bytes"),
          .failcnt = files.number(prefix + ".failcnt")};
}

MemoryStats::Entry v2_entry(const Files& files, const std::string& prefix) {
  return {.limit = files.number(prefix + ".max"),
          .usage = files.number(prefix + ".current"),
          .max = files.number(prefix + ".peak")};
}

MemoryStats read_memory(const Cgroup& cgroup) {
  const Place place = cgroup.place_of("memory");
  const Files files(place.dir);
  MemoryStats memory;
  memory.raw = files.keyed("memory.stat");
  memory.cache = value_of(memory.raw, place.is_v2 ? "file" : "cache");
  if (!place.is_v2) {
    memory.usage = v1_entry(files, "memory");
    memory.swap = v1_entry(files, "memory.memsw");
    memory.kernel = v1_entry(files, "memory.kmem");
    memory.kernel_tcp = v1_entry(files, "memory.kmem.tcp");
    return memory;
  }
  memory.usage = v2_entry(files, "memory");
  const MemoryStats::Entry swap = v2_entry(files, "memory.swap");
  // The peak of a sum is not the sum of the peaks.
  memory.swap = {.limit = add(swap.limit, memory.usage.limit),
                 .usage = swap.usage + memory.usage.usage};
  return memory;
}

PidsStats read_pids(const Cgroup& cgroup) {
  const Place place = cgroup.place_of("pids");
  const Files files(place.dir);
  if (files.text("pids.current").empty())  // no such controller
    return {.current = cgroup.processes().value_or(std::vector<pid_t>()).size()};
  const std::uint64_t limit = files.number("pids.max");
  return {.current = files.number("pids.current"), .limit = limit == unlimited ? 0 : limit};
}

// --- block i/o --------------------------------------------------------------

using Entries = std::vector<BlockIoStats::Entry>;

// The files of a scheduler: BFQ's, or CFQ's on kernels before 5.0.
BlockIoStats scheduler_stats(const Files& files, const std::string& prefix) {
  const auto entries = [&](const char* name) {
    return parse_blkio(files.text(prefix + name + "_recursive"));
  };
  return {.service_bytes = entries("io_service_bytes"),
          .serviced = entries("io_serviced"),
          .queued = entries("io_queued"),
          .service_time = entries("io_service_time"),
          .wait_time = entries("io_wait_time"),
          .merged = entries("io_merged"),
          .time = entries("time"),
          .sectors = entries("sectors"),
          .psi = {}};
}

// A device without a scheduler is counted where it is throttled.
BlockIoStats throttle_stats(const Files& files, const char* ending) {
  const auto entries = [&](const std::string& name) {
    return parse_blkio(files.text("blkio.throttle." + name + ending));
  };
  BlockIoStats stats;
  stats.service_bytes = entries("io_service_bytes");
  stats.serviced = entries("io_serviced");
  return stats;
}

BlockIoStats read_block_io(const Cgroup& cgroup) {
  const Place place = cgroup.place_of("blkio");
  const Files files(place.dir);
  if (place.is_v2) return parse_io_stat(files.text("io.stat"));
  for (const char* prefix : {"blkio.bfq.", "blkio."}) {
    BlockIoStats stats = scheduler_stats(files, prefix);
    if (!stats.serviced.empty()) return stats;
  }
  BlockIoStats stats = throttle_stats(files, "_recursive");
  return stats.serviced.empty() ? throttle_stats(files, "") : stats;
}

// --- huge pages -------------------------------------------------------------

HugetlbStats v1_hugetlb(const Files& files, const std::string& prefix) {
  return {.usage = files.number(prefix + ".usage_in_bytes"),
          .max = files.number(prefix + ".max_usage_in_bytes"),
          .failcnt = files.number(prefix + ".failcnt")};
}

std::map<std::string, HugetlbStats> read_hugetlb(const Cgroup& cgroup) {
  const Place place = cgroup.place_of("hugetlb");
  const Files files(place.dir);
  const std::string_view prefix = "hugetlb.";
  const std::string_view ending = place.is_v2 ? ".current" : ".usage_in_bytes";
  std::map<std::string, HugetlbStats> all;
  for (const std::string& name : files.names()) {
    if (!name.starts_with(prefix) || !name.ends_with(ending)) continue;
    const std::string size =
        name.substr(prefix.size(), name.size() - prefix.size() - ending.size());
    if (size.ends_with(".rsvd")) continue;
    // A reservation can fail where the use of a page cannot.
    const bool reserved = !files.text("hugetlb." + size + ".rsvd" + std::string(ending)).empty();
    const std::string base = "hugetlb." + size + (reserved ? ".rsvd" : "");
    if (!place.is_v2) {
      all[size] = v1_hugetlb(files, base);
      continue;
    }
    const auto events = files.keyed("hugetlb." + size + ".events");
    all[size] = {.usage = files.number(base + ".current"), .failcnt = value_of(events, "max")};
  }
  return all;
}

// --- formats ----------------------------------------------------------------

Pressure::Line parse_pressure_line(const std::vector<std::string_view>& words) {
  Pressure::Line line;
  for (const std::string_view word : words) {
    const std::size_t equals = word.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view key = word.substr(0, equals);
    const std::string_view value = word.substr(equals + 1);
    const auto average = [&](double& number) {
      std::from_chars(value.data(), value.data() + value.size(), number);
    };
    if (key == "avg10") average(line.avg10);
    if (key == "avg60") average(line.avg60);
    if (key == "avg300") average(line.avg300);
    if (key == "total") line.total = parse_number<std::uint64_t>(value).value_or(0);
  }
  return line;
}

struct DeviceNumber {
  std::uint64_t major = 0;
  std::uint64_t minor = 0;
};

std::optional<DeviceNumber> parse_device(std::string_view text) {
  const auto parts = split(text, ':');
  if (parts.size() != 2) return std::nullopt;
  const auto major = parse_number<std::uint64_t>(parts[0]);
  const auto minor = parse_number<std::uint64_t>(parts[1]);
  if (!major || !minor) return std::nullopt;
  return DeviceNumber{.major = *major, .minor = *minor};
}

}  // namespace

Stats read_stats(const Cgroup& cgroup) {
  Stats stats = {.cpu = read_cpu(cgroup),
                 .cpuset = read_cpuset(cgroup),
                 .memory = read_memory(cgroup),
                 .pids = read_pids(cgroup),
                 .block_io = read_block_io(cgroup),
                 .hugetlb = read_hugetlb(cgroup)};
  // The v2 hierarchy tells it without a controller, beside v1 too.
  const Files files(cgroup.paths().v2);
  stats.cpu.psi = parse_pressure(files.text("cpu.pressure"));
  stats.memory.psi = parse_pressure(files.text("memory.pressure"));
  stats.block_io.psi = parse_pressure(files.text("io.pressure"));
  return stats;
}

std::map<std::string, std::uint64_t> parse_keyed(std::string_view text) {
  std::map<std::string, std::uint64_t> all;
  for (const std::string_view line : split(text, '\n')) {
    const auto words = words_of(line);
    if (words.size() != 2) continue;
    if (const auto number = parse_number<std::uint64_t>(words[1])) all.emplace(words[0], *number);
  }
  return all;
}

std::vector<std::uint16_t> parse_list(std::string_view text) {
  std::vector<std::uint16_t> all;
  for (const std::string_view part : split(trim(text), ',')) {
    const std::size_t dash = part.find('-');
    const auto first = parse_number<std::uint16_t>(part.substr(0, dash));
    const auto last =
        dash == std::string_view::npos ? first : parse_number<std::uint16_t>(part.substr(dash + 1));
    if (!first || !last) continue;
    for (unsigned number = *first; number <= *last; ++number)
      all.push_back(static_cast<std::uint16_t>(number));
  }
  return all;
}

std::optional<Pressure> parse_pressure(std::string_view text) {
  if (trim(text).empty()) return std::nullopt;
  Pressure pressure;
  for (const std::string_view line : split(text, '\n')) {
    const auto words = words_of(line);
    if (words.empty()) continue;
    if (words[0] == "some") pressure.some = parse_pressure_line(words);
    if (words[0] == "full") pressure.full = parse_pressure_line(words);
  }
  return pressure;
}

std::vector<BlockIoStats::Entry> parse_blkio(std::string_view text) {
  Entries all;
  for (const std::string_view line : split(text, '\n')) {
    const auto words = words_of(line);
    const auto device = words.empty() ? std::nullopt : parse_device(words[0]);
    if (!device || words.size() < 2 || words.size() > 3) continue;
    const auto value = parse_number<std::uint64_t>(words.back());
    if (!value) continue;
    all.push_back({.major = device->major,
                   .minor = device->minor,
                   .op = words.size() == 3 ? std::string(words[1]) : std::string(),
                   .value = *value});
  }
  return all;
}

BlockIoStats parse_io_stat(std::string_view text) {
  struct Column {
    std::string_view key;
    Entries BlockIoStats::*entries;
    const char* op;
  };
  static constexpr std::array columns = {
      Column{.key = "rbytes", .entries = &BlockIoStats::service_bytes, .op = "Read"},
      Column{.key = "wbytes", .entries = &BlockIoStats::service_bytes, .op = "Write"},
      Column{.key = "rios", .entries = &BlockIoStats::serviced, .op = "Read"},
      Column{.key = "wios", .entries = &BlockIoStats::serviced, .op = "Write"},
  };
  BlockIoStats stats;
  for (const std::string_view line : split(text, '\n')) {
    const auto words = words_of(line);
    const auto device = words.empty() ? std::nullopt : parse_device(words[0]);
    if (!device) continue;
    for (const Column& column : columns) {
      for (const std::string_view word : words) {
        if (!word.starts_with(column.key) || !word.substr(column.key.size()).starts_with('='))
          continue;
        const auto value = parse_number<std::uint64_t>(word.substr(column.key.size() + 1));
        if (value)
          (stats.*column.entries).push_back({device->major, device->minor, column.op, *value});
      }
    }
  }
  return stats;
}

}  // namespace coracle::cgroup
