// Where a container's cgroups are to be, and what is done to them.  Private to
// container/: `create` and `restore` use it.
#pragma once

#include <optional>

#include "oci-spec/config.hpp"
#include "runtime/base/result.hpp"
#include "runtime/cgroup/cgroup.hpp"
#include "runtime/container/create.hpp"
#include "runtime/container/state_dir.hpp"
#include "runtime/container/unit.hpp"
#include "runtime/plan/annotations.hpp"
#include "runtime/plan/plan.hpp"

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

// Applies linux.resources but its devices where they can be, then hands the cgroup to the user of
// the container's process where that is of a user namespace, may write to it, and sees no other.
// Spec: config-linux.md#cgroup-ownership
Result<void> limit_cgroup(const cgroup::Cgroup& cgroup, const CreateOptions& options,
                          const ContainerState& state, const plan::Plan& plan);

// Applies linux.resources.devices.
Result<void> limit_devices(const cgroup::Cgroup& cgroup, const CreateOptions& options,
                           const ContainerState& state);

}  // namespace coracle::container
