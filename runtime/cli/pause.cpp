// `pause`: stops all processes of a container.
#include "runtime/container/pause.hpp"

#include "runtime/cli/commands.hpp"

namespace coracle::cli {
namespace {

constexpr std::array options = {help_option};

Result<int> run(const Globals& globals, const Arguments& arguments) {
  const std::string& id = arguments.positional.front();
  TRY(container::pause(globals.root, id).context("pause " + id));
  return 0;
}

}  // namespace

constexpr Command pause_command = {
    .name = "pause",
    .summary = "suspend all processes inside a container",
    .arguments = "<container-id>",
    .description = "Freezes the container's cgroup; `resume` lets it go on.",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run,
};

}  // namespace coracle::cli
