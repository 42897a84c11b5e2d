// `start`: lets the program of a created container run.
#include "runtime/cli/commands.hpp"
#include "runtime/container/create.hpp"

namespace coracle::cli {
namespace {

constexpr std::array options = {help_option};

Result<int> run(const Globals& globals, const Arguments& arguments) {
  const std::string& id = arguments.positional.front();
  TRY(container::start(globals.root, id).context("start " + id));
  return 0;
}

}  // namespace

constexpr Command start_command = {
    .name = "start",
    .summary = "executes the user defined process in a created container",
    .arguments = "<container-id>",
    .description =
        "Lets the program of a container in status created run.  When it cannot be\n"
        "executed, the error is that of execve.",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run,
};

}  // namespace coracle::cli
