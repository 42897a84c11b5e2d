// What a plan needs to know of the machine.  Read once by container/.
#pragma once

#include <cstdint>
#include <vector>

#include "oci-spec/config_linux.hpp"

namespace coracle::plan {

struct HostFacts {
  std::uint32_t euid = 0;
  std::uint32_t egid = 0;
  // The runtime itself lives in a user namespace that is not the initial one.
  bool in_user_namespace = false;
  // CAP_SYS_ADMIN, CAP_SETUID and CAP_SETGID are effective.
  bool privileged = true;
  // The lines of the runtime's own /proc/self/uid_map and gid_map; `host_id`
  // is the id in the parent of the runtime's user namespace.
  std::vector<oci::IdMapping> own_uid_map;
  std::vector<oci::IdMapping> own_gid_map;
  // setgroups(2) is denied in the runtime's own user namespace, and so in every
  // one below it.
  bool setgroups_denied = false;
  bool cgroup_v2 = true;  // pure v2; false: v1 or hybrid
  bool apparmor = false;
  bool selinux = false;
  std::uint64_t bounding_capabilities = 0;  // bit n: capability n is in our bounding set
  int last_capability = 40;                 // /proc/sys/kernel/cap_last_cap
};

}  // namespace coracle::plan
