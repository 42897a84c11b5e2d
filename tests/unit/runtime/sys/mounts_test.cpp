// MS_* flags as attributes of mount_setattr(2).
#include "runtime/sys/mounts.hpp"

#include <doctest/doctest.h>
#include <sys/mount.h>

namespace coracle::sys {
namespace {

TEST_CASE("mount attributes: flags become attributes, set and cleared") {
  const AttrRequest request = attributes_of(MS_RDONLY | MS_NOSUID, MS_NODEV);
  CHECK(request.set == (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID));
  CHECK(request.clear == MOUNT_ATTR_NODEV);
}

TEST_CASE("mount attributes: what is set is not cleared") {
  CHECK(attributes_of(MS_NOEXEC, MS_NOEXEC).clear == 0);
}

TEST_CASE("mount attributes: a mode of atime clears the whole field first") {
  CHECK(attributes_of(MS_NOATIME, 0).set == MOUNT_ATTR_NOATIME);
  CHECK(attributes_of(MS_NOATIME, 0).clear == MOUNT_ATTR__ATIME);
  CHECK(attributes_of(MS_STRICTATIME, 0).set == MOUNT_ATTR_STRICTATIME);
  // relatime is the field's zero.
  CHECK(attributes_of(MS_RELATIME, 0).set == 0);
  CHECK(attributes_of(MS_RELATIME, 0).clear == MOUNT_ATTR__ATIME);
}

TEST_CASE("mount attributes: flags of the superblock are none of the mount's") {
  const AttrRequest request = attributes_of(MS_SYNCHRONOUS | MS_LAZYTIME, MS_DIRSYNC);
  CHECK(request.set == 0);
  CHECK(request.clear == 0);
}

}  // namespace
}  // namespace coracle::sys
