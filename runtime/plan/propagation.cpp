#include "runtime/plan/propagation.hpp"

#include <sys/mount.h>

namespace coracle::plan {

unsigned long propagation_flags(const oci::RootfsPropagation& propagation) {
  const unsigned long recursive = propagation.recursive ? unsigned{MS_REC} : 0U;
  switch (propagation.type) {
    case oci::Propagation::shared:
      return MS_SHARED | recursive;
    case oci::Propagation::slave:
      return MS_SLAVE | recursive;
    case oci::Propagation::private_:
      return MS_PRIVATE | recursive;
    case oci::Propagation::unbindable:
      return MS_UNBINDABLE | recursive;
  }
  return 0;
}

unsigned long inherited_propagation(const Rootfs& rootfs) {
  if (rootfs.propagation.type == oci::Propagation::unbindable) return MS_PRIVATE | MS_REC;
  return propagation_flags(rootfs.propagation) | MS_REC;
}

}  // namespace coracle::plan
