// Where cgroups are found, and where a container's go.
#include <doctest/doctest.h>

#include "runtime/cgroup/cgroup.hpp"

using namespace coracle;
using namespace coracle::cgroup;

namespace {

constexpr const char* v2_mounts =
    "22 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"
    "23 22 0:22 / /sys rw,relatime shared:7 - sysfs sysfs rw\n"
    "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";

constexpr const char* v1_mounts =
    "22 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"
    "23 22 0:22 / /sys rw,relatime - sysfs sysfs rw\n"
    "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
    "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpuacct,cpu\n"
    "33 31 0:30 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
    "34 31 0:31 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd\n";

constexpr const char* v1_own = "3:cpu,cpuacct:/a\n2:memory:/a/b\n1:name=systemd:/\n";

const std::string hybrid_mounts =
    std::string(v1_mounts) +
    "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";

Host v1_host() {
  return *detect(v1_mounts, v1_own, "");
}
Host v2_host(const char* own) {
  return *detect(v2_mounts, own, "cpu memory\n");
}
Host hybrid_host() {
  return *detect(hybrid_mounts, std::string(v1_own) + "0::/x/y\n", "hugetlb\n");
}

}  // namespace

TEST_CASE("detect: a cgroup2 mount alone is mode v2") {
  const auto host = detect(v2_mounts, "0::/user.slice/session-1.scope\n", "cpu io memory\n");
  REQUIRE(host);
  CHECK(host->mode == Mode::v2);
  CHECK(host->v1.empty());
  CHECK(host->v2_mount_point == "/sys/fs/cgroup");
  CHECK(host->v2_own == "/user.slice/session-1.scope");
  CHECK(host->v2_controllers == std::vector<std::string>{"cpu", "io", "memory"});
}

TEST_CASE(
    "detect: v1 hierarchies alone are mode v1, controllers as /proc/self/cgroup orders them") {
  const auto host = detect(v1_mounts, v1_own, "");
  REQUIRE(host);
  CHECK(host->mode == Mode::v1);
  REQUIRE(host->v1.size() == 3);
  CHECK(host->v1[0].controllers == std::vector<std::string>{"cpu", "cpuacct"});
  CHECK(host->v1[0].mount_point == "/sys/fs/cgroup/cpu,cpuacct");
  CHECK(host->v1[0].own == "/a");
  CHECK(host->v1[2].controllers == std::vector<std::string>{"name=systemd"});
  CHECK(host->v2_mount_point.empty());
}

TEST_CASE("detect: v1 hierarchies beside cgroup2 are mode hybrid") {
  const Host host = hybrid_host();
  CHECK(host.mode == Mode::hybrid);
  CHECK(host.v1.size() == 3);
  CHECK(host.v2_mount_point == "/sys/fs/cgroup/unified");
  CHECK(host.v2_own == "/x/y");
  CHECK(host.v2_controllers == std::vector<std::string>{"hugetlb"});
}

TEST_CASE("detect: a v1 hierarchy of no mounted place is left out") {
  const auto host = detect(v1_mounts, std::string(v1_own) + "9:pids:/\n", "");
  REQUIRE(host);
  CHECK(host->v1.size() == 3);
}

TEST_CASE("detect: cgroup2 at /sys/fs/cgroup is mode v2 whatever v1 is mounted elsewhere") {
  const std::string mounts =
      std::string(v2_mounts) + "50 22 0:40 / /mnt/debug rw - cgroup cgroup rw,name=debug\n";
  const auto host = detect(mounts, "1:name=debug:/\n0::/\n", "");
  REQUIRE(host);
  CHECK(host->mode == Mode::v2);
  CHECK(host->v1.empty());
}

TEST_CASE("detect: mounts that lie under another mount are not seen") {
  const std::string covered =
      hybrid_mounts + "60 31 0:38 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
  const auto host = detect(covered, std::string(v1_own) + "0::/x\n", "hugetlb");
  REQUIRE(host);
  CHECK(host->mode == Mode::v2);
  CHECK(host->v2_mount_point == "/sys/fs/cgroup");

  const std::string below_all = hybrid_mounts + "61 23 0:50 / /sys/fs rw - tmpfs tmpfs rw\n";
  CHECK_FALSE(detect(below_all, std::string(v1_own) + "0::/x\n", "").has_value());
}

TEST_CASE("detect: a root file system that is listed after its sub-mounts hides none") {
  const char* mounts =
      "23 27 0:22 / /sys rw - sysfs sysfs rw\n"
      "27 1 254:0 / / rw - ext4 /dev/vda rw\n"
      "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
  CHECK(detect(mounts, "0::/\n", "").has_value());
}

TEST_CASE("detect: octal escapes in mount points are decoded") {
  const char* mounts = "30 1 0:26 / /mnt/my\\040cgroup\\134x rw - cgroup2 cgroup2 rw\n";
  const auto host = detect(mounts, "0::/\n", "");
  REQUIRE(host);
  CHECK(host->v2_mount_point == "/mnt/my cgroup\\x");
}

TEST_CASE("detect: a mount below /sys/fs/cgroup is preferred to another of the same hierarchy") {
  const std::string mounts =
      "90 22 0:30 / /mnt/memory rw - cgroup cgroup rw,memory\n" + std::string(v1_mounts);
  const auto host = detect(mounts, v1_own, "");
  REQUIRE(host);
  CHECK(host->v1[1].mount_point == "/sys/fs/cgroup/memory");
}

TEST_CASE("detect: our own place counts from what the mount shows") {
  const char* mounts = "30 1 0:26 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw\n";
  CHECK(detect(mounts, "0::/docker/abc\n", "")->v2_own == "/");
  CHECK(detect(mounts, "0::/docker/abc/init\n", "")->v2_own == "/init");
  CHECK(detect(mounts, "0::/docker/abcd\n", "")->v2_own == "/");
}

TEST_CASE("detect: a mount from outside our cgroup namespace is used from its top") {
  const char* mounts = "30 1 0:26 /.. /sys/fs/cgroup rw - cgroup2 cgroup rw\n";
  const auto host = detect(mounts, "0::/\n", "");
  REQUIRE(host);
  CHECK(host->v2_own == "/");
  CHECK(detect(mounts, "0::/../sibling\n", "")->v2_own == "/sibling");
}

TEST_CASE("detect: no hierarchy at all is an error") {
  const auto host = detect("22 1 254:0 / / rw - ext4 /dev/vda rw\n", "0::/\n", "");
  REQUIRE_FALSE(host);
  CHECK(host.error().text() ==
        "no cgroup hierarchy of this process is mounted (/proc/self/mountinfo)");
}

TEST_CASE("container_paths: an absolute path counts from each mount point") {
  const auto paths = container_paths(hybrid_host(), "/grp/web", "id");
  REQUIRE(paths);
  CHECK(paths->v1.at("cpu") == "/sys/fs/cgroup/cpu,cpuacct/grp/web");
  CHECK(paths->v1.at("memory") == "/sys/fs/cgroup/memory/grp/web");
  CHECK(paths->v1.at("name=systemd") == "/sys/fs/cgroup/systemd/grp/web");
  CHECK(paths->v2 == "/sys/fs/cgroup/unified/grp/web");
}

TEST_CASE("container_paths: a relative path on v1 counts from the runtime's own cgroup") {
  const auto paths = container_paths(v1_host(), "grp/web", "id");
  REQUIRE(paths);
  CHECK(paths->v1.at("cpu") == "/sys/fs/cgroup/cpu,cpuacct/a/grp/web");
  CHECK(paths->v1.at("memory") == "/sys/fs/cgroup/memory/a/b/grp/web");
  CHECK(paths->v1.at("name=systemd") == "/sys/fs/cgroup/systemd/grp/web");
  CHECK(paths->v2.empty());
}

TEST_CASE("container_paths: a relative path on v2 counts from the parent of the runtime's own") {
  CHECK(container_paths(v2_host("0::/u/s\n"), "web", "id")->v2 == "/sys/fs/cgroup/u/web");
  CHECK(container_paths(v2_host("0::/u\n"), "web", "id")->v2 == "/sys/fs/cgroup/web");
  CHECK(container_paths(v2_host("0::/\n"), "web", "id")->v2 == "/sys/fs/cgroup/web");
}

TEST_CASE("container_paths: a relative path on a hybrid host's v2 counts from the mount point") {
  CHECK(container_paths(hybrid_host(), "web", "id")->v2 == "/sys/fs/cgroup/unified/web");
}

TEST_CASE("container_paths: an empty path is the relative path ID") {
  CHECK(*container_paths(v1_host(), "", "c1") == *container_paths(v1_host(), "c1", "other"));
  CHECK(container_paths(v2_host("0::/u/s\n"), "", "c1")->v2 == "/sys/fs/cgroup/u/c1");
}

TEST_CASE("container_paths: slashes and dots are cleaned") {
  CHECK(container_paths(v2_host("0::/\n"), "//a/./b/", "id")->v2 == "/sys/fs/cgroup/a/b");
}

TEST_CASE("container_paths: \"..\" is refused") {
  const auto paths = container_paths(v2_host("0::/\n"), "/a/../../etc", "id");
  REQUIRE_FALSE(paths);
  CHECK(paths.error().text() == "/linux/cgroupsPath: \"/a/../../etc\" has \"..\" in it");
}

TEST_CASE("container_paths: a path that names no cgroup of its own is refused") {
  for (const char* path : {"/", ".", "//", "/./"}) {
    CAPTURE(path);
    CHECK_FALSE(container_paths(v2_host("0::/\n"), path, "id").has_value());
  }
}
