// Which mounts are the host's.
#include "runtime/container/criu_mounts.hpp"

#include <doctest/doctest.h>

using namespace coracle;
using namespace coracle::container::criu;

namespace {

plan::Mount mount_of(plan::MountKind kind) {
  plan::Mount mount;
  mount.kind = kind;
  return mount;
}

sys::MountInfo at(const std::string& point, const std::string& device) {
  sys::MountInfo mount;
  mount.mount_point = point;
  mount.device = device;
  return mount;
}

const plan::Mount bind = mount_of(plan::MountKind::bind);
const plan::Mount tmpfs = mount_of(plan::MountKind::filesystem);

}  // namespace

TEST_CASE("covering: the deepest mount counts, and of several at one place the last") {
  const std::vector<PlacedMount> placed = {
      {"/data", &bind}, {"/data/cache", &tmpfs}, {"/data/cache", &bind}, {"/database", &tmpfs}};
  CHECK(covering(placed, "/data/cache/x") == &placed[2]);
  CHECK(covering(placed, "/data/cached") == &placed[0]);
  CHECK(covering(placed, "/data") == &placed[0]);
  CHECK(covering(placed, "/etc") == nullptr);
}

TEST_CASE("mounts below binds: only the host's own are meant") {
  const std::vector<PlacedMount> placed = {{"/data", &bind}, {"/data/cache", &tmpfs}};
  const std::vector<sys::MountInfo> host = {at("/", "8:1"), at("/srv/disk", "8:2")};
  const std::vector<sys::MountInfo> inside = {
      at("/", "8:1"),          at("/data", "8:1"),        at("/data/disk", "8:2"),
      at("/data/own", "0:50"), at("/data/cache", "0:51"), at("/data/cache/sub", "8:2"),
      at("/elsewhere", "8:2")};
  CHECK(mounts_below_binds(placed, inside, host) == std::vector<std::string>{"/data/disk"});
}
