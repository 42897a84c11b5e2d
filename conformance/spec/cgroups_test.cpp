// config-linux.md#control-groups and the sections below it, and #unified.
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <sstream>
#include <string>

#include <doctest/doctest.h>

#include "conformance/spec/container.hpp"
#include "conformance/spec/tap.hpp"

using namespace coracle::conformance;
using coracle::test::cgroup_mounts;
using coracle::test::some_disk;
namespace fs = std::filesystem;

namespace {

constexpr unsigned mapped_root = 100000;

// `script` of a shell that sees version 2 at /sys/fs/cgroup; $c is the container's cgroup.
std::string in_v2(const Container& container, const std::string& script) {
  const std::string cgroup = "c=/sys/fs/cgroup" + container.cgroup() + "; ";
  return coracle::test::run({.args = {"sh", "-c", cgroup + script}, .view = CgroupView::v2}).out;
}

bool v2_has(const Container& container, const std::string& controller) {
  std::istringstream words(in_v2(container, "cat /sys/fs/cgroup/cgroup.controllers"));
  for (std::string word; words >> word;) {
    if (word == controller) return true;
  }
  return false;
}

// Where the container's cgroup is in the hierarchy that has the file; empty when there is none.
std::string directory_with(const Container& container, const std::string& file) {
  for (const std::string& mount : cgroup_mounts()) {
    if (fs::exists(mount + container.cgroup() + "/" + file)) return mount + container.cgroup();
  }
  return "";
}

std::string setting(const Container& container, const std::string& file) {
  std::string text = read_file(directory_with(container, file) + "/" + file);
  if (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

// Of a container with a user and a cgroup namespace under version 2, whose cgroups are mounted so.
struct Delegated : Container {
  Delegated() {
    view = CgroupView::v2;
    map_ids(mapped_root);
    add_namespace(config, "cgroup");
    mount({});
  }
  void mount(const std::vector<std::string>& options) {
    drop_mount(config, "/sys/fs/cgroup");
    add_mount(config, "/sys/fs/cgroup", "cgroup", "cgroup", options);
  }
  // The owner of the cgroup, or of a file in it.
  std::string owner(const std::string& file = "") { return in_v2(*this, "stat -c %u $c/" + file); }
};

const std::string roots = "0\n";
const std::string mappeds = std::to_string(mapped_root) + "\n";

}  // namespace

TEST_CASE("config-linux.md#control-groups 1: a cgroup that cannot be made is an error") {
  Container container;
  container.must_refuse(
      [](Json& config) { config["linux"]["cgroupsPath"] = "/" + std::string(5000, 'x'); });
}

TEST_CASE(
    "config-linux.md#cgroups-path 2: an absolute path is below the hierarchies' mount points") {
  Container container;
  container.must_create();
  bool found = false;
  for (const std::string& mount : cgroup_mounts()) {
    const std::string pids = read_file(mount + container.cgroup() + "/cgroup.procs");
    found = found || ("\n" + pids).find("\n" + std::to_string(container.process()) + "\n") !=
                         std::string::npos;
  }
  CHECK(found);
}

TEST_CASE("config-linux.md#cgroups-path 3: the same path is the same place each time") {
  std::string places[2];
  Container container;
  for (std::string& place : places) {
    container.must_create();
    place = read_file("/proc/" + std::to_string(container.process()) + "/cgroup");
    container.must_end();
    REQUIRE(container.remove().exit_code == 0);
  }
  CHECK(places[0].find(container.cgroup() + "\n") != std::string::npos);
  CHECK(places[0] == places[1]);
}

TEST_CASE("config-linux.md#cgroups-path 4: a path that leads out of the hierarchies is refused") {
  Container container;
  container.must_create();
  const std::string mine = container.cgroup();
  container.must_end();
  REQUIRE(container.remove().exit_code == 0);
  container.config["linux"]["cgroupsPath"] = "/../../.." + mine;
  // Refused, or taken for what it is below the mount point.
  if (container.create({"--pid-file", container.path("pid")}).exit_code != 0) return;
  CHECK(read_file("/proc/" + std::to_string(container.process()) + "/cgroup").find("..") ==
        std::string::npos);
  CHECK_FALSE(fs::exists(mine));
}

TEST_CASE("config-linux.md#cgroup-ownership 1: version 1's cgroups keep their owner (SHOULD)") {
  Container container;
  container.map_ids(mapped_root);
  add_namespace(container.config, "cgroup");
  add_mount(container.config, "/sys/fs/cgroup", "cgroup", "cgroup", {});
  container.must_create();
  if (directory_with(container, "tasks").empty()) return skip("this machine has cgroup v2 only");
  int seen = 0;
  for (const std::string& mount : cgroup_mounts()) {
    struct stat facts = {};
    if (::stat((mount + container.cgroup()).c_str(), &facts) != 0) continue;
    CHECK(facts.st_uid == 0);
    ++seen;
  }
  CHECK(seen > 0);
}

TEST_CASE(
    "config-linux.md#cgroup-ownership 2: without a cgroup namespace the owner stays (SHOULD)") {
  Delegated container;
  drop_namespace(container.config, "cgroup");
  container.must_create();
  CHECK(container.owner() == roots);
}

TEST_CASE(
    "config-linux.md#cgroup-ownership 3: a writable mount makes the cgroup the program's "
    "(SHOULD)") {
  Delegated container;
  container.must_create();
  CHECK(container.owner() == mappeds);
  CHECK(container.owner("cgroup.procs") == mappeds);
}

TEST_CASE(
    "config-linux.md#cgroup-ownership 3: it is that of process.user.uid, root or not (SHOULD)") {
  Delegated container;
  container.config["process"]["user"] = {{"uid", 7}, {"gid", 7}};
  container.must_create();
  CHECK(container.owner() == std::to_string(mapped_root + 7) + "\n");
}

TEST_CASE("config-linux.md#cgroup-ownership 3: a read-only mount leaves the owner (SHOULD)") {
  Delegated container;
  container.mount({"ro"});
  container.must_create();
  CHECK(container.owner() == roots);
}

TEST_CASE("config-linux.md#cgroup-ownership 4: without a mount the owner stays (SHOULD)") {
  Delegated container;
  drop_mount(container.config, "/sys/fs/cgroup");
  container.must_create();
  CHECK(container.owner() == roots);
}

TEST_CASE(
    "config-linux.md#cgroup-ownership 5, config-linux.md#cgroup-ownership 8: no file changes its "
    "owner that is not to be delegated (SHOULD)") {
  Delegated container;
  container.must_create();
  const std::string changed =
      in_v2(container, "find $c -maxdepth 1 -type f -uid " + std::to_string(mapped_root) +
                           " | sed 's,.*/,,' | grep -vxFf /sys/kernel/cgroup/delegate");
  CHECK(changed == "");
  CHECK(container.owner("cgroup.max.depth") == roots);
}

TEST_CASE(
    "config-linux.md#cgroup-ownership 6: listed files that the cgroup has not are no error, and "
    "those that it has change their owner (SHOULD)") {
  Delegated container;
  container.must_create();
  const std::string kept =
      in_v2(container,
            "for f in $(cat /sys/kernel/cgroup/delegate); do test ! -e $c/$f || stat -c %u "
            "$c/$f; done | sort -u");
  CHECK(kept == mappeds);
}

TEST_CASE("config-linux.md#cgroup-ownership 7: without the kernel's list three files are changed") {
  Delegated container;
  // With something hidden in ours the kernel lets no user namespace have a sysfs.
  drop_mount(container.config, "/sys");
  REQUIRE(::mount("tmpfs", "/sys/kernel/cgroup", "tmpfs", 0, nullptr) == 0);
  const Outcome created = container.create();
  ::umount2("/sys/kernel/cgroup", MNT_DETACH);
  REQUIRE_MESSAGE(created.exit_code == 0, container.output());
  for (const char* file : {"cgroup.procs", "cgroup.subtree_control", "cgroup.threads"}) {
    CHECK(container.owner(file) == mappeds);
  }
}

TEST_CASE("config-linux.md#pids 1: a limit of 0 is a limit (SHOULD)") {
  Container container;
  container.add_busybox();
  container.config["process"]["args"] = {"/bin/sh", "-c", "(/bin/true) && echo forked; true"};
  container.config["linux"]["resources"]["pids"] = {{"limit", 70}};
  CHECK(container.lives().out.find("forked") != std::string::npos);
  container.config["linux"]["resources"]["pids"] = {{"limit", 0}};
  CHECK(container.lives().out.find("forked") == std::string::npos);
}

TEST_CASE("config-linux.md#unified 1: the controller that a key needs is enabled") {
  Container container;
  container.view = CgroupView::v2;
  if (!v2_has(container, "hugetlb")) return skip("needs hugetlb in the unified hierarchy");
  container.config["linux"]["resources"]["unified"] = {{"hugetlb.2MB.max", "4194304"}};
  container.must_create();
  CHECK(in_v2(container, "cat $c/hugetlb.2MB.max") == "4194304\n");
}

TEST_CASE("config-linux.md#unified 2: a key that the runtime cannot know is written") {
  Container container;
  container.view = CgroupView::v2;
  container.config["linux"]["resources"]["unified"] = {{"cgroup.max.depth", "5"}};
  container.must_create();
  CHECK(in_v2(container, "cat $c/cgroup.max.depth") == "5\n");
}

TEST_CASE("config-linux.md#unified 3: a controller that is not there is an error") {
  Container container;
  container.view = CgroupView::v2;
  container.must_refuse([](Json& config) {
    config["linux"]["resources"]["unified"] = {{"no_such_controller.max", "1"}};
  });
}

TEST_CASE("config-linux.md#example 1: what cannot be converted to version 2 is an error") {
  Container container;
  container.view = CgroupView::v2;
  container.must_refuse([](Json& config) {
    config["linux"]["resources"]["network"] = {{"classID", 1048577}};
  });
}

TEST_CASE("runtime.md#create 4: resources.memory and .pids are the cgroup's limits") {
  Container container;
  Json& resources = container.config["linux"]["resources"];
  resources = {{"memory", {{"limit", 33554432}, {"reservation", 16777216}, {"swap", 50331648}}},
               {"pids", {{"limit", 11}}}};
  container.must_create();
  CHECK(setting(container, "pids.max") == "11");
  const bool is_v1 = !directory_with(container, "memory.limit_in_bytes").empty();
  CHECK(setting(container, is_v1 ? "memory.limit_in_bytes" : "memory.max") == "33554432");
  CHECK(setting(container, is_v1 ? "memory.soft_limit_in_bytes" : "memory.low") == "16777216");
  // Version 1 counts memory and swap together.
  const std::string swap = is_v1 ? "memory.memsw.limit_in_bytes" : "memory.swap.max";
  CHECK(setting(container, swap) == (is_v1 ? "50331648" : "16777216"));
}

TEST_CASE("runtime.md#create 4: resources.cpu is the cgroup's share, quota and processors") {
  Container container;
  container.config["linux"]["resources"]["cpu"] = {
      {"shares", 512}, {"quota", 30000}, {"period", 60000}, {"cpus", "0"}, {"mems", "0"}};
  container.must_create();
  if (!directory_with(container, "cpu.shares").empty()) {
    CHECK(setting(container, "cpu.shares") == "512");
    CHECK(setting(container, "cpu.cfs_quota_us") == "30000");
    CHECK(setting(container, "cpu.cfs_period_us") == "60000");
  } else {
    // How shares become a weight is the runtime's choice: half of the usual ones, so less than 100.
    CHECK(std::stoi("0" + setting(container, "cpu.weight")) > 0);
    CHECK(std::stoi("0" + setting(container, "cpu.weight")) < 100);
    CHECK(setting(container, "cpu.max") == "30000 60000");
  }
  CHECK(setting(container, "cpuset.cpus") == "0");
  CHECK(setting(container, "cpuset.mems") == "0");
}

TEST_CASE("runtime.md#create 4: resources.blockIO throttles a device") {
  const std::string device = some_disk();
  if (device.empty()) return skip("needs a disk");
  Container container;
  const auto colon = device.find(':');
  const auto limit = [&](int rate) {
    return Json::array({{{"major", std::stoi(device.substr(0, colon))},
                         {"minor", std::stoi(device.substr(colon + 1))},
                         {"rate", rate}}});
  };
  container.config["linux"]["resources"]["blockIO"] = {{"throttleReadBpsDevice", limit(1048576)},
                                                       {"throttleWriteIOPSDevice", limit(77)}};
  container.must_create();
  if (!directory_with(container, "blkio.throttle.read_bps_device").empty()) {
    CHECK(setting(container, "blkio.throttle.read_bps_device") == device + " 1048576");
    CHECK(setting(container, "blkio.throttle.write_iops_device") == device + " 77");
  } else {
    CHECK(setting(container, "io.max") == device + " rbps=1048576 wbps=max riops=max wiops=77");
  }
}

TEST_CASE("runtime.md#create 4: resources.hugepageLimits are the cgroup's limits") {
  Container container;
  container.view = CgroupView::v2;
  if (!v2_has(container, "hugetlb")) return skip("needs hugetlb in the unified hierarchy");
  container.config["linux"]["resources"]["hugepageLimits"] = {
      {{"pageSize", "2MB"}, {"limit", 4194304}}};
  container.must_create();
  CHECK(in_v2(container, "cat $c/hugetlb.2MB.max") == "4194304\n");
}
