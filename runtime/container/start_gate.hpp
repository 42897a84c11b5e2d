// What blocks init between created and running: two FIFOs in the state
// directory, which init inherits, so that it opens nothing once its privileges
// are gone and needs but read(2) and write(2) under its filter.
#pragma once

#include "runtime/base/result.hpp"
#include "runtime/container/state_dir.hpp"
#include "runtime/init/init.hpp"
#include "runtime/sys/fd.hpp"

namespace coracle::container {

// Makes both and opens init's ends.
Result<init::Gate> make_start_gate(const StateDir& dir);

// What init wrote to Gate::result before it ended: "2\nexec /nope".
Error error_from_gate(std::string_view text);

// Lets init go on and waits until it has executed the program; its own error
// if it could not.  `pidfd` is init's.
Result<void> open_start_gate(const StateDir& dir, const ContainerState& state,
                             const sys::PidFd& pidfd);

}  // namespace coracle::container
