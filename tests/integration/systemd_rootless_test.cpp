// The systemd cgroup driver, where systemd is PID 1: the user's own manager.
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/summary.hpp"
#include "tests/support/text.hpp"
#include "tests/support/unit.hpp"

using namespace coracle::test;
namespace fs = std::filesystem;

namespace {

constexpr unsigned account = 1000;  // of contrib/vm: with a manager that lingers
const std::string user_runtime = "/run/user/1000";

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

  // Where the runtime is told to look for the manager.
  std::vector<std::string> environment = {"XDG_RUNTIME_DIR=" + user_runtime};

  Outcome as_user(const std::vector<std::string>& args) const {
    Program program = this->program(args);
    program.uid = account;
    program.environment = environment;
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

// Of the account, in both files: "user:100000:65536".
unsigned first_subordinate_id() {
  std::ifstream file("/etc/subuid");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("user:")) return static_cast<unsigned>(std::stoul(line.substr(5)));
  FAIL("the user has no line in /etc/subuid");
  return 0;
}

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

TEST_CASE("systemd, rootless: without a runtime directory the manager is found on its bus") {
  if (!user_has_manager()) return;
  REQUIRE(std::getenv("XDG_RUNTIME_DIR") == nullptr);
  UserUnit container;
  container.environment = {"DBUS_SESSION_BUS_ADDRESS=unix:path=" + user_runtime + "/bus"};
  container.config["linux"]["resources"]["pids"]["limit"] = 42;
  container.launch_as_user();
  CHECK(container.own_property("ActiveState") == "active\n");
  CHECK(container.as_user({"update", "--pids-limit", "43", container.id()}).exit_code == 0);
  CHECK(container.own_property("TasksMax") == "43\n");
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

TEST_CASE(
    "systemd, rootless: what cannot be given to the process's user stays the container's root's") {
  if (!user_has_manager()) return;
  UserUnit container;
  const unsigned range = first_subordinate_id();
  for (const char* mappings : {"uidMappings", "gidMappings"})
    container.config["linux"][mappings].push_back(
        {{"containerID", 1}, {"hostID", range}, {"size", 100}});
  container.config["process"]["user"] = {{"uid", 7}, {"gid", 7}};
  add_namespace(container.config, "cgroup");
  add_mount(container.config, "/sys/fs/cgroup", "cgroup", "cgroup", {"rw"});
  container.launch_as_user();
  struct stat facts = {};
  const std::string scope =
      "/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/coracleuser.slice/" +
      container.name();
  REQUIRE(::stat(scope.c_str(), &facts) == 0);
  CHECK(facts.st_uid == account);
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
