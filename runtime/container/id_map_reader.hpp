// /proc/PID/{uid_map,gid_map} as they are: of our own user namespace, and of one that is joined.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "oci-spec/config_linux.hpp"
#include "runtime/base/result.hpp"
#include "runtime/plan/plan.hpp"

namespace coracle::container {

// `path` is that of a map; host ids are those of our own user namespace, and in the kernel's order.
Result<std::vector<oci::IdMapping>> read_id_map(const std::string& path);

// With a joined user namespace, whose member `pid` is: what the configuration maps must be what the
// namespace has, and the ids of its process must be mapped there.  Else does nothing.
Result<void> check_joined_maps(pid_t pid, const plan::Plan& plan);

}  // namespace coracle::container
