// `events`: statistics and out-of-memory events of a container, as JSON lines.
#include "runtime/container/events.hpp"

#include "runtime/base/strings.hpp"
#include "runtime/cli/commands.hpp"
#include "runtime/cli/output.hpp"
#include "runtime/cli/units.hpp"

namespace coracle::cli {
namespace {

constexpr std::array options = {
    Option{.name = "interval",
           .value = "duration",
           .help = "time between statistics, like 1s or 100ms",
           .initial = "5s"},
    Option{.name = "stats", .help = "print statistics once and exit"},
    help_option,
};

Result<std::chrono::nanoseconds> interval_from(const Arguments& arguments) {
  const std::string given = arguments.text("interval");
  const auto interval = parse_duration(given);
  if (!interval)
    return fail("invalid value " + in_quotes(given) +
                " for flag -interval: not a duration like 1s or 100ms");
  if (interval->count() <= 0) return fail("duration interval must be greater than 0");
  return *interval;
}

Result<void> print_stream(container::EventStream stream) {
  while (true) {
    const std::optional<std::string> line = TRY(stream.next());
    if (!line) return {};
    TRY(print(*line));
  }
}

Result<int> run(const Globals& globals, const Arguments& arguments) {
  const std::string& id = arguments.positional.front();
  const std::chrono::nanoseconds interval = TRY(interval_from(arguments));
  if (arguments.has("stats")) {
    const std::string line = TRY(container::stats_event(globals.root, id).context("events " + id));
    TRY(print(line));
    return 0;
  }
  container::EventStream stream =
      TRY(container::EventStream::open(globals.root, id, interval).context("events " + id));
  TRY(print_stream(std::move(stream)).context("events " + id));
  return 0;
}

}  // namespace

constexpr Command events_command = {
    .name = "events",
    .summary = "display what a container uses, and when it runs out of memory",
    .arguments = "<container-id>",
    .description =
        "Prints an event a line, as JSON, until the container stops: of type \"stats\"\n"
        "after every interval, of type \"oom\" when the kernel kills for want of memory.",
    .options = options,
    .least = 1,
    .most = 1,
    .quiet_stderr = true,
    .run = run,
};

}  // namespace coracle::cli
