// `restore`: a container from the image files of `checkpoint`.
#include <algorithm>

#include "runtime/cli/commands.hpp"
#include "runtime/cli/criu_options.hpp"
#include "runtime/container/checkpoint.hpp"

namespace coracle::cli {
namespace {

constexpr auto options = [] {
  const std::array own = {
      Option{.name = "bundle",
             .letter = 'b',
             .value = "dir",
             .help = "the bundle's directory",
             .initial = "."},
      Option{.name = "console-socket",
             .value = "socket",
             .help = "unix socket that receives the terminal's master end"},
      Option{.name = "detach", .letter = 'd', .help = "return once the container runs"},
      Option{.name = "pid-file", .value = "file", .help = "write the process id of init there"},
      Option{.name = "no-subreaper", .help = "do not adopt the container's orphans"},
      Option{.name = "no-pivot", .help = "accepted; CRIU has its own way to change the root"},
      Option{.name = "tcp-close", .help = "restore established TCP connections as closed"},
      Option{.name = "lsm-profile",
             .value = "type:name",
             .help = "security profile in place of the one that was dumped"},
      Option{.name = "lsm-mount-context",
             .value = "context",
             .help = "label of mounts in place of the one that was dumped"},
      help_option,
  };
  std::array<Option, criu_options.size() + own.size()> all = {};
  std::copy(own.begin(), own.end(),
            std::copy(criu_options.begin(), criu_options.end(), all.begin()));
  return all;
}();

Result<container::RestoreOptions> wanted_from(const Globals& globals, const Arguments& arguments) {
  container::RestoreOptions wanted = {.create = {},
                                      .images = TRY(images_from(arguments)),
                                      .criu = TRY(criu_options_from(arguments)),
                                      .detach = arguments.has("detach"),
                                      .no_subreaper = arguments.has("no-subreaper")};
  wanted.create = {.root = globals.root,
                   .id = arguments.positional.front(),
                   .bundle = arguments.text("bundle"),
                   .console_socket = arguments.text("console-socket"),
                   .pid_file = arguments.text("pid-file"),
                   .no_pivot = arguments.has("no-pivot"),
                   .rootless = globals.rootless,
                   .cgroup_manager = globals.cgroup_manager};
  wanted.criu.tcp_close = arguments.has("tcp-close");
  wanted.criu.lsm_profile = arguments.text("lsm-profile");
  wanted.criu.lsm_mount_context = arguments.text("lsm-mount-context");
  return wanted;
}

Result<int> run(const Globals& globals, const Arguments& arguments) {
  const container::RestoreOptions wanted = TRY(wanted_from(globals, arguments));
  return container::restore(wanted).context("restore " + wanted.create.id);
}

}  // namespace

constexpr Command restore_command = {
    .name = "restore",
    .summary = "make a container from the image files of a checkpoint",
    .arguments = "<container-id>",
    .description =
        "Restores the container's processes by CRIU, which must be installed, with\n"
        "the mounts, namespaces and cgroups of the bundle's config.json.  Unless\n"
        "detached, waits and deletes as `run` does.",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run,
};

}  // namespace coracle::cli
