// What the steps of init share.  Private to init/.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/init/init.hpp"

namespace coracle::init {

struct Context {
  Input input;

  // The host's /proc (O_PATH, its type verified), for sysctls and labels; the
  // container's own is not to be trusted.  Closed before the gate.
  sys::Fd proc;
  // The container's root (O_PATH): the only way to its paths.
  sys::Fd root;
  std::string root_path;  // as this process sees it, before pivot_root
  sys::Fd old_root;       // the host's "/"
  // tmpfs mounts that become read-only once everything in them is made.
  std::vector<sys::Fd> read_only_later;
  std::vector<std::string> env;
  std::string program;             // what execve gets
  std::optional<Joining> joining;  // of an exec'd process
  mode_t inherited_umask = 022;
  bool in_working_directory = false;
  bool host_is_done = false;  // said so by Prepared, or has nothing to say
  bool ready = false;         // errors go to the gate from now on

  const plan::Plan& plan() const { return input.plan; }
};

// A mount namespace of its own or joined: without one, mounts stay on the host.
bool has_mount_namespace(const plan::Plan& plan);

// One entry of a table of steps: order as data.
struct Step {
  const char* name;  // becomes the error's context
  Result<void> (*run)(Context&);
};

// The steps, in files named for what they do.  Each is a no-op when its part
// of the plan is empty.

// exec.cpp
Result<void> set_initial_affinity(Context& context);
Result<void> open_host_proc_for_labels(Context& context);
Result<void> join_container(Context& context);
Result<void> open_root(Context& context);
Result<void> await_host_for_ids(Context& context);

// namespaces.cpp
Result<void> close_host_descriptors(Context& context);
Result<void> forget_environment(Context& context);
Result<void> await_id_maps(Context& context);
Result<void> await_host(Context& context);
Result<void> await_cgroup(Context& context);
Result<void> become_root(Context& context);
Result<void> die_with_host(Context& context);
Result<void> new_session_and_keyring(Context& context);
Result<void> unshare_time_namespace(Context& context);
Result<void> unshare_ipc_namespace(Context& context);
Result<void> unshare_cgroup_namespace(Context& context);
Result<void> set_names(Context& context);
Result<void> bring_loopback_up(Context& context);

// rootfs.cpp
Result<void> open_host_proc(Context& context);
Result<void> prepare_root(Context& context);
Result<void> change_root(Context& context);

// mounts.cpp
Result<void> make_mounts(Context& context);
Result<void> make_mount(Context& context, std::size_t index);  // no step

// change_mounts.cpp
Result<void> open_joined_root(Context& context);
Result<void> add_mounts(Context& context);
Result<void> remove_mounts(Context& context);
Result<void> report_changed(Context& context);

// devices.cpp
Result<void> make_devices(Context& context);

// hooks.cpp
Result<void> let_host_run_hooks(Context& context);
Result<void> run_create_container_hooks(Context& context);
Result<void> run_start_container_hooks(Context& context);

// console.cpp
Result<void> attach_console(Context& context);

// protect.cpp
Result<void> protect_paths(Context& context);

// kernel_settings.cpp
Result<void> set_affinity(const std::vector<unsigned long>& mask);  // no step
Result<void> write_sysctls(Context& context);
Result<void> set_exec_labels(Context& context);
Result<void> set_scheduling(Context& context);

// privileges.cpp
Result<void> enter_working_directory(Context& context);
Result<void> drop_privileges(Context& context);

// seccomp.cpp
Result<void> load_seccomp_privileged(Context& context);
Result<void> load_seccomp_last(Context& context);

// execute.cpp
Result<void> reset_inheritance(Context& context);
Result<void> find_program(Context& context);
Result<void> report_ready(Context& context);
Result<void> await_start(Context& context);
Result<void> execute(Context& context);

}  // namespace coracle::init
