// What a runtime leaves that was killed, that failed, or that made many containers: nothing.
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
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

constexpr unsigned base = 1'000'000;

// Everything that takes time in `create`: mounts, devices, hooks, limits, a filter.
void add_work(Bundle& bundle) {
  Json& config = bundle.config;
  fs::create_directories(bundle.path("volume"));
  add_mount(config, "/volume", "bind", bundle.path("volume"), {"rbind", "ro"});
  add_mount(config, "/tmp", "tmpfs", "tmpfs", {"size=1m"});
  config["linux"]["resources"] = {{"pids", {{"limit", 50}}}};
  config["linux"]["maskedPaths"] = {"/proc/timer_list", "/sys/firmware"};
  config["linux"]["readonlyPaths"] = {"/proc/sys"};
  config["linux"]["seccomp"] =
      seccomp({{{"names", {"getpriority"}}, {"action", "SCMP_ACT_ERRNO"}}});
  for (const char* kind : {"createRuntime", "createContainer"})
    config["hooks"][kind] = {{{"path", "/bin/true"}}};
  bundle.probe("wait-signal");
}

// `command` on the bundle's container, killed after `delay_us`; false when it had ended by then.
bool kill_after(const Bundle& bundle, const std::vector<std::string>& command, unsigned delay_us) {
  Program program = bundle.program(command);
  program.out_path = bundle.path("output");
  Running running(program);
  ::usleep(delay_us);
  ::kill(running.pid(), SIGKILL);
  return running.wait().exit_code == 128 + SIGKILL;
}

// What only a complete container may have.
bool has_processes(const Bundle& bundle) {
  return !processes_of(bundle.id(), bundle.cgroup()).empty();
}

// No state, cgroup, process of the container.
void check_gone(const Bundle& bundle) {
  CHECK_FALSE(has_containers(bundle.root()));
  CHECK(cgroup_directories(bundle.cgroup()).empty());
  CHECK_FALSE(has_processes(bundle));
}

// Kills `create` at ever later moments until it is through.
int kill_creates(Bundle& bundle) {
  int killed = 0;
  for (unsigned step = 0; step < 30; ++step) {
    const unsigned delay_us = 200 + step * step * 60;
    CAPTURE(delay_us);
    if (kill_after(bundle, {"create", "--bundle", bundle.dir(), bundle.id()}, delay_us)) ++killed;
    // Killed between its last word to init and its own end, it leaves a container that is whole.
    CHECK(eventually([&] { return bundle.status() == "created" || !has_processes(bundle); }));
    const Outcome removed = bundle.remove({"--force"});
    CHECK_MESSAGE(removed.exit_code == 0, removed.text());
    if (fs::exists(bundle.root())) check_gone(bundle);
    const Outcome again = bundle.create();
    CHECK_MESSAGE(again.exit_code == 0, bundle.output());
    CHECK(bundle.status() == "created");
    CHECK(bundle.remove({"--force"}).exit_code == 0);
  }
  return killed;
}

struct Failure {
  const char* name;
  std::function<void(Bundle&)> arrange;
  std::vector<std::string> flags = {};
};

void add_hook(Bundle& bundle, const char* kind, const char* path) {
  bundle.config["hooks"][kind] = {{{"path", path}, {"args", {path, "exit", "3"}}}};
}

// From the first stage of `run` to the last.
std::vector<Failure> failures() {
  using B = Bundle&;
  return {
      {"root", [](B b) { b.config["root"]["path"] = "nowhere"; }},
      {"namespace path", [](B b) { add_namespace(b.config, "cgroup", "/proc/self/ns/none"); }},
      {"limit",
       [](B b) {
         b.config["linux"]["resources"]["cpu"] = {{"cpus", "9999"}};
       }},
      {"hostname", [](B b) { b.config["hostname"] = std::string(65, 'h'); }},
      {"mount source", [](B b) { add_mount(b.config, "/x", "bind", b.path("no"), {"bind"}); }},
      {"mount type", [](B b) { add_mount(b.config, "/x", "nosuchfs", "none", {}); }},
      {"mount data", [](B b) { add_mount(b.config, "/x", "tmpfs", "none", {"size=large"}); }},
      {"mount target", [](B b) { add_mount(b.config, "/probe/x", "tmpfs", "none", {}); }},
      {"device",
       [](B b) {
         b.config["linux"]["devices"] = {
             {{"type", "c"}, {"path", "/probe"}, {"major", 1}, {"minor", 3}}};
       }},
      {"prestart", [](B b) { add_hook(b, "prestart", "/bin/false"); }},
      {"createRuntime", [](B b) { add_hook(b, "createRuntime", "/bin/false"); }},
      {"createContainer", [](B b) { add_hook(b, "createContainer", "/bin/false"); }},
      {"startContainer", [](B b) { add_hook(b, "startContainer", "/probe"); }},
      {"poststart", [](B b) { add_hook(b, "poststart", "/bin/false"); }},
      {"sysctl",
       [](B b) {
         b.config["linux"]["sysctl"] = {{"kernel.shmmni", "many"}};
       }},
      {"seccomp agent",
       [](B b) {
         b.config["linux"]["seccomp"] =
             seccomp({{{"names", {"getpriority"}}, {"action", "SCMP_ACT_NOTIFY"}}});
         b.config["linux"]["seccomp"]["listenerPath"] = b.path("nobody");
       }},
      {"scheduler",
       [](B b) {
         b.config["process"]["scheduler"] = {{"policy", "SCHED_FIFO"}, {"priority", 2000}};
       }},
      {"working directory", [](B b) { b.config["process"]["cwd"] = "/probe"; }},
      {"rlimit",
       [](B b) {
         b.config["process"]["rlimits"] = {{{"type", "RLIMIT_NOFILE"}, {"soft", 9}, {"hard", 8}}};
       }},
      {"program", [](B b) { b.config["process"]["args"] = {"/nowhere"}; }},
      {"program's format",
       [](B b) {
         write_file(b.rootfs() + "/text", "\177ELF, not\n");
         fs::permissions(b.rootfs() + "/text", fs::perms(0755));
         b.config["process"]["args"] = {"/text"};
       }},
      {"pid file", [](B) {}, {"--pid-file", "/nowhere/pid"}},
      {"pidfd socket", [](B) {}, {"--pidfd-socket", "/nowhere/socket"}},
      {"preserved descriptors", [](B) {}, {"--preserve-fds", "900"}},
  };
}

// Children of this process, which gets the orphans of all that it started.
int children() {
  int count = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const std::string stat = read_file("/proc/" + name + "/stat");
    const std::size_t end = stat.rfind(')');
    if (end == std::string::npos) continue;
    std::istringstream fields(stat.substr(end + 1));
    std::string state;
    pid_t parent = 0;
    fields >> state >> parent;
    if (parent == ::getpid()) ++count;
  }
  return count;
}

long descriptors() {
  const auto entries = fs::directory_iterator("/proc/self/fd");
  return std::distance(begin(entries), end(entries));
}

}  // namespace

TEST_CASE(
    "robustness: create can be killed at any moment, and delete --force clears what is left") {
  if (testing_old_runc()) return skip_case("runc 1.1 leaves cgroups");
  Bundle bundle;
  add_work(bundle);
  CHECK(kill_creates(bundle) > 5);
}

TEST_CASE("robustness: create with a user namespace can be killed at any moment, too") {
  if (testing_old_runc()) return skip_case("runc 1.1 leaves cgroups");
  Bundle bundle;
  add_work(bundle);
  bundle.map_ids(base);
  CHECK(kill_creates(bundle) > 5);
}

TEST_CASE("robustness: start and delete can be killed at any moment") {
  Bundle bundle;
  add_work(bundle);
  for (unsigned step = 0; step < 15; ++step) {
    CAPTURE(step);
    REQUIRE(bundle.create().exit_code == 0);
    kill_after(bundle, {"start", bundle.id()}, 100 + step * 400);
    const std::string status = bundle.status();
    CHECK_MESSAGE((status == "created" || status == "running"), status);
    kill_after(bundle, {"delete", "--force", bundle.id()}, 100 + step * 400);
    CHECK(bundle.remove({"--force"}).exit_code == 0);
    check_gone(bundle);
  }
}

TEST_CASE("robustness: a run that is killed takes its half-made container with it") {
  if (testing_old_runc()) return skip_case("runc 1.1 leaves cgroups");
  for (const bool userns : {false, true}) {
    CAPTURE(userns);
    Bundle bundle;
    const std::string marks = bundle.path("marks");
    fs::create_directory(marks);
    fs::permissions(marks, fs::perms(0777));
    const std::string command = "touch " + marks + "/begun; sleep 1";
    bundle.config["hooks"]["createContainer"] = {
        {{"path", "/bin/sh"}, {"args", {"sh", "-c", command}}}};
    bundle.probe("wait-signal");
    if (userns) bundle.map_ids(base);
    Running run(bundle.program({"run", "--bundle", bundle.dir(), bundle.id()}));
    REQUIRE(eventually([&] { return fs::exists(marks + "/begun"); }));
    ::kill(run.pid(), SIGKILL);
    CHECK(run.wait().exit_code == 128 + SIGKILL);
    CHECK(eventually([&] { return !has_processes(bundle); }));
    CHECK(bundle.remove({"--force"}).exit_code == 0);
    check_gone(bundle);
  }
}

TEST_CASE("robustness: a failure at any stage leaves nothing") {
  if (testing_old_runc()) return skip_case("runc 1.1 lacks some of these properties");
  for (const Failure& failure : failures()) {
    for (const bool userns : {false, true}) {
      CAPTURE(std::string(failure.name));
      CAPTURE(userns);
      Bundle bundle;
      failure.arrange(bundle);
      if (userns) bundle.map_ids(base);
      const Outcome outcome = bundle.run(failure.flags);
      CHECK_MESSAGE(outcome.exit_code == 1, outcome.text());
      CHECK_MESSAGE(outcome.err != "", "no word about the failure");
    }
  }
}

TEST_CASE("robustness: hooks that do not read the state fail the container, never the runtime") {
  for (int i = 0; i < 20; ++i) {
    Bundle bundle;
    for (const char* kind : {"prestart", "createRuntime", "poststop"})
      bundle.config["hooks"][kind] = {{{"path", "/bin/true"}}};
    CHECK(bundle.run().exit_code == 0);
    add_hook(bundle, "createRuntime", "/bin/false");
    CHECK(bundle.run().exit_code == 1);
  }
}

TEST_CASE("robustness: a reader of the terminal that leaves does not take the runtime with it") {
  Bundle bundle;
  bundle.config["process"]["terminal"] = true;
  bundle.probe("ids -- mountinfo -- mountinfo -- mountinfo");
  Program program = bundle.program({"run", "--bundle", bundle.dir(), bundle.id()});
  const std::vector<std::string> shell = {"sh", "-c", "\"$@\" | true", "sh"};
  program.args.insert(program.args.begin(), shell.begin(), shell.end());
  CHECK(run(program).exit_code == 0);
  CHECK(eventually([&] { return !has_containers(bundle.root()); }));
}

TEST_CASE("robustness: a cgroup that others use is refused and stays as it is") {
  if (testing_old_runc()) return skip_case("runc 1.1 takes it");
  Bundle bundle;
  const std::string directory = cgroup_mounts().front() + bundle.cgroup();
  fs::create_directories(directory);
  {
    const Running other({.args = {"sleep", "60"}});
    write_file(directory + "/cgroup.procs", std::to_string(other.pid()));
    const Outcome outcome = bundle.run();
    CHECK(outcome.exit_code == 1);
    CHECK_MESSAGE(contains(outcome.err, "cgroup is not empty"), outcome.text());
    CHECK(read_file(directory + "/cgroup.procs") == std::to_string(other.pid()) + "\n");
  }
  remove_cgroups(parent_cgroup());
}

TEST_CASE("robustness: 200 containers later there are as many processes and descriptors") {
  Bundle bundle;
  Bundle mapped;
  mapped.map_ids(base);
  bundle.report("ids");
  mapped.report("ids");
  REQUIRE(::prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
  const int children_before = children();
  const long descriptors_before = descriptors();
  for (int i = 0; i < 100; ++i) {
    CHECK(bundle.run().exit_code == 0);
    CHECK(mapped.run().exit_code == 0);
  }
  CHECK(children() == children_before);
  CHECK(descriptors() == descriptors_before);
  CHECK(cgroup_directories(bundle.cgroup()).empty());
  REQUIRE(::prctl(PR_SET_CHILD_SUBREAPER, 0) == 0);
}
