// Mounts of a container that is there: `mounts add` and `mounts remove`.  For
// a process that has gone through run_from_protected_binary().
#pragma once

#include <string>
#include <vector>

#include "oci-spec/config.hpp"
#include "runtime/base/result.hpp"

namespace coracle::container {

// Makes all of `mounts`, or none; their sources are the host's.  For bind
// mounts and for new file systems but proc, sysfs and cgroup.
Result<void> add_mounts(const std::string& root, const std::string& id,
                        std::vector<oci::Mount> mounts);

// Detaches what is mounted at the destinations, in order; nothing but those
// counts, and "dest-nofollow".  Stops at the first that is no mount point.
Result<void> remove_mounts(const std::string& root, const std::string& id,
                           const std::vector<oci::Mount>& mounts);

}  // namespace coracle::container
