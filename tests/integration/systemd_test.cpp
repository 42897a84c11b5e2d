// The systemd cgroup driver, where systemd is PID 1.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/bundle.hpp"
#include "tests/support/leftovers.hpp"
#include "tests/support/summary.hpp"
#include "tests/support/text.hpp"

using namespace coracle::test;
namespace fs = std::filesystem;

namespace {

constexpr unsigned account = 1000;  // of contrib/vm: with a manager that lingers
const std::string user_runtime = "/run/user/1000";

bool systemd_is_init() {
  if (fs::exists("/run/systemd/system")) return true;
  skip_case("systemd is not PID 1 here: contrib/vm has a machine where it is");
  return false;
}

bool is_v2() {
  if (fs::exists("/sys/fs/cgroup/cgroup.controllers")) return true;
  skip_case("cgroup v2 is needed: systemd has cgroup v1 here");
  return false;
}

std::string systemctl(const std::vector<std::string>& args) {
  std::vector<std::string> words = {"systemctl"};
  words.insert(words.end(), args.begin(), args.end());
  return run({.args = words}).out;
}

// A container in the slice of this process, by the systemd driver.  Only `create` and `run` say so:
// the others have to remember it.
class Unit : public Bundle {
 public:
  explicit Unit(const std::string& prefix = "coracle") : prefix_(prefix) {
    config["linux"]["cgroupsPath"] = slice() + ":" + prefix_ + ":" + id();
  }
  ~Unit() { command({"delete", "--force", id()}); }

  static std::string slice() { return "coracleunit" + std::to_string(::getpid()) + ".slice"; }
  std::string name() const { return prefix_ + "-" + id() + ".scope"; }
  std::string directory() const { return "/sys/fs/cgroup/" + slice() + "/" + name(); }
  std::string setting(const std::string& file) const {
    return words(read_file(directory() + "/" + file));
  }
  // Of the unit, as systemd shows it.
  std::string property(const std::string& key) const {
    const std::string text = systemctl({"show", "--property=" + key, name()});
    return std::string(trim_line(text.substr(text.find('=') + 1)));
  }
  bool is_gone() const { return property("LoadState") == "not-found"; }

  Outcome create_unit(const std::vector<std::string>& globals = {"--systemd-cgroup"}) const {
    std::vector<std::string> args = globals;
    for (const std::string& word : {std::string("create"), std::string("--bundle"), dir(), id()})
      args.push_back(word);
    Program create = program(args);
    create.out_path = path("output");
    return coracle::test::run(create);
  }
  void launch_unit() const {
    const Outcome created = create_unit();
    REQUIRE_MESSAGE(created.exit_code == 0, created.text());
    const Outcome started = start();
    REQUIRE_MESSAGE(started.exit_code == 0, started.text());
  }
  void wait_in(const std::string& script = "") {
    add_busybox();
    config["process"]["args"] = {"/bin/sh", "-c", script + " sleep 999"};
  }
  Outcome exec(const std::string& script) const {
    return command({"exec", id(), "/bin/sh", "-c", script});
  }
  std::string cgroups() const { return read_file("/proc/" + std::to_string(pid()) + "/cgroup"); }

 private:
  static std::string trim_line(std::string text) {
    while (text.ends_with('\n')) text.pop_back();
    return text;
  }

  std::string prefix_;
};

}  // namespace

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

namespace {

// A container of an ordinary user, by that user's own manager.
class UserUnit : public Unit {
 public:
  UserUnit() {
    config["linux"]["cgroupsPath"] = "coracleuser.slice:coracle:" + id();
    config["process"].erase("oomScoreAdj");
    coracle::test::map_ids(config, account, 1);
    wait_in();
    own_rootfs(account);
    for (const std::string& each : {path(""), dir()})
      REQUIRE(::chown(each.c_str(), account, account) == 0);
    write_file(path("output"), "");
    REQUIRE(::chown(path("output").c_str(), account, account) == 0);
  }
  ~UserUnit() { as_user({"delete", "--force", id()}); }

  Outcome as_user(const std::vector<std::string>& args) const {
    Program program = this->program(args);
    program.uid = account;
    program.environment = {"XDG_RUNTIME_DIR=" + user_runtime};
    program.out_path = path("output");
    return coracle::test::run(program);
  }
  std::string own_property(const std::string& key) const {
    return coracle::test::run(
               {.args = {"systemctl", "--user", "show", "--value", "--property=" + key, name()},
                .environment = {"XDG_RUNTIME_DIR=" + user_runtime},
                .uid = account})
        .out;
  }
  void launch_as_user() const {
    const Outcome created = as_user({"--systemd-cgroup", "create", "--bundle", dir(), id()});
    REQUIRE_MESSAGE(created.exit_code == 0, output());
    const Outcome started = as_user({"start", id()});
    REQUIRE_MESSAGE(started.exit_code == 0, output());
  }
};

bool user_has_manager() {
  if (!systemd_is_init() || !is_v2()) return false;
  if (fs::exists(user_runtime + "/systemd/private")) return true;
  skip_case("user 1000 has no manager that runs");
  return false;
}

}  // namespace

TEST_CASE("systemd, rootless: the container is a scope of the user's manager") {
  if (!user_has_manager()) return;
  UserUnit container;
  container.launch_as_user();
  CHECK(contains(container.cgroups(),
                 "/user.slice/user-1000.slice/user@1000.service/"
                 "coracleuser.slice/" +
                     container.name() + "\n"));
  CHECK(container.own_property("ActiveState") == "active\n");
  CHECK(container.as_user({"delete", "--force", container.id()}).exit_code == 0);
  CHECK(container.own_property("LoadState") == "not-found\n");
}

TEST_CASE("systemd, rootless: limits are in force, and can be changed") {
  if (!user_has_manager()) return;
  UserUnit container;
  container.config["linux"]["resources"] = {{"memory", {{"limit", 67'108'864}}},
                                            {"pids", {{"limit", 42}}}};
  container.launch_as_user();
  const std::string directory =
      "/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/coracleuser.slice/" +
      container.name();
  CHECK(words(read_file(directory + "/memory.max")) == "67108864");
  CHECK(words(read_file(directory + "/pids.max")) == "42");
  CHECK(container.own_property("TasksMax") == "42\n");
  CHECK(container.as_user({"update", "--pids-limit", "43", container.id()}).exit_code == 0);
  CHECK(words(read_file(directory + "/pids.max")) == "43");
  CHECK(container.own_property("TasksMax") == "43\n");
}

TEST_CASE("systemd, rootless: exec joins the scope from another part of the tree") {
  if (!user_has_manager()) return;
  UserUnit container;
  container.launch_as_user();
  const Outcome outcome =
      container.as_user({"exec", container.id(), "/bin/sh", "-c", "cat /proc/self/cgroup"});
  CHECK_MESSAGE(outcome.exit_code == 0, container.output());
  CHECK_MESSAGE(contains(container.output(), container.name() + "\n"), container.output());
}

TEST_CASE("systemd, rootless: without a runtime directory it is told what is missing") {
  if (!user_has_manager()) return;
  UserUnit container;
  Program program = container.program(
      {"--systemd-cgroup", "create", "--bundle", container.dir(), container.id()});
  program.uid = account;
  const Outcome outcome = run(program);
  CHECK(outcome.exit_code == 1);
  CHECK_MESSAGE(contains(outcome.err, "the user's systemd cannot be found"), outcome.text());
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
