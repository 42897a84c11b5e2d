// linux.cgroupsPath and linux.resources, on each arrangement of cgroups that the machine can show.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/bundle.hpp"
#include "tests/support/container_cgroup.hpp"
#include "tests/support/leftovers.hpp"
#include "tests/support/summary.hpp"
#include "tests/support/text.hpp"

using namespace coracle::test;
namespace fs = std::filesystem;

namespace {

// The lines of /proc/PID/cgroup whose path is the container's cgroup.
std::vector<std::string> joined(const Bundle& bundle) {
  std::vector<std::string> found;
  std::istringstream lines(read_file("/proc/" + std::to_string(bundle.pid()) + "/cgroup"));
  for (std::string line; std::getline(lines, line);) {
    if (line.ends_with(":" + bundle.cgroup())) found.push_back(line);
  }
  return found;
}

bool in_unified(const Bundle& bundle) {
  return std::ranges::any_of(joined(bundle),
                             [](const std::string& line) { return line.starts_with("0::"); });
}

void launch_waiting(Bundle& bundle) {
  bundle.probe("wait-signal");
  bundle.launch();
}

}  // namespace

TEST_CASE("cgroup v1: the container is in its cgroup of every hierarchy, but not in the unified") {
  Bundle bundle;
  if (!shows(bundle, CgroupView::v1)) return;
  launch_waiting(bundle);
  CHECK(joined(bundle).size() >= 5);
  CHECK_FALSE(in_unified(bundle));
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("cgroup hybrid: the container is in its cgroup of every hierarchy") {
  Bundle bundle;
  if (!shows(bundle, CgroupView::hybrid)) return;
  launch_waiting(bundle);
  CHECK(joined(bundle).size() >= 6);
  CHECK(in_unified(bundle));
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("cgroup v2: the container is in its cgroup of the unified hierarchy alone") {
  Bundle bundle;
  if (!shows(bundle, CgroupView::v2)) return;
  launch_waiting(bundle);
  CHECK(joined(bundle).size() == 1);
  CHECK(in_unified(bundle));
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("cgroup v1: memory, pids, cpu and cpuset limits are written as configured") {
  Bundle bundle;
  if (!shows(bundle, CgroupView::v1)) return;
  bundle.config["linux"]["resources"] = {
      {"memory", {{"limit", 33'554'432}, {"reservation", 16'777'216}, {"swappiness", 0}}},
      {"pids", {{"limit", 42}}},
      {"cpu", {{"shares", 512}, {"quota", 50'000}, {"period", 100'000}, {"cpus", "0"}}}};
  launch_waiting(bundle);
  CHECK(cgroup_setting(bundle, "memory", "memory.limit_in_bytes") == "33554432");
  CHECK(cgroup_setting(bundle, "memory", "memory.soft_limit_in_bytes") == "16777216");
  CHECK(cgroup_setting(bundle, "pids", "pids.max") == "42");
  CHECK(cgroup_setting(bundle, "cpu", "cpu.shares") == "512");
  CHECK(cgroup_setting(bundle, "cpu", "cpu.cfs_quota_us") == "50000");
  CHECK(cgroup_setting(bundle, "cpu", "cpu.cfs_period_us") == "100000");
  CHECK(cgroup_setting(bundle, "cpuset", "cpuset.cpus") == "0");
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("cgroup v1: zero means that nothing is asked for") {
  Bundle bundle;
  if (!shows(bundle, CgroupView::v1)) return;
  bundle.config["linux"]["resources"] = {
      {"memory", {{"limit", 0}, {"reservation", 0}, {"kernel", 0}}},
      {"cpu", {{"shares", 0}, {"quota", 0}, {"period", 0}}},
      {"blockIO", {{"weight", 0}}}};
  CHECK(bundle.report("ids").value("uid") == "0");
}

TEST_CASE("cgroup v1: device rules are written in order, with what every container needs") {
  Bundle bundle;
  if (!shows(bundle, CgroupView::v1)) return;
  bundle.config["linux"]["resources"]["devices"] = {
      {{"allow", false}, {"access", "rwm"}},
      {{"allow", true}, {"type", "c"}, {"major", 10}, {"minor", 229}, {"access", "rw"}}};
  launch_waiting(bundle);
  const std::string rules = cgroup_setting(bundle, "devices", "devices.list");
  CHECK_FALSE(contains(rules, "a *:* rwm"));
  for (const char* rule : {"c 10:229 rw", "c 1:3 rwm", "c 5:2 rwm", "c 136:* rwm"}) {
    CHECK_MESSAGE(contains(rules, rule), rules);
  }
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("cgroup v2: device rules are in force") {
  Bundle bundle;
  if (!shows(bundle, CgroupView::v2)) return;
  set_capabilities(bundle.config, {"CAP_MKNOD"});
  bundle.config["linux"]["resources"]["devices"] = {{{"allow", false}, {"access", "rwm"}}};
  const Outcome outcome = bundle.report("mknod /dev/own c 1 11 -- open /dev/own -- open /dev/null");
  CHECK(outcome.values("open.write") == std::vector<std::string>{"EPERM", "ok"});
}

TEST_CASE("cgroup v2: limits are written as configured, by their own names or as `unified`") {
  Bundle bundle;
  if (!shows(bundle, CgroupView::v2)) return;
  if (!v2_has("pids") || !v2_has("memory")) {
    return skip_case("the unified hierarchy of this machine has neither pids nor memory");
  }
  bundle.config["linux"]["resources"] = {{"memory", {{"limit", 33'554'432}}},
                                         {"pids", {{"limit", 42}}},
                                         {"unified", {{"memory.high", "20971520"}}}};
  launch_waiting(bundle);
  const std::string path = cgroup_directories(bundle.cgroup()).at(0);
  CHECK(words(read_file(path + "/memory.max")) == "33554432");
  CHECK(words(read_file(path + "/memory.high")) == "20971520");
  CHECK(words(read_file(path + "/pids.max")) == "42");
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("cgroup v2: hugepage limits are written") {
  Bundle bundle;
  if (!shows(bundle, CgroupView::v2)) return;
  if (!v2_has("hugetlb")) return skip_case("the unified hierarchy has no hugetlb");
  bundle.config["linux"]["resources"]["hugepageLimits"] = {
      {{"pageSize", "2MB"}, {"limit", 4'194'304}}};
  launch_waiting(bundle);
  const std::string path = cgroup_directories(bundle.cgroup()).at(0);
  CHECK(words(read_file(path + "/hugetlb.2MB.max")) == "4194304");
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("cgroup v2: a `unified` key that leaves the cgroup, or is unknown, is refused") {
  Bundle bundle;
  if (!shows(bundle, CgroupView::v2)) return;
  for (const char* key : {"../../cgroup.procs", "memory/../x", "no.such.file"}) {
    bundle.config["linux"]["resources"]["unified"] = {{key, "1"}};
    CHECK_MESSAGE(bundle.run().exit_code == 1, key);
  }
}

TEST_CASE("cgroup v1: `unified` is refused") {
  Bundle bundle;
  if (!shows(bundle, CgroupView::v1)) return;
  bundle.config["linux"]["resources"]["unified"] = {{"memory.max", "33554432"}};
  CHECK(bundle.run().exit_code == 1);
}

TEST_CASE("cgroup: a limit on processes is in force") {
  Bundle bundle;
  bundle.add_busybox();
  bundle.config["linux"]["resources"]["pids"]["limit"] = 3;
  bundle.config["process"]["args"] = {"/bin/sh", "-c",
                                      "for i in 1 2 3 4 5 6; do sleep 1 & done; wait"};
  if (why_not(CgroupView::v1) && !v2_has("pids")) return skip_case("no pids controller");
  const Outcome outcome = bundle.run();
  CHECK_MESSAGE(contains(outcome.err, "fork"), outcome.text());
}

TEST_CASE("cgroup: without a path the container has one of its own, which goes with it") {
  Bundle bundle;
  bundle.config["linux"].erase("cgroupsPath");
  launch_waiting(bundle);
  const std::string text = read_file("/proc/" + std::to_string(bundle.pid()) + "/cgroup");
  CHECK_MESSAGE(contains(text, bundle.id()), text);
  CHECK(bundle.remove({"--force"}).exit_code == 0);
  for (const std::string& mount : cgroup_mounts()) {
    CHECK_FALSE(fs::exists(mount + "/" + bundle.id()));
  }
}

TEST_CASE("cgroup: cgroups that were made below the container's go with it") {
  Bundle bundle;
  launch_waiting(bundle);
  const std::vector<std::string> directories = cgroup_directories(bundle.cgroup());
  REQUIRE_FALSE(directories.empty());
  for (const std::string& path : directories) fs::create_directories(path + "/below/further");
  CHECK(bundle.remove({"--force"}).exit_code == 0);
  CHECK(cgroup_directories(bundle.cgroup()).empty());
}

TEST_CASE("cgroup: one that has processes is refused for a new container") {
  if (testing_old_runc()) return skip_case("runc 1.1 warns only");
  Bundle first;
  launch_waiting(first);
  Bundle second;
  second.config["linux"]["cgroupsPath"] = first.cgroups_path();
  const Outcome outcome = second.run();
  CHECK(outcome.exit_code == 1);
  CHECK_MESSAGE(contains(outcome.err, "cgroup is not empty"), outcome.text());
  CHECK(first.status() == "running");
  CHECK(first.remove({"--force"}).exit_code == 0);
}

TEST_CASE("cgroup: kill --all ends every process of a container in the host's PID namespace") {
  Bundle bundle;
  bundle.add_busybox();
  drop_namespace(bundle.config, "pid");
  bundle.config["process"]["args"] = {"/bin/sh", "-c", "sleep 99 & sleep 98 & echo on; sleep 97"};
  bundle.launch();
  REQUIRE(bundle.wrote("on"));
  CHECK(eventually([&] { return processes_of(bundle.id(), bundle.cgroup()).size() >= 3; }));
  CHECK(bundle.command({"kill", "--all", bundle.id(), "KILL"}).exit_code == 0);
  CHECK(eventually([&] { return processes_of(bundle.id(), bundle.cgroup()).empty(); }));
  CHECK(bundle.reaches("stopped"));
  CHECK(bundle.remove().exit_code == 0);
}

TEST_CASE("cgroup: delete ends what outlived init in the host's PID namespace") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  Bundle bundle;
  bundle.add_busybox();
  drop_namespace(bundle.config, "pid");
  bundle.config["process"]["args"] = {"/bin/sh", "-c", "sleep 99 & echo on"};
  bundle.launch();
  REQUIRE(bundle.reaches("stopped"));
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("cgroup v1: a cgroup mount shows each controller, read-only when asked") {
  Bundle bundle;
  if (!shows(bundle, CgroupView::v1)) return;
  add_mount(bundle.config, "/sys/fs/cgroup", "cgroup", "cgroup",
            {"nosuid", "noexec", "nodev", "relatime", "ro"});
  const Outcome outcome = bundle.report(
      "mount /sys/fs/cgroup/memory -- readonly /sys/fs/cgroup/memory/memory.limit_in_bytes");
  CHECK(outcome.value("mount.type") == "cgroup");
  CHECK(outcome.value("writable") == "EROFS");
}

TEST_CASE("cgroup v2: a cgroup mount shows the container's cgroup, read-only when asked") {
  Bundle bundle;
  if (!shows(bundle, CgroupView::v2)) return;
  add_namespace(bundle.config, "cgroup");
  add_mount(bundle.config, "/sys/fs/cgroup", "cgroup", "cgroup",
            {"nosuid", "noexec", "nodev", "relatime", "ro"});
  const Outcome outcome = bundle.report(
      "mount /sys/fs/cgroup -- line /sys/fs/cgroup/cgroup.procs -- "
      "readonly /sys/fs/cgroup/cgroup.procs");
  CHECK(outcome.value("mount.type") == "cgroup2");
  CHECK(outcome.value("/sys/fs/cgroup/cgroup.procs") == "1");
  CHECK(outcome.value("writable") == "EROFS");
}

TEST_CASE("cgroup v2: in a user namespace without a cgroup namespace a mount shows the whole") {
  Bundle bundle;
  if (!shows(bundle, CgroupView::v2)) return;
  bundle.map_ids(1'000'000);
  add_mount(bundle.config, "/sys/fs/cgroup", "cgroup", "cgroup",
            {"nosuid", "noexec", "nodev", "relatime", "ro"});
  const std::string processes = "/sys/fs/cgroup" + bundle.cgroup() + "/cgroup.procs";
  const Outcome outcome =
      bundle.report("cat /proc/self/cgroup -- line " + processes + " -- mount /sys/fs/cgroup");
  CHECK(contains(outcome.out, "0::" + bundle.cgroup()));
  CHECK(outcome.value(processes) == "1");
  CHECK_MESSAGE(outcome.value("mount.options").starts_with("ro,"), outcome.out);
}

TEST_CASE("cgroup v2: one that may be written to belongs to the process's user") {
  for (const unsigned uid : {0U, 7U}) {
    Bundle bundle;
    if (!shows(bundle, CgroupView::v2)) return;
    bundle.map_ids(1'000'000);
    bundle.config["process"]["user"] = {{"uid", uid}, {"gid", uid}};
    add_namespace(bundle.config, "cgroup");
    add_mount(bundle.config, "/sys/fs/cgroup", "cgroup", "cgroup", {"nosuid"});
    bundle.probe("wait-signal");
    bundle.launch();
    const std::string top = cgroup_directories(bundle.cgroup()).front();
    for (const char* file : {"", "/cgroup.procs"}) {
      struct stat facts = {};
      REQUIRE(::stat((top + file).c_str(), &facts) == 0);
      CHECK(facts.st_uid == 1'000'000 + uid);
    }
    CHECK(bundle.remove({"--force"}).exit_code == 0);
  }
}

TEST_CASE("cgroup: all of it works in a user namespace") {
  for (const CgroupView view : possible_views()) {
    Bundle bundle;
    bundle.view = view;
    bundle.map_ids(1'000'000);
    add_namespace(bundle.config, "cgroup");
    CHECK_MESSAGE(bundle.report("ids").value("uid") == "0", name(view));
  }
}
