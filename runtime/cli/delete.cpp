// `delete`: removes what is left of a container.
#include "runtime/cli/commands.hpp"
#include "runtime/container/lifecycle.hpp"
#include "runtime/container/log.hpp"

namespace coracle::cli {
namespace {

constexpr std::array options = {
    Option{.name = "force", .letter = 'f', .help = "kill the container first if it still runs"},
    help_option,
};

Result<int> run(const Globals& globals, const Arguments& arguments) {
  const std::string& id = arguments.positional.front();
  auto warnings =
      TRY(container::remove(globals.root, id, arguments.has("force")).context("delete " + id));
  for (std::string& warning : warnings) container::log::warn(std::move(warning));
  return 0;
}

}  // namespace

constexpr Command delete_command = {
    .name = "delete",
    .summary = "delete any resources held by the container",
    .arguments = "<container-id>",
    .description =
        "Removes cgroups and state of a container that has stopped, or that was created\n"
        "and never started, and runs its poststop hooks.",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run,
};

}  // namespace coracle::cli
