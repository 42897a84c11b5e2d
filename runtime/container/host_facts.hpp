// Asks the kernel once what a plan needs to know.
#pragma once

#include "oci-spec/config.hpp"
#include "runtime/base/result.hpp"
#include "runtime/cgroup/cgroup.hpp"
#include "runtime/plan/plan.hpp"

namespace coracle::container {

// `spec` tells what need not be asked.
Result<plan::HostFacts> read_host_facts(const oci::Spec& spec, const cgroup::Host& host);

// The v1 hierarchies as a mount of type cgroup shows them: with the
// container's cgroup, or where it has none (rootless) the runtime's own.
std::vector<plan::CgroupHierarchy> cgroup_views(const cgroup::Host& host,
                                                const cgroup::Paths& paths);

}  // namespace coracle::container
