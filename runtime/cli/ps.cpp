// `ps`: the processes inside a container.
#include "runtime/container/ps.hpp"

#include <limits>

#include "oci-spec/json_writer.hpp"
#include "runtime/cli/commands.hpp"
#include "runtime/cli/output.hpp"

namespace coracle::cli {
namespace {

constexpr std::array options = {
    Option{.name = "format",
           .letter = 'f',
           .value = "format",
           .help = "\"table\" or \"json\"",
           .initial = "table"},
    help_option,
};

// Of none: "null", as Go writes an empty list.
std::string render_json(const std::vector<pid_t>& pids) {
  if (pids.empty()) return "null\n";
  oci::json::Writer out(oci::json::Layout::compact);
  out.begin_array();
  for (const pid_t pid : pids) out.integer(pid);
  out.end_array();
  return std::move(out).text() + "\n";
}

Result<int> run(const Globals& globals, const Arguments& arguments) {
  const std::string& id = arguments.positional.front();
  const std::string format = arguments.text("format");
  if (format != "table" && format != "json") return fail("invalid format option");
  const std::vector<pid_t> pids =
      TRY(container::container_processes(globals.root, id).context("ps " + id));
  if (format == "json") {
    TRY(print(render_json(pids)));
    return 0;
  }
  const std::vector<std::string> words(arguments.positional.begin() + 1,
                                       arguments.positional.end());
  const std::string table = TRY(container::list_processes(words, pids).context("ps " + id));
  TRY(print(table));
  return 0;
}

}  // namespace

constexpr Command ps_command = {
    .name = "ps",
    .summary = "display the processes inside a container",
    .arguments = "<container-id> [ps options]",
    .description =
        "Prints what ps(1) tells of the container's processes, with the options that\n"
        "follow the id, as words or as one; without any, -ef.  Of columns that are\n"
        "chosen, one must be PID.",
    .options = options,
    .least = 1,
    .most = std::numeric_limits<std::size_t>::max(),
    .options_end_at_argument = true,
    .quiet_stderr = true,
    .run = run,
};

}  // namespace coracle::cli
