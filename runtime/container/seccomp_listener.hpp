// SCMP_ACT_NOTIFY: the listener goes to the agent at linux.seccomp.listenerPath.
// Spec: config-linux.md#containerprocessstate
#pragma once

#include "oci-spec/config_linux.hpp"
#include "oci-spec/state.hpp"
#include "runtime/base/result.hpp"
#include "runtime/sys/fd.hpp"

namespace coracle::container {

// Sends the container process state and `listener` on `agent`, a connected
// stream socket.
Result<void> send_seccomp_listener(const sys::Fd& agent, const oci::Seccomp& seccomp,
                                   const oci::State& state, const sys::Fd& listener);

}  // namespace coracle::container
