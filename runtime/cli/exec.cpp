// `exec`: a further process in a container that runs.
#include "runtime/container/exec.hpp"

#include <array>
#include <limits>

#include "runtime/base/strings.hpp"
#include "runtime/cli/commands.hpp"

namespace coracle::cli {
namespace {

constexpr std::array options = {
    Option{.name = "console-socket",
           .value = "socket",
           .help = "unix socket that receives the terminal's master end"},
    Option{.name = "pidfd-socket",
           .value = "socket",
           .help = "unix socket that receives a pidfd of the process"},
    Option{.name = "cwd", .value = "dir", .help = "working directory in the container"},
    Option{.name = "env",
           .letter = 'e',
           .value = "name=value",
           .help = "environment variable",
           .repeated = true},
    Option{.name = "tty", .letter = 't', .help = "give it a terminal"},
    Option{.name = "user", .letter = 'u', .value = "uid[:gid]", .help = "run as this user"},
    Option{.name = "additional-gids",
           .letter = 'g',
           .value = "gid",
           .help = "additional group",
           .repeated = true},
    Option{.name = "process", .letter = 'p', .value = "file", .help = "process.json to run"},
    Option{.name = "detach", .letter = 'd', .help = "return once the process runs"},
    Option{.name = "pid-file", .value = "file", .help = "write the process id there"},
    Option{.name = "process-label", .value = "label", .help = "SELinux label of the process"},
    Option{.name = "apparmor", .value = "profile", .help = "AppArmor profile of the process"},
    Option{.name = "no-new-privs", .help = "set no_new_privs"},
    Option{.name = "cap",
           .letter = 'c',
           .value = "capability",
           .help = "add a capability, like CAP_NET_RAW",
           .repeated = true},
    Option{.name = "preserve-fds",
           .value = "count",
           .help = "pass this many descriptors above stdio and $LISTEN_FDS",
           .initial = "0"},
    Option{.name = "cgroup",
           .value = "[controller:]path",
           .help = "sub-cgroup of the container's to run in",
           .repeated = true},
    Option{.name = "ignore-paused", .help = "also in a paused container"},
    help_option,
};

std::vector<std::string> split_all(const std::vector<std::string>& values) {
  std::vector<std::string> all;
  for (const std::string& value : values) {
    for (const std::string_view part : split(value, ',')) all.emplace_back(part);
  }
  return all;
}

container::ExecRequest request_from(const Arguments& arguments) {
  container::ExecRequest request = {
      .process_file = arguments.text("process"),
      .args = {arguments.positional.begin() + 1, arguments.positional.end()},
      .cwd = arguments.text("cwd"),
      .env = arguments.list("env"),
      .user = arguments.text("user"),
      .additional_gids = split_all(arguments.list("additional-gids")),
      .capabilities = split_all(arguments.list("cap")),
      .tty = arguments.has("tty"),
      .no_new_privileges = std::nullopt,
      .apparmor_profile = arguments.text("apparmor"),
      .selinux_label = arguments.text("process-label")};
  if (arguments.values.contains("no-new-privs") && arguments.has("no-new-privs"))
    request.no_new_privileges = true;
  return request;
}

Result<int> run(const Globals& globals, const Arguments& arguments) {
  container::ExecOptions wanted = {.root = globals.root,
                                   .id = arguments.positional.front(),
                                   .request = request_from(arguments),
                                   .detach = arguments.has("detach"),
                                   .ignore_paused = arguments.has("ignore-paused"),
                                   .pid_file = arguments.text("pid-file"),
                                   .console_socket = arguments.text("console-socket"),
                                   .pidfd_socket = arguments.text("pidfd-socket"),
                                   .preserve_fds = TRY(arguments.number("preserve-fds")),
                                   .cgroups = arguments.list("cgroup"),
                                   .rootless = globals.rootless};
  return container::exec(wanted).context("exec " + wanted.id);
}

}  // namespace

constexpr Command exec_command = {
    .name = "exec",
    .summary = "run a further process in a container",
    .arguments = "<container-id> <command> [command options]",
    .description =
        "Runs the command, or the process.json of --process, in the namespaces and\n"
        "cgroups of a container.  Exits with its status, or 128 and its signal; with\n"
        "255 when it could not be started.",
    .options = options,
    .least = 1,
    .most = std::numeric_limits<std::size_t>::max(),
    .options_end_at_argument = true,
    .failure = 255,
    .run = run,
};

}  // namespace coracle::cli
