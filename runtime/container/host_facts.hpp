// Asks the kernel once what a plan needs to know.
#pragma once

#include "oci-spec/config.hpp"
#include "runtime/base/result.hpp"
#include "runtime/cgroup/cgroup.hpp"
#include "runtime/plan/host_facts.hpp"

namespace coracle::container {

// `spec` tells what need not be asked; `paths` are the container's cgroups.
Result<plan::HostFacts> read_host_facts(const oci::Spec& spec, const cgroup::Host& host,
                                        const cgroup::Paths& paths);

}  // namespace coracle::container
