// `kill`: a signal to a container's init, or to all of its processes.
#include "runtime/base/strings.hpp"
#include "runtime/cli/commands.hpp"
#include "runtime/container/lifecycle.hpp"
#include "runtime/container/matching.hpp"
#include "runtime/sys/signals.hpp"

namespace coracle::cli {
namespace {

constexpr std::array options = {
    Option{.name = "all", .letter = 'a', .help = "signal all processes of the container"},
    Option{.name = "regex",
           .letter = 'r',
           .help = "signal all containers whose id matches this regular expression"},
    help_option,
};

Result<int> run(const Globals& globals, const Arguments& arguments) {
  const std::string& id = arguments.positional.front();
  const std::string wanted = arguments.positional.size() > 1 ? arguments.positional[1] : "TERM";
  const auto signal = sys::signal_number(wanted);
  if (!signal) return fail("unknown signal " + in_quotes(wanted));
  const bool all = arguments.has("all");
  const auto kill = [&](const std::string& one) -> Result<void> {
    return container::kill(globals.root, one, *signal, all).context("kill " + one);
  };
  TRY(arguments.has("regex") ? container::for_each_match(globals.root, id, kill) : kill(id));
  return 0;
}

}  // namespace

constexpr Command kill_command = {
    .name = "kill",
    .summary = "send a signal (default: SIGTERM) to the container's init process",
    .arguments = "<container-id> [signal]",
    .description =
        "The signal is a number or a name, with or without SIG.  SIGKILL reaches all\n"
        "processes of a container that has no PID namespace of its own.  With --regex\n"
        "the id is a POSIX extended regular expression, matched anywhere in an id.",
    .options = options,
    .least = 1,
    .most = 2,
    .run = run,
};

}  // namespace coracle::cli
