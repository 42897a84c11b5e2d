// `run`: create and start in one, and unless detached wait and delete.
#include <algorithm>

#include "runtime/cli/commands.hpp"
#include "runtime/cli/create_options.hpp"

namespace coracle::cli {
namespace {

constexpr auto options = [] {
  const std::array own = {
      Option{.name = "detach", .letter = 'd', .help = "return once the container runs"},
      Option{.name = "keep", .help = "do not delete the container when it has ended"},
      Option{.name = "no-subreaper", .help = "do not adopt the container's orphans"},
      help_option,
  };
  std::array<Option, create_options.size() + own.size()> all = {};
  std::copy(own.begin(), own.end(),
            std::copy(create_options.begin(), create_options.end(), all.begin()));
  return all;
}();

Result<int> run(const Globals& globals, const Arguments& arguments) {
  const container::RunOptions wanted = {.create = TRY(create_options_from(globals, arguments)),
                                        .detach = arguments.has("detach"),
                                        .keep = arguments.has("keep"),
                                        .no_subreaper = arguments.has("no-subreaper")};
  return container::run(wanted).context("run " + wanted.create.id);
}

}  // namespace

constexpr Command run_command = {
    .name = "run",
    .summary = "create and run a container",
    .arguments = "<container-id>",
    .description =
        "Does what `create` and `start` do; then, unless detached, waits until the\n"
        "program has ended, deletes the container, and exits with the program's\n"
        "status, or 128 and its signal.",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run,
};

}  // namespace coracle::cli
