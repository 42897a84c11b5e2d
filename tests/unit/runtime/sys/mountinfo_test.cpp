// /proc/PID/mountinfo as data.
#include "runtime/sys/mountinfo.hpp"

#include <doctest/doctest.h>

namespace coracle::sys {
namespace {

TEST_CASE("mountinfo: every field of a line is read") {
  const auto mounts = parse_mountinfo(
      "36 35 98:0 /mnt1 /mnt2 rw,noatime shared:7 master:1 - ext3 /dev/root rw,errors=continue\n");
  REQUIRE(mounts.has_value());
  REQUIRE(mounts->size() == 1);
  const MountInfo& mount = mounts->front();
  CHECK(mount.id == 36);
  CHECK(mount.parent_id == 35);
  CHECK(mount.device == "98:0");
  CHECK(mount.root == "/mnt1");
  CHECK(mount.mount_point == "/mnt2");
  CHECK(mount.options == "rw,noatime");
  CHECK(mount.shared);
  CHECK(mount.type == "ext3");
  CHECK(mount.source == "/dev/root");
  CHECK(mount.super_options == "rw,errors=continue");
}

TEST_CASE("mountinfo: octal escapes are undone") {
  const auto mounts = parse_mountinfo("1 1 0:1 / /a\\040b\\134c rw - tmpfs none rw");
  REQUIRE(mounts.has_value());
  CHECK(mounts->front().mount_point == "/a b\\c");
  CHECK_FALSE(mounts->front().shared);
}

TEST_CASE("mountinfo: a line without its end is an error that shows it") {
  const auto mounts = parse_mountinfo("1 1 0:1 / / rw - tmpfs");
  REQUIRE_FALSE(mounts.has_value());
  CHECK(mounts.error().text() == "mountinfo line \"1 1 0:1 / / rw - tmpfs\"");
}

TEST_CASE("mountinfo: an empty text has no mounts") {
  const auto mounts = parse_mountinfo("");
  REQUIRE(mounts.has_value());
  CHECK(mounts->empty());
}

}  // namespace
}  // namespace coracle::sys
