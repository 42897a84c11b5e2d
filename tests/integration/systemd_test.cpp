// The systemd cgroup driver, where systemd is PID 1: units, how they are made, joined and ended.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include <doctest/doctest.h>

#include "tests/support/summary.hpp"
#include "tests/support/text.hpp"
#include "tests/support/unit.hpp"

using namespace coracle::test;
namespace fs = std::filesystem;

TEST_CASE("systemd: where it is not PID 1 the driver says so") {
  if (fs::exists("/run/systemd/system")) return skip_case("systemd is PID 1 here");
  Unit container;
  const Outcome outcome = container.create_unit();
  CHECK(outcome.exit_code == 1);
  CHECK_MESSAGE(
      contains(outcome.err, "systemd not running on this host, cannot use systemd cgroups manager"),
      outcome.text());
}

TEST_CASE("systemd: a container is a scope in the slice that cgroupsPath names") {
  if (!systemd_is_init()) return;
  Unit container;
  container.wait_in();
  container.launch_unit();
  CHECK(contains(container.cgroups(), "/" + Unit::slice() + "/" + container.name() + "\n"));
  CHECK(container.property("ActiveState") == "active");
  CHECK(container.property("Slice") == Unit::slice());
  CHECK(container.property("Delegate") == "yes");
  CHECK(container.property("Description") == "coracle container " + container.id());
  CHECK(container.property("NeedDaemonReload") == "no");
}

TEST_CASE("systemd: without cgroupsPath it is a scope of system.slice") {
  if (!systemd_is_init()) return;
  Unit container("runc");
  container.wait_in();
  container.config["linux"].erase("cgroupsPath");
  container.launch_unit();
  CHECK(contains(container.cgroups(), "/system.slice/" + container.name() + "\n"));
}

TEST_CASE("systemd: --cgroup-manager systemd is the same") {
  if (!systemd_is_init()) return;
  Unit container;
  container.wait_in();
  CHECK(container.create_unit({"--cgroup-manager", "systemd"}).exit_code == 0);
  CHECK(contains(container.cgroups(), "/" + container.name() + "\n"));
  CHECK(container.start().exit_code == 0);
  CHECK(container.remove({"--force"}).exit_code == 0);
  CHECK(container.is_gone());
}

TEST_CASE("systemd: a slice with dashes lies in those that its name says") {
  if (!systemd_is_init()) return;
  Unit container;
  container.wait_in();
  container.config["linux"]["cgroupsPath"] = "coracleunit-inner.slice:coracle:" + container.id();
  container.launch_unit();
  CHECK(contains(container.cgroups(),
                 "/coracleunit.slice/coracleunit-inner.slice/" + container.name() + "\n"));
}

TEST_CASE("systemd: a path of cgroupfs is refused, with the form that is expected") {
  if (!systemd_is_init()) return;
  Unit container;
  container.config["linux"]["cgroupsPath"] = "/some/where";
  const Outcome outcome = container.create_unit();
  CHECK(outcome.exit_code == 1);
  CHECK_MESSAGE(contains(outcome.err, "expected cgroupsPath to be of format "), outcome.text());
}

TEST_CASE("systemd: delete ends the unit, without being told that there is one") {
  if (!systemd_is_init()) return;
  Unit container;
  container.wait_in();
  container.launch_unit();
  CHECK(container.kill("KILL").exit_code == 0);
  CHECK(container.reaches("stopped"));
  const Outcome removed = container.remove();
  CHECK(removed.exit_code == 0);
  CHECK_MESSAGE(removed.err == "", removed.text());
  CHECK(container.is_gone());
  CHECK_FALSE(fs::exists(container.directory()));
}

TEST_CASE("systemd: delete --force ends a container that runs, paused or not") {
  if (!systemd_is_init()) return;
  for (const bool paused : {false, true}) {
    Unit container;
    container.wait_in();
    container.launch_unit();
    if (paused) CHECK(container.command({"pause", container.id()}).exit_code == 0);
    CHECK(container.remove({"--force"}).exit_code == 0);
    CHECK(container.is_gone());
  }
}

TEST_CASE("systemd: run leaves no unit behind, whatever the program's status") {
  if (!systemd_is_init()) return;
  for (const char* status : {"0", "3"}) {
    Unit container;
    container.add_busybox();
    container.config["process"]["args"] = {"/bin/sh", "-c", std::string("exit ") + status};
    const Outcome outcome =
        container.command({"--systemd-cgroup", "run", "--bundle", container.dir(), container.id()});
    CHECK_MESSAGE(outcome.exit_code == std::stoi(status), outcome.text());
    CHECK(container.is_gone());
  }
}

TEST_CASE("systemd: a failed create leaves no unit behind") {
  if (!systemd_is_init()) return;
  Unit container;
  container.config["process"]["args"] = {"/nowhere"};
  CHECK(container.create_unit().exit_code == 1);
  CHECK(container.is_gone());
  CHECK_FALSE(fs::exists(container.directory()));
}

TEST_CASE("systemd: where its program cannot be started the error says so") {
  if (!systemd_is_init()) return;
  // Without clone3(2) the program's process has a copy of our memory.
  for (const char* missing : {"execveat", "execveat,clone3"}) {
    Unit container;
    Program create = container.program(
        {"--systemd-cgroup", "create", "--bundle", container.dir(), container.id()});
    create.args.insert(create.args.begin(), {CORACLE_WITHOUT_BINARY, missing});
    const Outcome outcome = run(create);
    CHECK(outcome.exit_code == 1);
    CHECK_MESSAGE(contains(outcome.err, "run coracle-sd-bus: function not implemented"),
                  outcome.text());
    CHECK_FALSE(fs::exists(container.directory()));
  }
}

TEST_CASE("systemd: a limit that cannot be is an error before anything is made") {
  if (!systemd_is_init() || !is_v2()) return;
  Unit container;
  container.config["linux"]["resources"] = {{"unified", {{"memory.max", "much"}}}};
  const Outcome outcome = container.create_unit();
  CHECK(outcome.exit_code == 1);
  CHECK_MESSAGE(contains(outcome.err, "memory.max: no value"), outcome.text());
}

TEST_CASE("systemd: a unit that failed before under the same name is replaced") {
  if (!systemd_is_init()) return;
  Unit container;
  container.wait_in();
  run({.args = {"systemd-run", "--scope", "--quiet", "--unit", container.name(), "--property",
                "RuntimeMaxSec=1", "sleep", "99"}});
  REQUIRE(eventually([&] { return container.property("ActiveState") == "failed"; }));
  container.launch_unit();
  CHECK(container.property("ActiveState") == "active");
}

TEST_CASE("systemd: a unit that is in use is refused, and stays as it is") {
  if (!systemd_is_init()) return;
  Unit first;
  first.wait_in();
  first.launch_unit();
  Unit second;
  second.config["linux"]["cgroupsPath"] = first.config["linux"]["cgroupsPath"];
  const Outcome outcome = second.create_unit();
  CHECK(outcome.exit_code == 1);
  CHECK_MESSAGE(contains(outcome.err, "container's cgroup is not empty"), outcome.text());
  CHECK(first.status() == "running");
}

TEST_CASE("systemd: exec joins the scope") {
  if (!systemd_is_init()) return;
  Unit container;
  container.wait_in();
  container.launch_unit();
  const std::string own = container.name() + "\n";
  const Outcome outcome = container.exec("cat /proc/self/cgroup");
  CHECK(outcome.exit_code == 0);
  CHECK_MESSAGE(contains(outcome.out, own), outcome.text());
}

TEST_CASE("systemd: a process joins the scope before it has the ids of a user namespace") {
  if (!systemd_is_init()) return;
  Unit container;
  container.wait_in();
  container.map_ids(1'000'000);
  container.launch_unit();
  const std::string own = container.name() + "\n";
  CHECK_MESSAGE(contains(container.cgroups(), own), container.cgroups());
  const Outcome outcome = container.exec("cat /proc/self/cgroup");
  CHECK(outcome.exit_code == 0);
  CHECK_MESSAGE(contains(outcome.out, own), outcome.text());
}

// On v1 the directory of its own that each hierarchy has; on v2 all, as /proc/PID/cgroup names it.
TEST_CASE("systemd: without a cgroup namespace the mounted cgroups have the scope") {
  if (!systemd_is_init()) return;
  Unit container;
  container.wait_in();
  drop_namespace(container.config, "cgroup");
  add_mount(container.config, "/sys/fs/cgroup", "cgroup", "cgroup", {"ro"});
  container.launch_unit();
  const std::string scope = "/" + Unit::slice() + "/" + container.name();
  const std::string inside = "/sys/fs/cgroup" + (is_v2() ? scope : "/pids") + "/cgroup.procs";
  const Outcome outcome = container.exec("cat " + inside);
  CHECK(outcome.exit_code == 0);
  // Processes that are not in the container would be 0 there.
  CHECK_MESSAGE(contains("\n" + outcome.out, "\n1\n"), outcome.text());
  CHECK_MESSAGE(!contains("\n" + outcome.out, "\n0\n"), outcome.text());
}

TEST_CASE("systemd: a unit that is a slice is made and removed") {
  if (!systemd_is_init()) return;
  Unit container;
  container.wait_in();
  const std::string slice = "coracleunit" + std::to_string(::getpid()) + "-own.slice";
  container.config["linux"]["cgroupsPath"] = Unit::slice() + "::" + slice;
  container.launch_unit();
  CHECK(contains(container.cgroups(), "/" + slice + "\n"));
  CHECK(container.remove({"--force"}).exit_code == 0);
  CHECK_FALSE(fs::exists("/sys/fs/cgroup/" + Unit::slice() + "/" + slice));
}

TEST_CASE("systemd: a mapped root owns its scope where it may write it") {
  if (!systemd_is_init() || !is_v2()) return;
  Unit container;
  container.wait_in();
  container.map_ids(1'000'000);
  add_namespace(container.config, "cgroup");
  add_mount(container.config, "/sys/fs/cgroup", "cgroup", "cgroup", {"rw"});
  container.launch_unit();
  struct stat facts = {};
  REQUIRE(::stat(container.directory().c_str(), &facts) == 0);
  CHECK(facts.st_uid == 1'000'000);
  CHECK(container.exec("mkdir /sys/fs/cgroup/below").exit_code == 0);
}

// The last: it takes the slices of the others away.
TEST_CASE("systemd: of all these containers no unit is left") {
  if (!systemd_is_init()) return;
  const std::string scopes = systemctl(
      {"list-units", "--all", "--plain", "--no-legend", "coracle-ct-*.scope", "runc-ct-*.scope"});
  CHECK_MESSAGE(scopes == "", scopes);
  systemctl({"stop", "coracleunit*.slice"});
  CHECK(systemctl({"list-units", "--plain", "--no-legend", "coracleunit*.slice"}) == "");
}
