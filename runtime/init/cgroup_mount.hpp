// Mounts of type "cgroup": one tree on v2, a tmpfs of hierarchies on v1 and
// hybrid hosts.  Private to init/.
#pragma once

#include "runtime/init/context.hpp"

namespace coracle::init {

// Spec: config-linux.md#default-filesystems, cgroup_namespaces(7)
Result<void> mount_cgroups(Context& context, const plan::Mount& mount);

}  // namespace coracle::init
