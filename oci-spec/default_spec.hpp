// The configuration that `coracle spec` writes.
#pragma once

#include <cstdint>

#include "oci-spec/config.hpp"

namespace coracle::oci {

struct DefaultSpecOptions {
  // Works without privilege: a user namespace with one mapping, the host's
  // network, /sys bound, no cgroup limits.
  bool rootless = false;
  std::uint32_t euid = 0;  // of the caller; used when rootless
  std::uint32_t egid = 0;
  // A cgroup namespace as well: as runc does on a pure cgroup v2 host.
  bool cgroup_namespace = false;
};

// A shell on a read-only "rootfs" with a terminal, few capabilities and the
// usual mounts and masks: what `runc spec` writes.
Spec default_spec(const DefaultSpecOptions& options);

}  // namespace coracle::oci
