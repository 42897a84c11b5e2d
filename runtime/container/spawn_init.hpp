// The clone: init born in its namespaces, those that are joined included.
#pragma once

#include "runtime/base/result.hpp"
#include "runtime/init/init.hpp"
#include "runtime/plan/plan.hpp"
#include "runtime/sys/process.hpp"

namespace coracle::container {

// Namespaces of other owners are entered by the host, for the child alone;
// where the host could not come back (a user or mount namespace), a joiner
// enters them and clones init as the host's own child (CLONE_PARENT).
// `cgroup` is the v2 directory to be born in, or null.
Result<sys::Cloned> spawn_init(const plan::Namespaces& namespaces, const sys::Fd* cgroup,
                               init::Input input);

// Whether the host itself cannot make the time namespace: init unshares it.
bool init_makes_time_namespace(const plan::Plan& plan, const plan::HostFacts& facts);

}  // namespace coracle::container
