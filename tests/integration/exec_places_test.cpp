// exec: which namespaces and cgroups the process is in.
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/leftovers.hpp"
#include "tests/support/summary.hpp"
#include "tests/support/text.hpp"
#include "tests/support/waiting.hpp"

using namespace coracle::test;
namespace fs = std::filesystem;

namespace {

// Where the unified hierarchy has the container's cgroup; "" where nowhere.
std::string v2_directory(const Bundle& bundle) {
  for (const std::string& directory : cgroup_directories(bundle.cgroup())) {
    if (fs::exists(directory + "/cgroup.controllers")) return directory;
  }
  return "";
}

// A v1 cpuset takes no process before it has processors and memory.  On v2 the sub-cgroup has no
// such files: no controller is handed on.
void make_sub_cgroup(const std::string& directory) {
  fs::create_directory(directory + "/sub");
  for (const char* file : {"/cpuset.cpus", "/cpuset.mems"}) {
    if (fs::exists(directory + "/sub" + file))
      write_file(directory + "/sub" + file, read_file(directory + file));
  }
}

void check_same_namespaces(const Waiting& container) {
  const Outcome inside = container.report("ns");
  for (const char* kind : {"user", "mnt", "pid", "net", "ipc", "uts", "cgroup", "time"})
    CHECK(inside.value(std::string("ns.") + kind) == namespace_of(container.bundle.pid(), kind));
}

void check_refused(const Outcome& outcome, std::string_view text) {
  CHECK(outcome.exit_code == 255);
  CHECK_MESSAGE(contains(outcome.err, text), outcome.text());
  CHECK(outcome.out == "");
}

}  // namespace

TEST_CASE("exec: the process is in every namespace of the container") {
  in_every_place([](Waiting& container) {
    container.launch();
    check_same_namespaces(container);
    const Outcome outcome = container.report("hostname -- ls / -- ids");
    CHECK(outcome.value("hostname") == "probe");
    CHECK(contains(outcome.out, "entry=probe\n"));
    CHECK(outcome.value("uid") == "0");
    CHECK(outcome.value("gid") == "0");
  });
}

TEST_CASE("exec: the process is in every cgroup of the container") {
  in_every_place([](Waiting& container) {
    container.launch();
    const pid_t pid = container.detached();
    CHECK(cgroups_of(pid) == cgroups_of(container.bundle.pid()));
  });
}

TEST_CASE("exec: it sees the container's processes, and they see it") {
  Waiting container;
  container.launch();
  container.detached();
  const Outcome outcome = container.report("ls /proc -- pids");
  CHECK(contains(outcome.out, "entry=1\n"));
  CHECK(outcome.value("ppid") == "0");
  CHECK(contains(outcome.out, "entry=" + outcome.value("pid") + "\n"));
}

TEST_CASE("cgroup: --cgroup runs it in a sub-cgroup of every hierarchy") {
  for (const CgroupView view : possible_views()) {
    Waiting container(Owner::root, view);
    container.launch();
    for (const std::string& directory : cgroup_directories(container.bundle.cgroup()))
      make_sub_cgroup(directory);
    const pid_t pid = container.detached({"--cgroup", "sub"});
    std::string expected = cgroups_of(container.bundle.pid());
    const std::string own = container.bundle.cgroup();
    for (std::size_t at = 0; (at = expected.find(own + "\n", at)) < expected.size();)
      expected.insert(at += own.size(), "/sub");
    CHECK(contains(expected, "/sub\n"));
    CHECK(cgroups_of(pid) == expected);
    const pid_t in_own = container.detached({"--cgroup", "/"});
    CHECK(cgroups_of(in_own) == cgroups_of(container.bundle.pid()));
  }
}

TEST_CASE("cgroup: --cgroup CONTROLLER:PATH counts in that hierarchy, and can be repeated") {
  if (why_not(CgroupView::v1)) return skip_case("this machine has no v1 hierarchies");
  Waiting container(Owner::root, CgroupView::v1);
  container.launch();
  for (const char* name : {"/cpu", "/memory", "/pids"}) {
    if (fs::exists("/sys/fs/cgroup" + (name + container.bundle.cgroup())))
      fs::create_directory("/sys/fs/cgroup" + (name + container.bundle.cgroup()) + "/sub");
  }
  const pid_t pid = container.detached({"--cgroup", "memory:sub", "--cgroup", "pids:sub"});
  const std::string cgroups = cgroups_of(pid);
  const std::string own = container.bundle.cgroup();
  CHECK(contains(cgroups, ":memory:" + own + "/sub\n"));
  CHECK(contains(cgroups, ":pids:" + own + "/sub\n"));
  CHECK(contains(cgroups, ":freezer:" + own + "\n"));
}

TEST_CASE("cgroup: a v1 cpuset that has no processors yet gets those of the container") {
  if (why_not(CgroupView::v1)) return skip_case("this machine has no v1 hierarchies");
  if (testing_old_runc()) return skip_case("runc says that no space is left");
  Waiting container(Owner::root, CgroupView::v1);
  container.launch();
  const std::string own = "/sys/fs/cgroup/cpuset" + container.bundle.cgroup();
  if (!fs::exists(own)) return skip_case("this machine has no v1 cpuset of its own");
  fs::create_directories(own + "/sub/deep");
  CHECK(read_file(own + "/sub/deep/cpuset.cpus") == "\n");
  const pid_t pid = container.detached({"--cgroup", "cpuset:sub/deep"});
  CHECK(contains(cgroups_of(pid), ":cpuset:" + container.bundle.cgroup() + "/sub/deep\n"));
  for (const char* file : {"/cpuset.cpus", "/cpuset.mems"})
    CHECK(read_file(own + "/sub/deep" + file) == read_file(own + file));
}

TEST_CASE("cgroup: one that is not there, or not the container's, is refused") {
  for (const CgroupView view : possible_views()) {
    Waiting container(Owner::root, view);
    container.launch();
    const std::vector<std::string> program = {"/probe", "ids"};
    const Outcome absent = container.exec({"--cgroup", "absent"}, program);
    check_refused(absent, " adding pid ");
    check_refused(absent, "/absent/cgroup.procs: no such file or directory");
    const char* outside = testing_old_runc() ? "not a sub cgroup path" : "bad sub cgroup path";
    check_refused(container.exec({"--cgroup", "../other"}, program), outside);
    check_refused(container.exec({"--cgroup", "a/../../b"}, program), outside);
    if (view == CgroupView::v2 && testing_old_runc()) continue;
    check_refused(container.exec({"--cgroup", "whaaat:/"}, program), "unknown controller ");
  }
}

TEST_CASE("cgroup: a v2 one that takes no processes any more is left for init's") {
  if (!v2_has("hugetlb")) return skip_case("this machine's v2 has no hugetlb controller");
  Waiting container(Owner::root, CgroupView::v2);
  container.launch();
  const std::string directory = v2_directory(container.bundle);
  REQUIRE(directory != "");
  fs::create_directory(directory + "/init");
  write_file(directory + "/init/cgroup.procs", std::to_string(container.bundle.pid()));
  // Init has moved, but the container's own still takes processes.
  const pid_t above = container.detached();
  CHECK(contains(cgroups_of(above), "0::" + container.bundle.cgroup() + "\n"));
  REQUIRE(::kill(above, SIGKILL) == 0);
  REQUIRE(eventually([&] { return read_file(directory + "/cgroup.procs").empty(); }));
  write_file(directory + "/cgroup.subtree_control", "+hugetlb");
  const pid_t beside = container.detached();
  CHECK(contains(cgroups_of(beside), "0::" + container.bundle.cgroup() + "/init\n"));
  if (testing_old_runc()) return;
  const Outcome own = container.exec({"--cgroup", "/"}, {"/probe", "ids"});
  check_refused(own, " adding pid ");
  check_refused(own, " to cgroups: ");
  check_refused(own, "device or resource busy");
}

TEST_CASE("cgroup: a v2 one that init has left and that is gone is left for init's") {
  Waiting container(Owner::root, CgroupView::v2);
  container.launch();
  const std::string directory = v2_directory(container.bundle);
  const std::string other = fs::path(directory).parent_path().string() + "/other";
  fs::create_directory(other);
  write_file(other + "/cgroup.procs", std::to_string(container.bundle.pid()));
  fs::remove(directory);
  const pid_t pid = container.detached();
  CHECK(contains(cgroups_of(pid), "0::" + parent_cgroup() + "/other\n"));
}

TEST_CASE("namespaces: a container with the host's PID namespace") {
  for (const Owner owner : {Owner::root, Owner::mapped}) {
    Waiting container(owner);
    drop_namespace(container.bundle.config, "pid");
    drop_mount(container.bundle.config, "/proc");
    add_mount(container.bundle.config, "/proc", "bind", "/proc", {"rbind"});
    container.launch();
    check_same_namespaces(container);
    const pid_t pid = container.detached();
    CHECK(namespace_of(pid, "pid") == namespace_of(::getpid(), "pid"));
  }
}

TEST_CASE("namespaces: a container without a mount namespace has its root by chroot") {
  if (testing_old_runc()) return skip_case("runc 1.1 needs a /proc there");
  Waiting container;
  drop_namespace(container.bundle.config, "mount");
  container.bundle.config["mounts"] = Json::array();
  container.launch();
  const Outcome outcome = container.report("ls / -- cwd");
  CHECK(contains(outcome.out, "entry=probe\n"));
  CHECK_FALSE(contains(outcome.out, "entry=usr\n"));
  CHECK(outcome.value("cwd") == "/");
}

TEST_CASE("namespaces: a container that joined those of another") {
  Waiting holder(Owner::mapped);
  holder.launch();
  const std::string ns = "/proc/" + std::to_string(holder.bundle.pid()) + "/ns/";
  Waiting container(Owner::mapped);
  Json& config = container.bundle.config;
  if (!testing_old_runc()) {
    config["linux"].erase("uidMappings");
    config["linux"].erase("gidMappings");
  }
  for (const char* type : {"user", "network", "ipc", "uts", "pid"}) {
    const std::string word = type;
    drop_namespace(config, type);
    add_namespace(config, type, ns + (word == "network" ? "net" : word));
  }
  config.erase("hostname");
  container.launch();
  check_same_namespaces(container);
  CHECK(container.report("ids -- ns").value("ns.user") ==
        namespace_of(holder.bundle.pid(), "user"));
}

TEST_CASE("namespaces: a network namespace of the host's owner beside a new user namespace") {
  Waiting container(Owner::mapped);
  Json& config = container.bundle.config;
  drop_namespace(config, "network");
  drop_mount(config, "/sys");
  add_mount(config, "/sys", "bind", "/sys", {"rbind", "ro", "nosuid", "nodev", "noexec"});
  container.launch();
  check_same_namespaces(container);
  CHECK(container.report("ns").value("ns.net") == namespace_of(::getpid(), "net"));
}

TEST_CASE("namespaces: a time namespace with its offsets") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  for (const Owner owner : {Owner::root, Owner::mapped, Owner::user}) {
    Waiting container(owner);
    add_namespace(container.bundle.config, "time");
    container.bundle.config["linux"]["timeOffsets"] = {{"boottime", {{"secs", 1'000'000}}}};
    container.launch();
    check_same_namespaces(container);
    CHECK(std::stol(container.report("time").value("boottime")) >= 1'000'000);
  }
}

TEST_CASE("namespaces: a cgroup namespace") {
  in_every_place([](Waiting& container) {
    add_namespace(container.bundle.config, "cgroup");
    container.launch();
    check_same_namespaces(container);
  });
}

TEST_CASE("namespaces: a container made with --no-pivot") {
  for (const Owner owner : {Owner::root, Owner::mapped}) {
    Waiting container(owner);
    container.launch({"--no-pivot"});
    check_same_namespaces(container);
    const Outcome outcome = container.report("ls / -- cwd");
    CHECK(contains(outcome.out, "entry=probe\n"));
    CHECK(outcome.value("cwd") == "/");
  }
}

TEST_CASE("namespaces: they are joined with fewer system calls too, as on an older kernel") {
  if (testing_old_runc()) return skip_case("runc 1.1 needs some of them");
  for (const Owner owner : {Owner::root, Owner::mapped}) {
    Waiting container(owner);
    container.launch();
    for (const char* names : {"clone3", "into-cgroup", "close_range", "openat2",
                              "clone3,openat2,close_range,pidfd_getfd"}) {
      Program program = container.program({}, {"/probe", "ns", "--", "fds"});
      program.args.insert(program.args.begin(), {CORACLE_WITHOUT_BINARY, names});
      const Outcome outcome = run(program);
      CHECK_MESSAGE(outcome.exit_code == 0, names << ": " << outcome.text());
      for (const char* kind : {"user", "mnt", "pid", "net"})
        CHECK(outcome.value(std::string("ns.") + kind) ==
              namespace_of(container.bundle.pid(), kind));
      CHECK(outcome.values("fd.3").empty());
    }
  }
}

TEST_CASE("namespaces: those of the host that the container has none of stay the host's") {
  Waiting container;
  for (const char* type : {"network", "ipc", "uts"}) drop_namespace(container.bundle.config, type);
  container.bundle.config.erase("hostname");
  container.launch();
  check_same_namespaces(container);
  CHECK(container.report("ns").value("ns.uts") == namespace_of(::getpid(), "uts"));
}
