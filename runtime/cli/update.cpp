// `update`: other limits for a container that runs.
#include "runtime/container/update.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "oci-spec/parse.hpp"
#include "oci-spec/validate.hpp"
#include "runtime/base/strings.hpp"
#include "runtime/cli/commands.hpp"
#include "runtime/cli/units.hpp"
#include "runtime/container/log.hpp"
#include "runtime/sys/files.hpp"

namespace coracle::cli {
namespace {

constexpr std::array options = {
    Option{.name = "resources",
           .letter = 'r',
           .value = "file",
           .help = "linux.resources as JSON, - for stdin; no other limit counts then"},
    Option{.name = "blkio-weight", .value = "weight", .help = "10 to 1000"},
    Option{.name = "cpu-period", .value = "us", .help = "the time that --cpu-quota is a part of"},
    Option{.name = "cpu-quota",
           .value = "us",
           .help = "processor time in one period; -1 for all of it"},
    Option{.name = "cpu-burst", .value = "us", .help = "what may be saved from earlier periods"},
    Option{.name = "cpu-share", .value = "shares", .help = "weight beside other containers"},
    Option{.name = "cpu-rt-period", .value = "us", .help = "the period of --cpu-rt-runtime"},
    Option{.name = "cpu-rt-runtime",
           .value = "us",
           .help = "time for real-time processes in one period"},
    Option{.name = "cpuset-cpus", .value = "list", .help = "processors to use, like 0-3,7"},
    Option{.name = "cpuset-mems", .value = "list", .help = "memory nodes to use"},
    Option{.name = "memory", .value = "size", .help = "limit in bytes or like 64M; -1 for none"},
    Option{.name = "cpu-idle",
           .value = "number",
           .help = "\"1\": run only when nobody else wants to (SCHED_IDLE), \"0\": as others do"},
    Option{.name = "memory-reservation", .value = "size", .help = "soft limit"},
    Option{.name = "memory-swap",
           .value = "size",
           .help = "limit on memory and swap together; -1 for none"},
    Option{.name = "pids-limit", .value = "count", .help = "processes; -1 for any number"},
    Option{.name = "l3-cache-schema", .value = "schema", .help = "like L3:0=ff;1=f0"},
    Option{.name = "mem-bw-schema", .value = "schema", .help = "like MB:0=50;1=70"},
    Option{.name = "kernel-memory", .value = "size", .hidden = true},
    Option{.name = "kernel-memory-tcp", .value = "size", .hidden = true},
    help_option,
};

std::unexpected<Error> invalid(std::string_view name, const std::string& given, const char* what) {
  return fail("invalid value for " + std::string(name) + ": " + in_quotes(given) + " is not " +
              what);
}

// An option that is not given, or empty, leaves `field` as it is.
template <class T>
Result<void> read_number(const Arguments& arguments, std::string_view name,
                         std::optional<T>& field) {
  const std::string given = arguments.text(name);
  if (given.empty()) return {};
  field = parse_number<T>(given);
  if (!field) return invalid(name, given, "a number in range");
  return {};
}

Result<void> read_size(const Arguments& arguments, std::string_view name,
                       std::optional<std::int64_t>& field) {
  const std::string given = arguments.text(name);
  if (given.empty()) return {};
  field = parse_size(given);
  if (!field) return invalid(name, given, "a size in bytes or like 64M");
  return {};
}

Result<oci::Cpu> cpu_from(const Arguments& arguments) {
  oci::Cpu cpu;
  TRY(read_number(arguments, "cpu-period", cpu.period));
  TRY(read_number(arguments, "cpu-quota", cpu.quota));
  TRY(read_number(arguments, "cpu-burst", cpu.burst));
  TRY(read_number(arguments, "cpu-share", cpu.shares));
  TRY(read_number(arguments, "cpu-rt-period", cpu.realtime_period));
  TRY(read_number(arguments, "cpu-rt-runtime", cpu.realtime_runtime));
  TRY(read_number(arguments, "cpu-idle", cpu.idle));
  cpu.cpus = arguments.text("cpuset-cpus");
  cpu.mems = arguments.text("cpuset-mems");
  return cpu;
}

Result<oci::Memory> memory_from(const Arguments& arguments) {
  oci::Memory memory;
  TRY(read_size(arguments, "memory", memory.limit));
  TRY(read_size(arguments, "memory-reservation", memory.reservation));
  TRY(read_size(arguments, "memory-swap", memory.swap));
  TRY(read_size(arguments, "kernel-memory", memory.kernel));
  TRY(read_size(arguments, "kernel-memory-tcp", memory.kernel_tcp));
  return memory;
}

Result<oci::Resources> resources_from_options(const Arguments& arguments) {
  oci::Resources resources;
  resources.cpu = TRY(cpu_from(arguments));
  resources.memory = TRY(memory_from(arguments));
  oci::BlockIo block_io;
  TRY(read_number(arguments, "blkio-weight", block_io.weight));
  resources.block_io = block_io;
  TRY(read_number(arguments, "pids-limit", resources.pids_limit));
  return resources;
}

Result<std::string> read_resources(const std::string& path) {
  if (path != "-") return sys::read_file(path);
  return sys::read_all(sys::Fd(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)))
      .context("read resources from stdin");
}

Result<oci::Resources> resources_from_file(const std::string& path) {
  const std::string text = TRY(read_resources(path));
  oci::Resources resources = TRY(oci::parse_resources(text));
  TRY(oci::validate_resources(resources));
  return resources;
}

void warn_of_ignored(const Arguments& arguments) {
  const bool any = std::ranges::any_of(arguments.values, [](const auto& given) {
    const std::string& name = given.first;
    return !given.second.empty() && !name.ends_with("-schema") && name != "resources" &&
           name != "help";
  });
  if (any) container::log::warn("limits given beside --resources are ignored");
}

Result<int> run(const Globals& globals, const Arguments& arguments) {
  const std::string& id = arguments.positional.front();
  const std::string file = arguments.text("resources");
  container::Update wanted = {.resources = {},
                              .l3_cache_schema = arguments.text("l3-cache-schema"),
                              .mem_bw_schema = arguments.text("mem-bw-schema")};
  if (!file.empty()) warn_of_ignored(arguments);
  wanted.resources =
      TRY(file.empty() ? resources_from_options(arguments) : resources_from_file(file));
  TRY(container::update(globals.root, id, wanted).context("update " + id));
  return 0;
}

}  // namespace

constexpr Command update_command = {
    .name = "update",
    .summary = "update container resource constraints",
    .arguments = "<container-id>",
    .description =
        "Changes limits of a container that runs: all that are given, or none when one\n"
        "of them cannot be applied.  A limit that is not given, or is 0, stays.  Device\n"
        "rules cannot be changed.",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run,
};

}  // namespace coracle::cli
