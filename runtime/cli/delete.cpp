// `delete`: removes what is left of a container.
#include "runtime/cli/commands.hpp"
#include "runtime/container/lifecycle.hpp"
#include "runtime/container/log.hpp"
#include "runtime/container/matching.hpp"

namespace coracle::cli {
namespace {

constexpr std::array options = {
    Option{.name = "force", .letter = 'f', .help = "kill the container first if it still runs"},
    Option{.name = "regex",
           .letter = 'r',
           .help = "delete all containers whose id matches this regular expression"},
    help_option,
};

Result<void> remove(const Globals& globals, const std::string& id, bool force) {
  auto warnings = TRY(container::remove(globals.root, id, force).context("delete " + id));
  for (std::string& warning : warnings) container::log::warn(std::move(warning));
  return {};
}

Result<int> run(const Globals& globals, const Arguments& arguments) {
  const std::string& id = arguments.positional.front();
  const bool force = arguments.has("force");
  const auto remove_one = [&](const std::string& one) { return remove(globals, one, force); };
  TRY(arguments.has("regex") ? container::for_each_match(globals.root, id, remove_one)
                             : remove_one(id));
  return 0;
}

}  // namespace

constexpr Command delete_command = {
    .name = "delete",
    .summary = "delete any resources held by the container",
    .arguments = "<container-id>",
    .description =
        "Removes cgroups and state of a container that has stopped, or that was created\n"
        "and never started, and runs its poststop hooks.  With --regex the id is a POSIX\n"
        "extended regular expression, matched anywhere in an id.",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run,
};

}  // namespace coracle::cli
