// `resume`: lets a paused container go on.
#include "runtime/cli/commands.hpp"
#include "runtime/container/pause.hpp"

namespace coracle::cli {
namespace {

constexpr std::array options = {help_option};

Result<int> run(const Globals& globals, const Arguments& arguments) {
  const std::string& id = arguments.positional.front();
  TRY(container::resume(globals.root, id).context("resume " + id));
  return 0;
}

}  // namespace

constexpr Command resume_command = {
    .name = "resume",
    .summary = "resume all processes that have been paused",
    .arguments = "<container-id>",
    .description = "Thaws the container's cgroup.",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run,
};

}  // namespace coracle::cli
