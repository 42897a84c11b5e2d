// `update`: limits of a container that runs.
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/container_cgroup.hpp"
#include "tests/support/summary.hpp"
#include "tests/support/text.hpp"

using namespace coracle::test;
namespace fs = std::filesystem;

namespace {

// With the limits from which the cases start.
void launch_limited(Bundle& bundle) {
  bundle.config["linux"]["resources"]["memory"] = {{"limit", 33'554'432},
                                                   {"reservation", 25'165'824}};
  bundle.config["linux"]["resources"]["cpu"] = {
      {"shares", 100}, {"quota", 500'000}, {"period", 1'000'000}};
  bundle.config["linux"]["resources"]["pids"] = {{"limit", 20}};
  bundle.probe("wait-signal");
  bundle.launch();
  REQUIRE(bundle.wrote("ready=1"));
}

Outcome update(const Bundle& bundle, const std::vector<std::string>& flags) {
  std::vector<std::string> args = {"update"};
  args.insert(args.end(), flags.begin(), flags.end());
  args.push_back(bundle.id());
  return bundle.command(args);
}

Outcome update_by_json(const Bundle& bundle, const Json& resources) {
  Program program = bundle.program({"update", "--resources", "-", bundle.id()});
  program.input = resources.dump();
  return run(program);
}

void check_updated(const Outcome& outcome) {
  CHECK_MESSAGE(outcome.exit_code == 0, outcome.text());
}

void check_refused(const Outcome& outcome, const std::string& reason) {
  CHECK(outcome.exit_code == 1);
  CHECK_MESSAGE(contains(outcome.err, reason), outcome.text());
}

std::string memory(const Bundle& bundle, const char* file) {
  return cgroup_setting(bundle, "memory", std::string("memory.") + file);
}

std::string cpu(const Bundle& bundle, const char* file) {
  return cgroup_setting(bundle, "cpu", std::string("cpu.") + file);
}

std::string pids(const Bundle& bundle) {
  return cgroup_setting(bundle, "pids", "pids.max");
}

}  // namespace

TEST_CASE("update v1: each flag writes its file") {
  Bundle bundle;
  if (!shows(bundle, CgroupView::v1)) return;
  launch_limited(bundle);
  struct Flag {
    std::string name;
    std::string value;
    std::string controller;
    std::string file;
    std::string written;
  };
  const std::vector<Flag> flags = {
      {"--memory", "67108864", "memory", "memory.limit_in_bytes", "67108864"},
      {"--memory", "50M", "memory", "memory.limit_in_bytes", "52428800"},
      {"--memory-reservation", "32m", "memory", "memory.soft_limit_in_bytes", "33554432"},
      {"--memory-swap", "96468992", "memory", "memory.memsw.limit_in_bytes", "96468992"},
      {"--cpu-period", "900000", "cpu", "cpu.cfs_period_us", "900000"},
      {"--cpu-quota", "600000", "cpu", "cpu.cfs_quota_us", "600000"},
      {"--cpu-quota", "-1", "cpu", "cpu.cfs_quota_us", "-1"},
      {"--cpu-share", "200", "cpu", "cpu.shares", "200"},
      {"--cpuset-cpus", "0", "cpuset", "cpuset.cpus", "0"},
      {"--cpuset-mems", "0", "cpuset", "cpuset.mems", "0"},
      {"--pids-limit", "12345", "pids", "pids.max", "12345"},
      {"--pids-limit", "-1", "pids", "pids.max", "max"},
      {"--blkio-weight", "300", "blkio", "blkio.bfq.weight", "300"},
  };
  for (const Flag& flag : flags) {
    if (!fs::exists(cgroup_directory(bundle, flag.controller) + "/" + flag.file)) continue;
    INFO(flag.name, " ", flag.value);
    check_updated(update(bundle, {flag.name, flag.value}));
    CHECK(cgroup_setting(bundle, flag.controller, flag.file) == flag.written);
  }
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("update v1: flags that are newer than runc 1.1 write their files") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  Bundle bundle;
  if (!shows(bundle, CgroupView::v1)) return;
  launch_limited(bundle);
  check_updated(update(bundle, {"--pids-limit", "0"}));
  CHECK(pids(bundle) == "1");
  check_updated(update(bundle, {"--cpu-burst", "300000"}));
  CHECK(cpu(bundle, "cfs_burst_us") == "300000");
  check_updated(update(bundle, {"--memory", "100M"}));
  CHECK(cpu(bundle, "cfs_burst_us") == "300000");
  check_updated(update(bundle, {"--cpu-burst", "0"}));
  CHECK(cpu(bundle, "cfs_burst_us") == "0");
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("update v1: real-time limits are written, whatever order the kernel wants") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  Bundle bundle;
  if (!shows(bundle, CgroupView::v1)) return;
  launch_limited(bundle);
  const std::string above = cgroup_directory(bundle, "cpu") + "/../";
  if (!fs::exists(above + "cpu.rt_runtime_us")) return skip_case("no real-time groups here");
  write_file(above + "cpu.rt_runtime_us", "900000");
  check_updated(update(bundle, {"--cpu-rt-runtime", "500001"}));
  CHECK(cpu(bundle, "rt_runtime_us") == "500001");
  check_updated(update(bundle, {"--cpu-rt-period", "10000", "--cpu-rt-runtime", "3000"}));
  CHECK(cpu(bundle, "rt_period_us") == "10000");
  CHECK(cpu(bundle, "rt_runtime_us") == "3000");
  check_updated(update(bundle, {"--cpu-rt-period", "100000", "--cpu-rt-runtime", "20000"}));
  CHECK(cpu(bundle, "rt_period_us") == "100000");
  CHECK(cpu(bundle, "rt_runtime_us") == "20000");
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("update: flags may follow the id") {
  Bundle bundle;
  if (!shows(bundle, CgroupView::v1)) return;
  launch_limited(bundle);
  check_updated(bundle.command({"update", bundle.id(), "--memory", "64M", "--memory-swap", "-1"}));
  CHECK(memory(bundle, "limit_in_bytes") == "67108864");
  check_updated(bundle.command({"update", "--pids-limit=7", bundle.id(), "--cpu-share=300"}));
  CHECK(pids(bundle) == "7");
  CHECK(cpu(bundle, "shares") == "300");
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("update: several limits at once pass each other, up and down") {
  Bundle bundle;
  if (!shows(bundle, CgroupView::v1)) return;
  launch_limited(bundle);
  const auto check = [&](const char* limit, const char* swap, const char* limit_bytes,
                         const char* swap_bytes) {
    check_updated(update(bundle, {"--memory", limit, "--memory-swap", swap}));
    CHECK(memory(bundle, "limit_in_bytes") == limit_bytes);
    CHECK(memory(bundle, "memsw.limit_in_bytes") == swap_bytes);
  };
  check("30M", "50M", "31457280", "52428800");
  check("60M", "80M", "62914560", "83886080");
  check("20M", "30M", "20971520", "31457280");
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("update: memory without limit takes the limit on swap with it") {
  Bundle bundle;
  if (!shows(bundle, CgroupView::v1)) return;
  launch_limited(bundle);
  check_updated(update(bundle, {"--memory-swap", "64M"}));
  check_updated(update(bundle, {"--memory", "-1"}));
  CHECK(memory(bundle, "limit_in_bytes") == "9223372036854771712");
  CHECK(memory(bundle, "memsw.limit_in_bytes") == "9223372036854771712");
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("update: resources come from stdin or a file, as engines write them") {
  Bundle bundle;
  if (!shows(bundle, CgroupView::v1)) return;
  launch_limited(bundle);
  check_updated(update_by_json(  // docker update --memory --cpus --pids-limit
      bundle,
      {{"memory", {{"limit", 67'108'864}, {"reservation", 0}, {"swap", 67'108'864}, {"kernel", 0}}},
       {"cpu", {{"shares", 0}, {"quota", 50'000}, {"period", 100'000}}},
       {"pids", {{"limit", 77}}},
       {"blockIO", {{"weight", 0}}}}));
  CHECK(memory(bundle, "limit_in_bytes") == "67108864");
  CHECK(memory(bundle, "memsw.limit_in_bytes") == "67108864");
  CHECK(memory(bundle, "soft_limit_in_bytes") == "25165824");
  CHECK(cpu(bundle, "shares") == "100");
  CHECK(cpu(bundle, "cfs_quota_us") == "50000");
  CHECK(pids(bundle) == "77");

  write_file(bundle.path("resources.json"), R"({"memory":{"limit":33554432,"swap":134217728}})");
  check_updated(update(bundle, {"--resources=" + bundle.path("resources.json")}));
  CHECK(memory(bundle, "limit_in_bytes") == "33554432");
  CHECK(memory(bundle, "memsw.limit_in_bytes") == "134217728");
  CHECK(pids(bundle) == "77");
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("update: beside --resources no other limit counts") {
  Bundle bundle;
  if (!shows(bundle, CgroupView::v1)) return;
  launch_limited(bundle);
  Program program = bundle.program({"update", "-r", "-", "--pids-limit", "5", bundle.id()});
  program.input = R"({"cpu":{"shares":300}})";
  check_updated(run(program));
  CHECK(cpu(bundle, "shares") == "300");
  CHECK(pids(bundle) == "20");
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("update: a later one starts from what an earlier one left") {
  Bundle bundle;
  if (!shows(bundle, CgroupView::v1)) return;
  launch_limited(bundle);
  check_updated(update(bundle, {"--cpu-quota", "300000"}));
  check_updated(update(bundle, {"--cpu-period", "500000"}));
  check_updated(update(bundle, {"--pids-limit", "30"}));
  CHECK(cpu(bundle, "cfs_quota_us") == "300000");
  CHECK(cpu(bundle, "cfs_period_us") == "500000");
  CHECK(cpu(bundle, "shares") == "100");
  CHECK(memory(bundle, "limit_in_bytes") == "33554432");
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("update: all limits are applied or none") {
  if (testing_runc()) return skip_case("what runc wrote before the failure stays");
  Bundle bundle;
  if (!shows(bundle, CgroupView::v1)) return;
  launch_limited(bundle);
  // The kernel wants a quota of a millisecond at least.
  check_refused(update(bundle, {"--memory", "64M", "--memory-swap", "96M", "--cpuset-cpus", "0",
                                "--pids-limit", "30", "--cpu-quota", "100"}),
                "controller cpu: set cpu.cfs_quota_us");
  CHECK(memory(bundle, "limit_in_bytes") == "33554432");
  CHECK(memory(bundle, "memsw.limit_in_bytes") == "9223372036854771712");
  CHECK(cgroup_setting(bundle, "cpuset", "cpuset.cpus") ==
        words(read_file("/sys/fs/cgroup/cpuset/cpuset.cpus")));
  CHECK(pids(bundle) == "20");
  // Nor is any of it remembered.
  check_updated(update(bundle, {"--cpu-share", "200"}));
  CHECK(memory(bundle, "limit_in_bytes") == "33554432");
  CHECK(cpu(bundle, "cfs_quota_us") == "500000");
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("update: a paused container stays paused") {
  for (const CgroupView view : {CgroupView::v1, CgroupView::hybrid}) {
    Bundle bundle;
    if (!shows(bundle, view)) return;
    launch_limited(bundle);
    REQUIRE(bundle.command({"pause", bundle.id()}).exit_code == 0);
    check_updated(update(bundle, {"--pids-limit", "30"}));
    CHECK(bundle.status() == "paused");
    CHECK(pids(bundle) == "30");
    CHECK(bundle.command({"resume", bundle.id()}).exit_code == 0);
    CHECK(bundle.remove({"--force"}).exit_code == 0);
  }
}

TEST_CASE("update: a created container can have other limits") {
  Bundle bundle;
  if (!shows(bundle, CgroupView::v1)) return;
  bundle.probe("wait-signal");
  REQUIRE(bundle.create().exit_code == 0);
  check_updated(update(bundle, {"--pids-limit", "30"}));
  CHECK(pids(bundle) == "30");
  CHECK(bundle.status() == "created");
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("update: device rules stay in force, whatever is said about them") {
  Bundle bundle;
  if (!shows(bundle, CgroupView::v1)) return;
  bundle.add_busybox();
  bundle.config["linux"]["resources"]["devices"] = {
      {{"allow", false}, {"access", "rwm"}},
      {{"allow", true}, {"type", "c"}, {"major", 10}, {"minor", 229}, {"access", "rw"}}};
  bundle.config["process"]["args"] = {
      "/bin/sh", "-c", "echo on; while : </dev/null >/dev/zero; do :; done; echo denied"};
  bundle.launch();
  REQUIRE(bundle.wrote("on"));
  const std::string rules = cgroup_setting(bundle, "devices", "devices.list");
  const Json denial = {{"devices", {{{"allow", false}, {"access", "rwm"}}}},
                       {"pids", {{"limit", 2048}}}};  // podman update --pids-limit
  for (int i = 0; i < 10; ++i) check_updated(update_by_json(bundle, denial));
  CHECK(cgroup_setting(bundle, "devices", "devices.list") == rules);
  CHECK(bundle.output() == "on\n");
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("update: an idle container gets its shares back when it no longer is") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  Bundle bundle;
  if (!shows(bundle, CgroupView::v1)) return;
  launch_limited(bundle);
  if (cpu(bundle, "idle").empty()) return skip_case("this kernel has no cpu.idle");
  check_updated(update(bundle, {"--cpu-idle", "1"}));
  CHECK(cpu(bundle, "idle") == "1");
  check_updated(update(bundle, {"--cpu-period", "900000"}));
  CHECK(cpu(bundle, "idle") == "1");
  check_refused(update(bundle, {"--cpu-share", "300"}),
                "cpu.shares 300 cannot be in force while cpu.idle is 1");
  check_refused(update(bundle, {"--cpu-idle", "2"}), "set cpu.idle");
  CHECK(cpu(bundle, "idle") == "1");
  check_updated(update_by_json(bundle, {{"cpu", {{"idle", 0}}}}));
  CHECK(cpu(bundle, "idle") == "0");
  CHECK(cpu(bundle, "shares") == "100");
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("update v1: rates of a device are changed and added") {
  if (testing_old_runc()) return skip_case("runc 1.1 reads no rates in an update");
  Bundle bundle;
  if (!shows(bundle, CgroupView::v1)) return;
  const std::string disk = some_disk();
  if (disk.empty()) return skip_case("this machine has no disk");
  const std::size_t colon = disk.find(':');
  const auto rate = [&](int value) {
    return Json::array({{{"major", std::stoi(disk.substr(0, colon))},
                         {"minor", std::stoi(disk.substr(colon + 1))},
                         {"rate", value}}});
  };
  const auto written = [&](const char* what) {
    return cgroup_setting(bundle, "blkio", std::string("blkio.throttle.") + what + "_device");
  };
  bundle.config["linux"]["resources"]["blockIO"]["throttleReadBpsDevice"] = rate(485'760);
  bundle.probe("wait-signal");
  bundle.launch();
  check_updated(update_by_json(bundle, {{"blockIO",
                                         {{"throttleReadBpsDevice", rate(10'485'760)},
                                          {"throttleWriteIOPSDevice", rate(900)}}}}));
  CHECK(written("read_bps") == disk + " 10485760");
  CHECK(written("write_iops") == disk + " 900");
  check_refused(update_by_json(bundle, {{"blockIO", {{"throttleWriteIOPSDevice", rate(700)}}},
                                        {"memory", {{"limit", 33'554'432}, {"swap", 1}}}}),
                "memory.memsw.limit_in_bytes");
  CHECK(written("write_iops") == disk + " 900");
  check_updated(update_by_json(bundle, {{"blockIO", {{"throttleReadBpsDevice", rate(0)}}}}));
  CHECK(written("read_bps") == "");
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("update v1: a quota that its parent does not allow is refused, with a lower period not") {
  Bundle bundle;
  if (!shows(bundle, CgroupView::v1)) return;
  bundle.probe("wait-signal");
  bundle.launch();
  write_file(cgroup_directory(bundle, "cpu") + "/../cpu.cfs_quota_us", "50000");
  check_refused(update(bundle, {"--cpu-quota", "60000"}), "cpu.cfs_quota_us");
  check_updated(update(bundle, {"--cpu-period", "10000", "--cpu-quota", "3000"}));
  CHECK(cpu(bundle, "cfs_period_us") == "10000");
  CHECK(cpu(bundle, "cfs_quota_us") == "3000");
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("update v2: files of the unified map are written, and kept by the next update") {
  if (testing_runc()) return skip_case("runc knows no files that are of no controller");
  Bundle bundle;
  if (!shows(bundle, CgroupView::v2)) return;
  bundle.probe("wait-signal");
  bundle.launch();
  const std::string dir = cgroup_directory(bundle, "unified");
  check_updated(update_by_json(bundle, {{"unified", {{"cgroup.max.depth", "5"}}}}));
  CHECK(words(read_file(dir + "/cgroup.max.depth")) == "5");
  check_updated(update_by_json(bundle, {{"unified", {{"cgroup.max.descendants", "6"}}}}));
  CHECK(words(read_file(dir + "/cgroup.max.depth")) == "5");
  CHECK(words(read_file(dir + "/cgroup.max.descendants")) == "6");
  check_refused(
      update_by_json(
          bundle, {{"unified", {{"cgroup.max.depth", "7"}, {"cgroup.max.descendants", "many"}}}}),
      "cgroup.max.descendants");
  CHECK(words(read_file(dir + "/cgroup.max.depth")) == "5");
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("update: huge pages are limited in whichever hierarchy has the controller") {
  if (testing_old_runc()) return skip_case("runc 1.1 reads none in an update");
  if (!v2_has("hugetlb")) return skip_case("no hugetlb in the unified hierarchy");
  for (const CgroupView view : possible_views()) {
    if (view == CgroupView::v1) continue;
    Bundle bundle;
    bundle.view = view;
    bundle.probe("wait-signal");
    bundle.launch();
    const Json limit = Json::array({{{"pageSize", "2MB"}, {"limit", 4'194'304}}});
    check_updated(update_by_json(bundle, {{"hugepageLimits", limit}}));
    const std::string dir = cgroup_directory(bundle, "unified");
    CHECK_MESSAGE(words(read_file(dir + "/hugetlb.2MB.max")) == "4194304", name(view));
    const Outcome stats = bundle.command({"events", "--stats", bundle.id()});
    CHECK(Json::parse(stats.out).at("data").at("hugetlb").contains("2MB"));
    CHECK(bundle.remove({"--force"}).exit_code == 0);
  }
}

TEST_CASE("update: limits on kernel memory are taken and ignored") {
  Bundle bundle;
  launch_limited(bundle);
  const Outcome outcome = update(bundle, {"--kernel-memory", "10M", "--kernel-memory-tcp", "10M"});
  check_updated(outcome);
  CHECK_MESSAGE(contains(outcome.err, "ignored"), outcome.text());
  CHECK_FALSE(contains(bundle.command({"update", "--help"}).out, "kernel-memory"));
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("update: it refuses what is no limit, and who does not run") {
  Bundle bundle;
  check_refused(update(bundle, {"--pids-limit", "5"}), "container does not exist");
  launch_limited(bundle);
  check_refused(update(bundle, {"--memory", "much"}), "invalid value for memory");
  check_refused(update(bundle, {"--cpu-quota", "x"}), "invalid value for cpu-quota");
  check_refused(update(bundle, {"--l3-cache-schema", "L3:0=f"}), "");
  check_refused(update(bundle, {"--resources", "/nonexistent"}), "no such file or directory");
  Program half = bundle.program({"update", "-r", "-", bundle.id()});
  half.input = "{\"pids\"";
  check_refused(run(half), "EOF");
  CHECK(bundle.kill("KILL").exit_code == 0);
  REQUIRE(bundle.reaches("stopped"));
  check_refused(update(bundle, {"--pids-limit", "5"}), "container not running");
  CHECK(bundle.remove().exit_code == 0);
}
