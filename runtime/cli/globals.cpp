// The global options, and what stands in for those that are not given.
#include "runtime/cli/globals.hpp"

#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <optional>

#include "runtime/base/strings.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/namespaces.hpp"

namespace coracle::cli {
namespace {

constexpr std::array table = {
    Option{.name = "debug", .help = "write debug lines to the log"},
    Option{.name = "log", .value = "file", .help = "append errors to this file, not to stderr"},
    Option{
        .name = "log-format", .value = "format", .help = "\"text\" or \"json\"", .initial = "text"},
    Option{.name = "root",
           .value = "dir",
           .help = "where the state of containers lives (default: /run/coracle, or "
                   "$XDG_RUNTIME_DIR/coracle for the unprivileged)"},
    Option{.name = "systemd-cgroup", .help = "let systemd manage cgroups"},
    Option{.name = "cgroup-manager",
           .value = "manager",
           .help = "who makes cgroups: we, \"cgroupfs\" (the default); \"systemd\"; or nobody, "
                   "\"disabled\", so that a container stays in those of its caller"},
    Option{
        .name = "rootless",
        .value = "mode",
        .help = "do not fail on cgroups that may not be written: \"true\", \"false\" or \"auto\"",
        .initial = "auto"},
    Option{.name = "timings",
           .value = "file",
           .help = "write how long each phase took, for a trace viewer, to this file"},
    help_option,
    Option{.name = "version", .letter = 'v', .help = "print the version"},
};

// Without /proc nobody knows; what makes containers says so then, and the rest does not need it.
bool is_unprivileged() {
  return ::geteuid() != 0 || !sys::in_initial_user_namespace().value_or(true);
}

// As runc: root of a user namespace keeps the user's directory, unless it
// calls itself root.
std::string default_root() {
  constexpr const char* system_root = "/run/coracle";
  const char* runtime_dir = ::getenv("XDG_RUNTIME_DIR");
  if (runtime_dir == nullptr || *runtime_dir == '\0' || !is_unprivileged()) return system_root;
  const char* user = ::getenv("USER");
  if (::geteuid() == 0 && user != nullptr && std::string_view(user) == "root") return system_root;
  return std::string(runtime_dir) + "/coracle";
}

Result<bool> rootless_from(const std::string& text) {
  if (text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
  if (text == "auto" || text.empty()) return is_unprivileged();
  return fail("invalid value " + in_quotes(text) + " for --rootless: not true, false or auto");
}

Result<cgroup::Manager> manager_named(const std::string& name) {
  if (name.empty() || name == "cgroupfs") return cgroup::Manager::cgroupfs;
  if (name == "systemd") return cgroup::Manager::systemd;
  if (name == "disabled") return cgroup::Manager::disabled;
  return fail("invalid value " + in_quotes(name) +
              " for --cgroup-manager: not cgroupfs, systemd or disabled");
}

// --systemd-cgroup is runc's word for --cgroup-manager systemd.
Result<cgroup::Manager> cgroup_manager_from(const Arguments& arguments) {
  const std::string name = arguments.text("cgroup-manager");
  cgroup::Manager manager = TRY(manager_named(name));
  if (arguments.has("systemd-cgroup")) {
    if (!name.empty() && manager != cgroup::Manager::systemd)
      return fail("--systemd-cgroup and --cgroup-manager " + name + " contradict each other");
    manager = cgroup::Manager::systemd;
  }
  return manager;
}

}  // namespace

std::span<const Option> global_options() {
  return table;
}

Result<container::log::Settings> log_settings(const Arguments& arguments) {
  using container::log::Format;
  const std::string format = arguments.text("log-format");
  if (format != "text" && format != "json") return fail("invalid log-format: " + format);
  return container::log::Settings{.file = arguments.text("log"),
                                  .format = format == "json" ? Format::json : Format::text,
                                  .debug = arguments.has("debug")};
}

Result<Globals> resolve_globals(const Arguments& arguments, std::string program) {
  const cgroup::Manager cgroup_manager = TRY(cgroup_manager_from(arguments));
  const std::string given = arguments.text("root");
  return Globals{.program = std::move(program),
                 .root = TRY(sys::absolute_path(given.empty() ? default_root() : given)),
                 .root_given = !given.empty(),
                 .rootless = TRY(rootless_from(arguments.text("rootless"))),
                 .cgroup_manager = cgroup_manager};
}

std::string program_name(std::string_view argv0) {
  return argv0.ends_with("runc") ? "runc" : "coracle";
}

}  // namespace coracle::cli
