// The processes of a container as `kill` and `delete` see them.
#pragma once

#include <optional>

#include "runtime/base/result.hpp"
#include "runtime/cgroup/cgroup.hpp"
#include "runtime/container/state_dir.hpp"
#include "runtime/sys/fd.hpp"
#include "runtime/sys/proc_stat.hpp"

namespace coracle::container {

// The host's hierarchies; a container without cgroups needs none.
Result<cgroup::Host> cgroup_host_of(const ContainerFacts& facts);

// False: it stays in those of who made it, because nobody may or should make others.
bool has_cgroups(const ContainerFacts& facts);

// Where `state` says that the container's cgroups are.
Result<cgroup::Cgroup> cgroup_of(const ContainerFacts& facts);
Result<cgroup::Cgroup> cgroup_on(Result<cgroup::Host> host, const ContainerFacts& facts);

// What /proc tells of init, or nothing when it has ended or its number belongs to another process.
Result<std::optional<sys::ProcessFacts>> init_facts(const ContainerFacts& facts);

// Held open, and what was told of it after that.
struct Init {
  sys::PidFd pidfd;
  sys::ProcessFacts facts;
};

// Init, or nothing as above.
Result<std::optional<Init>> open_init(const ContainerFacts& facts);

// Init is process 1 of a PID namespace of its own: with it, the kernel ends
// all others.  False when the namespace is the host's or a joined one.
bool init_takes_all(const ContainerState& state);

// The kernel killed a process of these cgroups for want of memory.
bool was_oom_killed(const cgroup::Paths& paths);

}  // namespace coracle::container
