// Running one list of hooks.  Knows Hook and State, not containers.
#pragma once

#include <string_view>
#include <vector>

#include "oci-spec/config.hpp"
#include "oci-spec/state.hpp"
#include "runtime/base/result.hpp"
#include "runtime/sys/fd.hpp"

namespace coracle::hooks {

// Where hooks write.  An empty descriptor: into a pipe of ours, for the error
// of one that fails.
struct Output {
  sys::Fd out;
  sys::Fd errors;
};

// The files that the annotations run.oci.hooks.stdout and .stderr of `state`
// name, to append to; made with mode 0600 if need be.  A relative path counts
// from the bundle.
Result<Output> open_output(const oci::State& state);

// Runs `hooks` in order with `state` on stdin; stops at the first that fails
// or outlives its timeout (seconds), which is killed.  `name` is the list's
// JSON name: the error reads "error running createRuntime hook #0: PATH: ...",
// with the last bytes that the hook wrote to stderr.
// They write into `output` and start in our working directory; without one,
// into what open_output() gives, and in the bundle, if it is still there.
// Spec: config.md#posix-platform-hooks
Result<void> run(std::string_view name, const std::vector<oci::Hook>& hooks,
                 const oci::State& state);
Result<void> run(std::string_view name, const std::vector<oci::Hook>& hooks,
                 const oci::State& state, const Output& output);

// Runs all of `hooks`, whatever becomes of those before; the failures, with
// the same texts, and in the bundle.  For poststop, where a failure is no more
// than a warning.
std::vector<Error> run_all(std::string_view name, const std::vector<oci::Hook>& hooks,
                           const oci::State& state);

}  // namespace coracle::hooks
