// `create`: a container in status created.
#include "runtime/container/create.hpp"

#include "runtime/cli/commands.hpp"
#include "runtime/cli/create_options.hpp"

namespace coracle::cli {
namespace {

constexpr auto options = [] {
  std::array<Option, create_options.size() + 1> all = {};
  std::copy(create_options.begin(), create_options.end(), all.begin());
  all.back() = help_option;
  return all;
}();

Result<int> run(const Globals& globals, const Arguments& arguments) {
  const container::CreateOptions wanted = TRY(create_options_from(globals, arguments));
  TRY(container::create(wanted).context("create " + wanted.id));
  return 0;
}

}  // namespace

Result<container::CreateOptions> create_options_from(const Globals& globals,
                                                     const Arguments& arguments) {
  return container::CreateOptions{.root = globals.root,
                                  .id = arguments.positional.front(),
                                  .bundle = arguments.text("bundle"),
                                  .config = arguments.text("config"),
                                  .console_socket = arguments.text("console-socket"),
                                  .pidfd_socket = arguments.text("pidfd-socket"),
                                  .pid_file = arguments.text("pid-file"),
                                  .no_pivot = arguments.has("no-pivot"),
                                  .no_new_keyring = arguments.has("no-new-keyring"),
                                  .preserve_fds = TRY(arguments.number("preserve-fds")),
                                  .rootless = globals.rootless,
                                  .cgroup_manager = globals.cgroup_manager};
}

constexpr Command create_command = {
    .name = "create",
    .summary = "create a container",
    .arguments = "<container-id>",
    .description =
        "Makes the container that the bundle's config.json describes, up to the point\n"
        "where the user's program would run; `start` lets it run.  The id must be\n"
        "unique on this host.",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run,
};

}  // namespace coracle::cli
