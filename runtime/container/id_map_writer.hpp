// /proc/PID/{setgroups,uid_map,gid_map}: by ourselves or by newuidmap(1).
#pragma once

#include <sys/types.h>

#include <string>

#include "runtime/base/result.hpp"
#include "runtime/plan/plan.hpp"

namespace coracle::container {

// Gives the user namespace of `pid` its maps; each can be written once only.
// user_namespaces(7)
Result<void> write_id_maps(pid_t pid, const plan::IdMaps& maps);

}  // namespace coracle::container
