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
  return hooks::run("createContainer", hooks, state_for_hooks(context, oci::Status::creating),
                    context.input.hooks_output);
}

Result<void> run_start_container_hooks(Context& context) {
  const std::vector<oci::Hook>& hooks = context.input.hooks.start_container;
  if (hooks.empty()) return {};
  return hooks::run("startContainer", hooks, state_for_hooks(context, oci::Status::created),
                    context.input.hooks_output);
}

}  // namespace coracle::init
