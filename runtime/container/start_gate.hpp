// What blocks init between created and running: two FIFOs in the state
// directory, which init inherits, so that it opens nothing once its privileges
// are gone and needs but read(2) and write(2) under its filter.  Who makes a
// container and starts it at once needs none of that: the last message lets
// init go on, and a pipe tells of the execve.
#pragma once

#include "runtime/base/result.hpp"
#include "runtime/container/state_dir.hpp"
#include "runtime/init/init.hpp"
#include "runtime/sys/fd.hpp"

namespace coracle::container {

struct PipeGate {
  init::Gate init;
  sys::Fd result;  // for await_execution
};
Result<PipeGate> make_pipe_gate();

// Makes both FIFOs and opens init's ends.
Result<init::Gate> make_start_gate(const StateDir& dir);

// What init wrote to Gate::result before it ended: "2\nexec /nope".
Error error_from_gate(std::string_view text);

// Waits until init has executed the program, which closes the other end of
// `result` (O_NONBLOCK); init's own error if it could not.  `pidfd` is init's.
Result<void> await_execution(const sys::Fd& result, const ContainerState& state,
                             const sys::PidFd& pidfd);

// Lets init go on, and then the same.
Result<void> open_start_gate(const StateDir& dir, const ContainerState& state,
                             const sys::PidFd& pidfd);

}  // namespace coracle::container
