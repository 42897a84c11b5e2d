// SCMP_ACT_NOTIFY: the listener goes to the agent at linux.seccomp.listenerPath.
// Spec: config-linux.md#containerprocessstate
#pragma once

#include <sys/types.h>

#include <string>

#include "oci-spec/config_linux.hpp"
#include "oci-spec/state.hpp"
#include "runtime/base/result.hpp"
#include "runtime/plan/annotations.hpp"
#include "runtime/seccomp/filter.hpp"
#include "runtime/sys/fd.hpp"

namespace coracle::container {

// A process that has loaded a filter which notifies: init, or one exec'd.
struct Notifying {
  pid_t pid = 0;
  const sys::Fd& listener;
};

// As the annotations want it, compiled or from the filters kept below `root`, where state lives.
Result<seccomp::Filter> compile_filter(const oci::Seccomp& config,
                                       const plan::Annotations& annotations,
                                       const std::string& root);

// Sends the container process state and the listener on `agent`, a connected
// stream socket.
Result<void> send_seccomp_listener(const sys::Fd& agent, const oci::Seccomp& seccomp,
                                   const oci::State& state, const Notifying& process);

}  // namespace coracle::container
