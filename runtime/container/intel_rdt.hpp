// linux.intelRdt: the resctrl group that the container's processes are in.
// Spec: config-linux.md#intelrdt; Documentation/filesystems/resctrl.rst of the kernel
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "oci-spec/config_linux.hpp"
#include "runtime/base/result.hpp"

namespace coracle::container {

// Which group, decided before anything is made.  Paths are absolute.
struct RdtGroup {
  std::string root;     // where resctrl is mounted
  std::string path;     // the class of service; `root` itself for closID "/"
  bool is_new = false;  // `path` must be made
  std::string monitor;  // below `path`, for this container alone; empty: none

  // What delete must remove: a group of a closID outlives its containers, a
  // class with the container's name does not.  Empty: nothing.
  std::string owned;

  bool operator==(const RdtGroup&) const = default;
};

// Where resctrl is mounted, by the text of /proc/self/mountinfo.  Fails where
// it is not.
Result<std::string> find_resctrl(std::string_view mountinfo);

// The class of service of container `id`, below the resctrl `root`.
std::string rdt_group_path(const oci::IntelRdt& rdt, const std::string& id,
                           const std::string& root);

// The group for container `id` below the resctrl `root`.  Fails when a closID
// without schemata has no group, when a group that is there has another
// l3CacheSchema or memBwSchema, and when the monitoring group is there already.
Result<RdtGroup> choose_rdt_group(const oci::IntelRdt& rdt, const std::string& id,
                                  const std::string& root);

// Makes what is missing and writes the schemata; leaves no directory when it fails.
Result<void> make_rdt_group(const RdtGroup& group, const oci::IntelRdt& rdt);

// Processes that `pid` forks from now on are in the group too.
Result<void> join_rdt_group(const RdtGroup& group, pid_t pid);

// Removes `owned`; nothing to do when it is empty or gone.  The kernel moves
// processes that are still in it to the group above.
Result<void> remove_rdt_group(const std::string& owned);

// What to write to `schemata`, one text for each write, in order.  `compared`:
// the group is known to have l3CacheSchema and memBwSchema already.
std::vector<std::string> render_schemata(const oci::IntelRdt& rdt, bool compared);

// Whether the line `wanted` ("L3:0=ff;1=f0") holds by the text of a `schemata`
// file, which pads names and numbers and may list more domains.
bool has_schema(std::string_view schemata, std::string_view wanted);

}  // namespace coracle::container
