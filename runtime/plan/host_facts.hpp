// What a plan needs to know of the machine.  Read once by container/.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "oci-spec/config_linux.hpp"

namespace coracle::plan {

// One mounted cgroup v1 hierarchy as the container's cgroup mount shows it.
struct CgroupHierarchy {
  std::string name;       // directory below /sys/fs/cgroup: "cpu,cpuacct", "systemd", "unified"
  std::string options;    // data of the mount: "cpu,cpuacct", "none,name=systemd"; empty for v2
  std::string container;  // the container's own cgroup in it: an absolute host path
  std::vector<std::string> links;  // names that point at it: "cpu", "cpuacct"
};

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
  bool cgroup_v2 = true;                            // pure v2; false: v1 or hybrid
  std::vector<CgroupHierarchy> cgroup_hierarchies;  // v1 and hybrid
  std::string cgroup_v2_container;                  // the container's v2 cgroup, absolute host path
  bool apparmor = false;
  bool selinux = false;
  std::uint64_t bounding_capabilities = 0;  // bit n: capability n is in our bounding set
  int last_capability = 40;                 // /proc/sys/kernel/cap_last_cap
};

}  // namespace coracle::plan
