// The systemd cgroup driver, where systemd is PID 1: limits, device rules and other properties, and
// their changes.
#include <filesystem>
#include <string>

#include <doctest/doctest.h>

#include "tests/support/text.hpp"
#include "tests/support/unit.hpp"

using namespace coracle::test;
namespace fs = std::filesystem;

TEST_CASE("systemd: limits are the unit's, and stay when systemd reads its files again") {
  if (!systemd_is_init() || !is_v2()) return;
  Unit container;
  container.wait_in();
  container.config["linux"]["resources"] = {
      {"memory", {{"limit", 67'108'864}, {"reservation", 33'554'432}, {"swap", 67'108'864}}},
      {"cpu", {{"shares", 2048}, {"quota", 50'000}, {"period", 100'000}, {"cpus", "0"}}},
      {"pids", {{"limit", 42}}},
      {"unified", {{"memory.high", "50331648"}}}};
  container.launch_unit();
  CHECK(container.property("MemoryMax") == "67108864");
  CHECK(container.property("MemoryLow") == "33554432");
  CHECK(container.property("MemoryHigh") == "50331648");
  CHECK(container.property("TasksMax") == "42");
  CHECK(container.property("CPUQuotaPerSecUSec") == "500ms");
  CHECK(container.property("AllowedCPUs") == "0");
  const std::string weight = container.property("CPUWeight");
  systemctl({"daemon-reload"});
  CHECK(container.setting("memory.max") == "67108864");
  CHECK(container.setting("memory.low") == "33554432");
  CHECK(container.setting("memory.high") == "50331648");
  CHECK(container.setting("pids.max") == "42");
  CHECK(container.setting("cpu.max") == "50000 100000");
  CHECK(container.setting("cpu.weight") == weight);
  CHECK(container.setting("cpuset.cpus") == "0");
  CHECK(container.property("NeedDaemonReload") == "no");
}

TEST_CASE("systemd: a quota of a part of a percent is rounded up, for systemd and the kernel") {
  if (!systemd_is_init() || !is_v2()) return;
  Unit container;
  container.wait_in();
  container.config["linux"]["resources"] = {{"cpu", {{"quota", 12'345}, {"period", 100'000}}}};
  container.launch_unit();
  CHECK(container.property("CPUQuotaPerSecUSec") == "130ms");
  CHECK(container.setting("cpu.max") == "13000 100000");
}

TEST_CASE("systemd: limits that it has no property for are in force") {
  if (!systemd_is_init() || !is_v2()) return;
  Unit container;
  container.wait_in();
  container.config["linux"]["resources"] = {
      {"hugepageLimits", {{{"pageSize", "2MB"}, {"limit", 0}}}},
      {"unified", {{"cpu.max.burst", "0"}}}};
  container.launch_unit();
  CHECK(container.setting("hugetlb.2MB.max") == "0");
}

TEST_CASE("systemd: device rules hold, also when systemd reads its files again") {
  if (!systemd_is_init()) return;
  Unit container;
  container.wait_in("mknod /tmp/kmsg c 1 11;");
  container.config["process"]["capabilities"]["bounding"] = {"CAP_MKNOD"};
  container.config["process"]["capabilities"]["effective"] = {"CAP_MKNOD"};
  container.config["process"]["capabilities"]["permitted"] = {"CAP_MKNOD"};
  container.config["linux"]["resources"] = {
      {"devices",
       {{{"allow", false}, {"access", "rwm"}},
        {{"allow", true}, {"type", "c"}, {"major", 1}, {"minor", 9}, {"access", "r"}}}}};
  container.launch_unit();
  REQUIRE(eventually([&] { return fs::exists(container.rootfs() + "/tmp/kmsg"); }));
  const auto check = [&] {
    CHECK(container.exec("head -c 1 /dev/null && head -c 1 /dev/zero").exit_code == 0);
    CHECK(container.exec("head -c 1 /tmp/kmsg").exit_code != 0);
  };
  CHECK(container.property("DevicePolicy") == "strict");
  CHECK(contains(container.property("DeviceAllow"), "/dev/char/1:3 rwm"));
  check();
  systemctl({"daemon-reload"});
  check();
  CHECK(container.property("NeedDaemonReload") == "no");
}

TEST_CASE("systemd: annotations are properties of the unit") {
  if (!systemd_is_init()) return;
  Unit container;
  container.wait_in();
  container.config["annotations"] = {
      {"org.systemd.property.TimeoutStopSec", "uint64 5"},
      {"org.systemd.property.CollectMode", "'inactive'"},
      {"org.systemd.property.Documentation", "['man:coracle(8)', 'man:runc(8)']"}};
  container.launch_unit();
  CHECK(container.property("TimeoutStopUSec") == "5s");
  CHECK(container.property("CollectMode") == "inactive");
  const std::string documents = container.property("Documentation");
  CHECK_MESSAGE(contains(documents, "man:coracle(8)"), documents);
  CHECK_MESSAGE(contains(documents, "man:runc(8)"), documents);
}

TEST_CASE("systemd: an annotation that is none, or that it does not know, is refused") {
  if (!systemd_is_init()) return;
  Unit container;
  container.config["annotations"] = {{"org.systemd.property.TimeoutStopUSec", "soon"}};
  Outcome outcome = container.create_unit();
  CHECK(outcome.exit_code == 1);
  CHECK_MESSAGE(contains(outcome.err, "value parse error: unknown word"), outcome.text());
  container.config["annotations"] = {{"org.systemd.property.Weather", "'fine'"}};
  outcome = container.create_unit();
  CHECK(outcome.exit_code == 1);
  CHECK_MESSAGE(contains(outcome.err, "start unit " + container.name()), outcome.text());
  CHECK(container.is_gone());
}

TEST_CASE("systemd: update changes the unit too, and what it cannot change stays") {
  if (!systemd_is_init() || !is_v2()) return;
  Unit container;
  container.wait_in();
  container.config["linux"]["resources"] = {{"memory", {{"limit", 67'108'864}}},
                                            {"pids", {{"limit", 42}}}};
  container.launch_unit();
  CHECK(
      container.command({"update", "--memory", "134217728", "--cpu-quota", "20000", container.id()})
          .exit_code == 0);
  CHECK(container.property("MemoryMax") == "134217728");
  CHECK(container.property("CPUQuotaPerSecUSec") == "200ms");
  systemctl({"daemon-reload"});
  CHECK(container.setting("memory.max") == "134217728");
  CHECK(container.setting("cpu.max") == "20000 100000");
  CHECK(container.setting("pids.max") == "42");

  CHECK(container.command({"update", "--pids-limit", "50", "--cpuset-cpus", "4000", container.id()})
            .exit_code == 1);
  CHECK(container.setting("pids.max") == "42");
  CHECK(container.property("TasksMax") == "42");
}

TEST_CASE("systemd: update leaves a paused container paused, and its devices alone") {
  if (!systemd_is_init() || !is_v2()) return;
  Unit container;
  container.wait_in("while head -c 1 /dev/zero >/dev/null; do :; done; echo denied;");
  container.launch_unit();
  for (const char* limit : {"40", "41", "42"})
    CHECK(container.command({"update", "--pids-limit", limit, container.id()}).exit_code == 0);
  CHECK(container.command({"pause", container.id()}).exit_code == 0);
  CHECK(container.command({"update", "--pids-limit", "43", container.id()}).exit_code == 0);
  CHECK(container.status() == "paused");
  CHECK(container.command({"resume", container.id()}).exit_code == 0);
  CHECK(container.status() == "running");
  CHECK_FALSE(contains(container.output(), "denied"));
}

TEST_CASE("systemd: memory beyond the limit ends the container, and delete clears the rest") {
  if (!systemd_is_init() || !is_v2()) return;
  Unit container;
  container.add_busybox();
  container.config["process"]["args"] = {"/bin/sh", "-c", "tail -c 99999999 /dev/zero"};
  container.config["linux"]["resources"] = {
      {"memory", {{"limit", 16'777'216}, {"swap", 16'777'216}}}};
  container.launch_unit();
  CHECK(container.reaches("stopped"));
  CHECK(container.remove().exit_code == 0);
  CHECK(container.is_gone());
}
