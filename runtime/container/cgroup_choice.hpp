// Where a container's cgroups are to be.  Private to container/: `create` and
// `restore` use it.
#pragma once

#include <optional>

#include "oci-spec/config.hpp"
#include "runtime/base/result.hpp"
#include "runtime/cgroup/cgroup.hpp"
#include "runtime/container/create.hpp"
#include "runtime/container/unit.hpp"
#include "runtime/plan/annotations.hpp"

namespace coracle::container {

struct CgroupChoice {
  cgroup::Host host;
  cgroup::Paths paths;                // none with Manager::disabled
  std::optional<ContainerUnit> unit;  // with Manager::systemd
};

// With Manager::disabled a host without cgroups will do, and what
// linux.resources limits is warned of: nobody enforces it.
Result<CgroupChoice> choose_cgroups(const oci::Spec& spec, const CreateOptions& options);

// run.oci.delegate-cgroup is for v2 alone: a v1 cgroup cannot be handed over safely.
Result<void> check_delegation(const plan::Annotations& annotations, const CgroupChoice& choice);

// Whether linux.resources can be applied.
bool limits_apply(const CreateOptions& options);

}  // namespace coracle::container
