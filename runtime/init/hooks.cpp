// The places of the hooks between clone and execve.
#include "hooks/run.hpp"

#include <unistd.h>

#include "runtime/init/context.hpp"

namespace coracle::init {
namespace {

// Hooks in the container's namespaces see its pid there.  runtime.md#state
oci::State state_for_hooks(const Context& context, oci::Status status) {
  oci::State state = context.input.state;
  state.status = status;
  state.pid = ::getpid();
  return state;
}

// What has no environment of its own gets the process's.
std::vector<oci::Hook> with_environment(std::vector<oci::Hook> hooks,
                                        const std::vector<std::string>& env) {
  for (oci::Hook& hook : hooks) {
    if (hook.env.empty()) hook.env = env;
  }
  return hooks;
}

}  // namespace

Result<void> let_host_run_hooks(Context& context) {
  if (!context.input.host_awaits_rootfs) return {};
  TRY(context.input.channel.send(sync::RootfsReady{}));
  TRY(context.input.channel.expect<sync::RuntimeHooksDone>());
  return {};
}

Result<void> run_create_container_hooks(Context& context) {
  const std::vector<oci::Hook>& hooks = context.input.hooks.create_container;
  if (hooks.empty()) return {};
  if (::fchdir(context.root.get()) != 0) return fail_errno("fchdir to the root");
  return hooks::run("createContainer", hooks, state_for_hooks(context, oci::Status::creating),
                    context.input.hooks_output);
}

Result<void> run_start_container_hooks(Context& context) {
  if (context.input.hooks.start_container.empty()) return {};
  const std::vector<oci::Hook> hooks =
      with_environment(context.input.hooks.start_container, context.env);
  return hooks::run("startContainer", hooks, state_for_hooks(context, oci::Status::created),
                    context.input.hooks_output);
}

}  // namespace coracle::init
