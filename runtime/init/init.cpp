#include "runtime/init/init.hpp"

#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tuple>

#include "runtime/init/context.hpp"
#include "runtime/sys/files.hpp"

namespace coracle::init {
namespace {

struct Step {
  const char* name;  // becomes the error's context
  Result<void> (*run)(Context&);
};

// The order is the specification: runtime.md#lifecycle, steps 2 to 8.
constexpr Step steps[] = {
    {"descriptors", close_host_descriptors},
    {"await id maps", await_id_maps},
    {"procfs", open_host_proc},  // before anything of the container's is mounted
    {"rootfs", prepare_root},    // its directory may be open to the host's user alone
    {"ids", become_root},
    {"session", new_session_and_keyring},
    {"time namespace", unshare_time_namespace},
    {"cgroup namespace", unshare_cgroup_namespace},  // after the cgroup is joined
    {"hostname", set_names},
    {"network", bring_loopback_up},
    {"mounts", make_mounts},
    {"devices", make_devices},
    {"runtime hooks", let_host_run_hooks},  // the old root must still be there
    {"createContainer hooks", run_create_container_hooks},
    {"console", attach_console},       // before the root may become read-only
    {"protect paths", protect_paths},  // by descriptor, so before pivot_root too
    {"sysctl", write_sysctls},
    {"pivot_root", change_root},
    {"labels", set_exec_labels},
    {"scheduling", set_scheduling},
    {"working directory", enter_working_directory},
    {"signals and umask", reset_inheritance},  // before a filter may forbid it
    {"seccomp", load_seccomp_privileged},      // without no_new_privs: needs CAP_SYS_ADMIN
    {"privileges", drop_privileges},
    {"find program", find_program},  // so that `create` reports its absence
    {"seccomp", load_seccomp_last},  // with no_new_privs
    {"report ready", report_ready},  // Ready, await Saved
    {"start gate", await_start},
    {"startContainer hooks", run_start_container_hooks},
    {"execute", execute},
};

// Program errors are the engine's to match from their first word on: they get
// no context of ours.
bool speaks_for_itself(const Error& error) {
  return error.what.starts_with("exec");
}

void report(const Context& context, Error error) {
  if (!context.ready) {
    std::ignore = context.input.channel.send(sync::Failed{.error = std::move(error)});
    return;
  }
  const std::string text = std::to_string(error.code) + "\n" + error.what;
  std::ignore = sys::write_all(context.input.gate.result, text);  // nobody else to tell
}

}  // namespace

void run(Input input) noexcept {
  Context context = {.input = std::move(input)};
  // Modes in the configuration are meant as they stand.
  context.inherited_umask = ::umask(0);
  for (const Step& step : steps) {
    if (auto done = step.run(context); !done) {
      Error error = std::move(done).error();
      if (!speaks_for_itself(error)) error = std::move(error).context(step.name);
      report(context, std::move(error));
      ::_exit(1);
    }
  }
  ::_exit(127);  // execute returned without an error: cannot happen
}

}  // namespace coracle::init
