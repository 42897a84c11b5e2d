// process.capabilities -> bit sets.  Spec: config.md#linux-process
#pragma once

#include <string>
#include <vector>

#include "oci-spec/config.hpp"
#include "runtime/base/result.hpp"
#include "runtime/plan/plan.hpp"

namespace coracle::plan {

// What of `config` this host can give.  Unknown names, those that the runtime
// itself lacks, and ambient ones that the kernel would not raise are left out
// with a warning; effective ones that are not permitted are refused.
Result<CapabilitySets> plan_capabilities(const oci::Capabilities& config, const Plan& so_far,
                                         const HostFacts& facts,
                                         std::vector<std::string>& warnings);

}  // namespace coracle::plan
