#include "runtime/init/init.hpp"

#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <span>
#include <tuple>

#include "runtime/init/context.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/timings.hpp"

namespace coracle::init {
namespace {

// The order is the specification: runtime.md#lifecycle, steps 2 to 8.
constexpr Step steps[] = {
    {"descriptors", close_host_descriptors},
    {"environment", forget_environment},
    {"await id maps", await_id_maps},            // whose ids we are to have
    {"time namespace", unshare_time_namespace},  // while we may write our own /proc files
    {"procfs", open_host_proc},                  // before anything of the container's is mounted
    {"rootfs", prepare_root},  // its directory may be open to the host's user alone
    {"ids", become_root},
    {"host's end", die_with_host},  // which a change of ids would undo
    {"session", new_session_and_keyring},
    {"ipc namespace", unshare_ipc_namespace},
    {"hostname", set_names},
    {"network", bring_loopback_up},
    {"cgroup namespace", unshare_cgroup_namespace},  // after the cgroup is joined
    {"mounts", make_mounts},
    {"devices", make_devices},
    {"await host", await_host},             // at the latest now
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
    {start_container_hooks, run_start_container_hooks},
    {"execute", execute},
};

// The joiner's, which processes inside do not see.
constexpr Step join_steps[] = {
    {"descriptors", close_host_descriptors},
    {"affinity", set_initial_affinity},
    {"procfs", open_host_proc_for_labels},  // the container's /proc is not to be trusted
    {"labels", set_exec_labels},            // a clone inherits them
    {"environment", forget_environment},
    {"join", join_container},
};

// exec: no hooks, no mounts; the container is there.
constexpr Step exec_steps[] = {
    {"root", open_root},
    {"await host", await_host_for_ids},  // who moves us must own the ids that we have
    {"ids", become_root},
    {"host's end", die_with_host},
    {"session", new_session_and_keyring},
    {"await host", await_host},
    {"console", attach_console},
    {"scheduling", set_scheduling},
    {"working directory", enter_working_directory},
    {"signals and umask", reset_inheritance},
    {"seccomp", load_seccomp_privileged},
    {"privileges", drop_privileges},
    {"find program", find_program},
    {"seccomp", load_seccomp_last},
    {"report ready", report_ready},
    {"execute", execute},
};

// mounts add and remove: seen by nobody inside, and without a program.
constexpr Step add_steps[] = {
    {"descriptors", close_host_descriptors},
    {"procfs", open_host_proc},  // the container's /proc is not to be trusted
    {"join", join_container},
    {"root", open_joined_root},
    {"ids", become_root},
    {"mounts", add_mounts},
    {"report", report_changed},
};

constexpr Step remove_steps[] = {
    {"descriptors", close_host_descriptors},
    {"procfs", open_host_proc},
    {"join", join_container},
    {"root", open_joined_root},
    {"ids", become_root},
    {"mounts", remove_mounts},
    {"report", report_changed},
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

Result<void> take_steps(Context& context, std::span<const Step> table) {
  for (const Step& step : table) {
    const sys::timings::Phase phase(step.name);
    if (auto done = step.run(context); !done) {
      Error error = std::move(done).error();
      if (!speaks_for_itself(error)) error = std::move(error).context(step.name);
      return std::unexpected(std::move(error));
    }
  }
  return {};
}

[[noreturn]] void live(Context context, std::span<const Step> table) {
  sys::timings::become(sys::timings::Side::init);
  // Modes in the configuration are meant as they stand.
  context.inherited_umask = ::umask(0);
  if (auto done = take_steps(context, table); !done) {
    report(context, std::move(done).error());
    ::_exit(1);
  }
  ::_exit(127);  // execute returned without an error: cannot happen
}

}  // namespace

void run(Input input) noexcept {
  live({.input = std::move(input)}, steps);
}

// By the names of all members, so that none is forgotten.
Input in_own_table(const Input& input) {
  const auto& [plan, hooks, state, channel, gate, seccomp, preserve_fds, extra_env, hooks_output,
               becomes_dumpable, make_time_namespace, awaits_cgroup, host_awaits_rootfs,
               awaits_saved] = input;
  return {.plan = plan,
          .hooks = hooks,
          .state = state,
          .channel = channel.in_own_table(),
          .gate = {.wait = sys::in_own_table(gate.wait), .result = sys::in_own_table(gate.result)},
          .seccomp = seccomp,
          .preserve_fds = preserve_fds,
          .extra_env = extra_env,
          .hooks_output = {.out = sys::in_own_table(hooks_output.out),
                           .errors = sys::in_own_table(hooks_output.errors)},
          .becomes_dumpable = becomes_dumpable,
          .make_time_namespace = make_time_namespace,
          .awaits_cgroup = awaits_cgroup,
          .host_awaits_rootfs = host_awaits_rootfs,
          .awaits_saved = awaits_saved};
}

Joining in_own_table(const Joining& joining) {
  const auto& [container, namespaces, root, initial_affinity, final_affinity] = joining;
  return {.container = sys::in_own_table(container),
          .namespaces = namespaces,
          .root = sys::in_own_table(root),
          .initial_affinity = initial_affinity,
          .final_affinity = final_affinity};
}

Result<sys::Cloned> clone_exec(Input input, Joining joining) {
  Context context = {.input = std::move(input), .joining = std::move(joining)};
  sys::timings::become(sys::timings::Side::joiner);
  TRY(take_steps(context, join_steps));
  return sys::clone_process({.flags = CLONE_PARENT},
                            [&]() noexcept { live(std::move(context), exec_steps); });
}

void change_mounts(Input input, Joining joining, MountChange change) noexcept {
  const bool adds = change == MountChange::add;
  const std::span<const Step> table = adds ? std::span<const Step>(add_steps) : remove_steps;
  live({.input = std::move(input), .joining = std::move(joining), .host_is_done = true}, table);
}

}  // namespace coracle::init
