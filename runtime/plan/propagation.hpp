// rootfsPropagation as flags of mount(2).
#pragma once

#include "runtime/plan/plan.hpp"

namespace coracle::plan {

// MS_SHARED, MS_SLAVE, MS_PRIVATE or MS_UNBINDABLE, with or without MS_REC.
unsigned long propagation_flags(const oci::RootfsPropagation& propagation);

// What all mounts of the host get in the container's mount namespace while the
// root is built, and mounts that the host makes for it must have as well.  An
// unbindable tree could not be bound: that comes last, until then it is private.
unsigned long inherited_propagation(const Rootfs& rootfs);

}  // namespace coracle::plan
