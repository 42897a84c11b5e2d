// Which cgroups an exec'd process joins.  Private to container/.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/cgroup/cgroup.hpp"

namespace coracle::container {

// `own`, moved to the sub-cgroups that `wanted` names: one "PATH" for v2 and
// for all v1 hierarchies, or "CONTROLLER[,CONTROLLER]:PATH" for some of v1,
// each of them at most once.  Refuses a PATH with ".." ("bad sub cgroup path")
// and what is in no v1 hierarchy ("unknown controller").  Pure.
Result<cgroup::Paths> sub_cgroups(const cgroup::Host& host, const cgroup::Paths& own,
                                  const std::vector<std::string>& wanted);

// `own` with the v2 directory that init is in now, wherever it has moved.
// `init_cgroup` is the text of /proc/INIT/cgroup.  Pure.
cgroup::Paths with_inits_v2(const cgroup::Host& host, cgroup::Paths own,
                            std::string_view init_cgroup);

}  // namespace coracle::container
