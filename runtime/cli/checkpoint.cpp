// `checkpoint`: a running container to image files.
#include "runtime/container/checkpoint.hpp"

#include <algorithm>

#include "runtime/cli/commands.hpp"
#include "runtime/cli/criu_options.hpp"

namespace coracle::cli {
namespace {

constexpr auto options = [] {
  const std::array own = {
      Option{.name = "parent-path",
             .value = "dir",
             .help = "images of an earlier pre-dump, relative to the image path"},
      Option{.name = "leave-running", .help = "let the container run on"},
      Option{.name = "pre-dump", .help = "dump memory alone, and let the container run on"},
      Option{.name = "tcp-skip-in-flight", .help = "leave out connections not yet accepted"},
      Option{.name = "link-remap", .help = "link files that were removed while open"},
      Option{.name = "page-server",
             .value = "address:port",
             .help = "send memory there; with --lazy-pages serve it there"},
      Option{.name = "status-fd",
             .value = "number",
             .help = "descriptor that gets a NUL byte when lazy pages are served"},
      help_option,
  };
  std::array<Option, criu_options.size() + own.size()> all = {};
  std::copy(own.begin(), own.end(),
            std::copy(criu_options.begin(), criu_options.end(), all.begin()));
  return all;
}();

Result<container::CheckpointOptions> wanted_from(const Globals& globals,
                                                 const Arguments& arguments) {
  container::CheckpointOptions wanted = {.root = globals.root,
                                         .id = arguments.positional.front(),
                                         .images = TRY(images_from(arguments)),
                                         .criu = TRY(criu_options_from(arguments)),
                                         .pre_dump = arguments.has("pre-dump"),
                                         .status_fd = {}};
  wanted.criu.parent_image = arguments.text("parent-path");
  wanted.criu.leave_running = arguments.has("leave-running");
  wanted.criu.tcp_skip_in_flight = arguments.has("tcp-skip-in-flight");
  wanted.criu.link_remap = arguments.has("link-remap");
  const std::string page_server = arguments.text("page-server");
  if (!page_server.empty()) wanted.criu.page_server = TRY(parse_page_server(page_server));
  if (arguments.has("status-fd")) wanted.status_fd = TRY(arguments.number("status-fd"));
  return wanted;
}

Result<int> run(const Globals& globals, const Arguments& arguments) {
  const container::CheckpointOptions wanted = TRY(wanted_from(globals, arguments));
  TRY(container::checkpoint(wanted).context("checkpoint " + wanted.id));
  return 0;
}

}  // namespace

constexpr Command checkpoint_command = {
    .name = "checkpoint",
    .summary = "save a running container as image files",
    .arguments = "<container-id>",
    .description =
        "Dumps the container's processes by CRIU, which must be installed.  Unless it\n"
        "is left running, the container is then deleted; `restore` makes it anew.",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run,
};

}  // namespace coracle::cli
