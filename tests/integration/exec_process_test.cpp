// exec: what the process is, as the command line, process.json and the container say.
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/sockets.hpp"
#include "tests/support/summary.hpp"
#include "tests/support/text.hpp"
#include "tests/support/waiting.hpp"

using namespace coracle::test;
namespace fs = std::filesystem;
using Values = std::vector<std::string>;

namespace {

const std::string getpriority_number = std::to_string(SYS_getpriority);

Json forbid_getpriority() {
  return seccomp(Json::array({{{"names", {"getpriority"}}, {"action", "SCMP_ACT_ERRNO"}}}));
}

}  // namespace

TEST_CASE("exec user: it is the container's, or the command line's with the container's group") {
  for (const Owner owner : {Owner::root, Owner::mapped}) {
    Waiting container(owner);
    container.bundle.config["process"]["user"] = {{"uid", 5}, {"gid", 6}, {"additionalGids", {7}}};
    container.launch();
    const Outcome own = container.report("ids");
    CHECK(own.value("uid") == "5");
    CHECK(own.value("gid") == "6");
    CHECK(own.value("groups") == "7");
    const Outcome one = container.report("ids", {"--user", "1000"});
    CHECK(one.value("uid") == "1000");
    CHECK(one.value("euid") == "1000");
    CHECK(one.value("gid") == "6");
    const Outcome both = container.report("ids", {"-u", "1000:100", "-g", "10", "-g", "11"});
    CHECK(both.value("uid") == "1000");
    CHECK(both.value("egid") == "100");
    CHECK(both.value("groups") == "7,10,11");
    CHECK(container.report("ids", {"-u", "0:0"}).value("uid") == "0");
  }
}

TEST_CASE("exec user: what is no number in full never runs") {  // CVE-2026-30892
  if (testing_runc()) return skip_case("runc takes more for numbers");
  Waiting container;
  container.launch();
  for (const char* user : {"1:", ":", ":1", "-1", "4294967295", "4294967296", "0x1", " 1",
                           "1000:abc", "root", "+1", "1:-1"}) {
    const Outcome outcome = container.exec({"--user=" + std::string(user)}, {"/probe", "ids"});
    CHECK_MESSAGE(outcome.exit_code == 255, user);
    CHECK(outcome.out == "");
  }
}

TEST_CASE("exec user: process.json's cannot be the id that setresuid takes for unchanged") {
  Waiting container;
  container.launch();
  Json process = probe_process("ids");
  process["user"] = {{"uid", 4'294'967'295}, {"gid", 0}};
  const Outcome outcome = container.exec_file(process);
  CHECK(outcome.exit_code == 255);
  CHECK(outcome.out == "");
  if (!testing_runc()) CHECK_MESSAGE(contains(outcome.err, "/user/uid"), outcome.text());
}

TEST_CASE("exec user: one that the user namespace does not map is refused") {
  Waiting container(Owner::mapped);
  container.launch();
  CHECK(container.exec({"--user", "70000"}, {"/probe", "ids"}).exit_code == 255);
  CHECK(container.exec({"--user", "1:70000"}, {"/probe", "ids"}).exit_code == 255);
  CHECK(container.exec({"-g", "70000"}, {"/probe", "ids"}).exit_code == 255);
}

TEST_CASE("exec env: the container's, then the command line's, of which the last counts") {
  Waiting container;
  container.bundle.config["process"]["env"] = {"PATH=/bin", "A=1", "B=2"};
  write_file(container.bundle.rootfs() + "/etc/passwd",
             "root:x:0:0::/root:/bin/sh\nu:x:7:7::/home/u:\n");
  container.launch();
  const Outcome outcome = container.report("env", {"-e", "C=x=y", "-e", "D=", "-e", "E=a\nb"});
  CHECK(outcome.value("env.PATH") == "/bin");
  CHECK(outcome.value("env.A") == "1");
  CHECK(outcome.value("env.C") == "x=y");
  CHECK(outcome.values("env.D") == Values{""});
  CHECK(contains(outcome.out, "env.E=a\nb\n"));
  CHECK(outcome.value("env.HOME") == "/root");
  CHECK(container.report("env", {"-u", "7"}).value("env.HOME") == "/home/u");
  CHECK(container.report("env", {"-u", "8"}).value("env.HOME") == "/");
  CHECK(container.report("env", {"-e", "HOME=/x"}).values("env.HOME") == Values{"/x"});
  if (testing_old_runc()) return;
  CHECK(container.report("env", {"-e", "A=9"}).values("env.A") == Values{"9"});
  CHECK(container.report("env", {"-e", "HOME="}).values("env.HOME") == Values{"/root"});
}

TEST_CASE("exec env: process.json's is not merged with the container's") {
  Waiting container;
  container.bundle.config["process"]["env"] = {"PATH=/bin", "A=1"};
  container.launch();
  Json process = probe_process("env");
  process["env"] = {"B=2"};
  const Outcome outcome = container.exec_file(process);
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.value("env.B") == "2");
  CHECK(outcome.value("env.HOME") == "/");
  CHECK(std::ranges::count(outcome.out, '\n') == 2);
}

TEST_CASE("exec args: many and long ones arrive") {
  Waiting container;
  container.launch();
  const std::string longest(100'000, 'x');
  const Outcome large = container.exec({}, {"/probe", "args", longest, "", "two words"});
  CHECK(large.value("arg.1") == longest);
  CHECK(large.value("arg.3") == "two words");
  Json process = probe_process("env");
  for (int i = 0; i < 2000; ++i)
    process["env"].push_back("V" + std::to_string(i) + "=" + std::string(200, 'y'));
  const Outcome many = container.exec_file(process);
  CHECK(many.value("env.V1999") == std::string(200, 'y'));
}

TEST_CASE("exec cwd: the container's, or the command line's") {
  for (const Owner owner : {Owner::root, Owner::mapped, Owner::user}) {
    Waiting container(owner);
    container.bundle.config["process"]["cwd"] = "/etc";
    container.launch();
    CHECK(container.report("cwd").value("cwd") == "/etc");
    CHECK(container.report("cwd", {"--cwd", "/tmp"}).value("cwd") == "/tmp");
  }
}

TEST_CASE("exec cwd: one that is not there is refused, and not made") {
  Waiting container;
  container.launch();
  const Outcome outcome = container.exec({"--cwd", "/absent"}, {"/probe", "cwd"});
  CHECK(outcome.exit_code == 255);
  CHECK_MESSAGE(contains(outcome.err,
                         "chdir to cwd (\\\"/absent\\\") set in config.json failed: "
                         "no such file or directory"),
                outcome.text());
  CHECK_FALSE(fs::exists(container.bundle.rootfs() + "/absent"));
}

TEST_CASE("exec cwd: one that only root may search is reached by another user") {
  Waiting container;
  fs::create_directory(container.bundle.rootfs() + "/closed");
  fs::permissions(container.bundle.rootfs() + "/closed", fs::perms(0700));
  container.launch();
  CHECK(container.report("cwd", {"--cwd", "/closed", "-u", "42:42"}).value("cwd") == "/closed");
}

TEST_CASE("exec capabilities: --cap adds to the sets that count, and never to the inheritable") {
  for (const Owner owner : {Owner::root, Owner::mapped, Owner::user}) {
    Waiting container(owner);
    set_capabilities(container.bundle.config, {"CAP_CHOWN", "CAP_KILL"});
    container.launch();
    CHECK(container.report("caps").value("CapEff") == "0000000000000021");
    const Outcome added = container.report("caps", {"--cap", "CAP_NET_RAW", "--cap", "CAP_FOWNER"});
    CHECK(added.value("CapBnd") == "0000000000002029");
    CHECK(added.value("CapEff") == "0000000000002029");
    CHECK(added.value("CapPrm") == "0000000000002029");
    CHECK(added.value("CapInh") == "0000000000000000");
  }
}

TEST_CASE("exec capabilities: another user has none of root's") {
  Waiting container;
  set_capabilities(container.bundle.config, {"CAP_CHOWN", "CAP_KILL"});
  container.launch();
  const Outcome outcome = container.report("caps", {"-u", "5:5", "--cap", "CAP_NET_RAW"});
  CHECK(outcome.value("CapBnd") == "0000000000002021");
  CHECK(outcome.value("CapEff") == "0000000000000000");
  CHECK(outcome.value("CapInh") == "0000000000000000");
  CHECK(outcome.value("CapAmb") == "0000000000000000");
}

TEST_CASE("exec capabilities: process.json's replace the container's, none there are its own") {
  Waiting container;
  set_capabilities(container.bundle.config, {"CAP_CHOWN", "CAP_KILL"});
  container.launch();
  Json process = probe_process("caps");
  CHECK(container.exec_file(process).value("CapBnd") == "0000000000000021");
  process["capabilities"] = {{"bounding", {"CAP_FOWNER"}}};
  const Outcome outcome = container.exec_file(process);
  CHECK(outcome.value("CapBnd") == "0000000000000008");
  process["capabilities"] = Json::object();
  CHECK(container.exec_file(process).value("CapEff") == "0000000000000000");
}

TEST_CASE("exec no_new_privs: the container's holds, and it can be asked for") {
  Waiting container;
  container.bundle.config["process"]["noNewPrivileges"] = false;
  container.launch();
  CHECK(container.report("status NoNewPrivs").value("NoNewPrivs") == "0");
  CHECK(container.report("status NoNewPrivs", {"--no-new-privs"}).value("NoNewPrivs") == "1");
  Waiting strict;
  strict.launch();
  CHECK(strict.report("status NoNewPrivs").value("NoNewPrivs") == "1");
  if (testing_old_runc()) return;  // there a file that does not say so takes it back
  CHECK(strict.exec_file(probe_process("status NoNewPrivs")).value("NoNewPrivs") == "1");
}

TEST_CASE("exec rlimits: the container's, or those of process.json") {
  for (const Owner owner : {Owner::root, Owner::mapped, Owner::user}) {
    if (owner == Owner::user && testing_old_runc()) continue;  // it sets none there
    Waiting container(owner);
    container.bundle.config["process"]["rlimits"] = {
        {{"type", "RLIMIT_NOFILE"}, {"soft", 100}, {"hard", 200}}};
    container.launch();
    const Outcome own = container.report("rlimit NOFILE");
    if (!testing_old_runc()) CHECK(own.value("soft") == "100");  // Go raises it, too
    CHECK(own.value("hard") == "200");
    Json process = probe_process("rlimit NOFILE");
    if (!testing_old_runc()) CHECK(container.exec_file(process).value("hard") == "200");
    process["rlimits"] = {{{"type", "RLIMIT_NOFILE"}, {"soft", 50}, {"hard", 60}}};
    // There the Go runtime, which raises this one, may come last.
    if (!testing_old_runc()) CHECK(container.exec_file(process).value("soft") == "50");
    CHECK(container.exec_file(process).value("hard") == "60");
  }
}

TEST_CASE("exec seccomp: the container's filter is on, whether or not no_new_privs is") {
  for (const Owner owner : {Owner::root, Owner::mapped, Owner::user}) {
    for (const bool no_new_privileges : {false, true}) {
      Waiting container(owner);
      container.bundle.config["process"]["noNewPrivileges"] = no_new_privileges;
      container.bundle.config["linux"]["seccomp"] = forbid_getpriority();
      container.launch();
      const Outcome outcome =
          container.report("seccomp " + getpriority_number + " 0 0 -- status Seccomp");
      CHECK(outcome.value("syscall." + getpriority_number) == "EPERM");
      CHECK(outcome.value("Seccomp") == "2");
      const Outcome as_user =
          container.bundle.user == 0 ? container.report("status Seccomp", {"-u", "7"}) : outcome;
      CHECK(as_user.value("Seccomp") == "2");
    }
  }
}

TEST_CASE("exec seccomp: the agent gets the listener of this process too") {
  Waiting container;
  container.bundle.config["linux"]["seccomp"] = forbid_getpriority();
  container.bundle.config["linux"]["seccomp"]["syscalls"][0]["action"] = "SCMP_ACT_NOTIFY";
  container.bundle.config["linux"]["seccomp"]["listenerPath"] = container.bundle.path("agent");
  const DeliverySocket agent(container.bundle.path("agent"));
  container.launch();
  ::close(agent.receive().fd);
  Running running(container.program({}, {"/probe", "wait-signal"}));
  const Delivery delivery = agent.receive();
  CHECK(delivery.fd >= 0);
  ::close(delivery.fd);
  const Json state = Json::parse(delivery.text);
  CHECK(state.at("state").at("id") == container.bundle.id());
  CHECK(state.at("state").at("pid") == container.bundle.pid());
  CHECK(state.at("pid") != container.bundle.pid());
}

TEST_CASE("exec umask: the container's, but process.json may have its own") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  Waiting container;
  container.bundle.config["process"]["user"]["umask"] = 027;
  container.launch();
  CHECK(container.report("umask").value("umask") == "0027");
  Json process = probe_process("umask");
  CHECK(container.exec_file(process).value("umask") == "0027");
  process["user"]["umask"] = 077;
  CHECK(container.exec_file(process).value("umask") == "0077");
}

TEST_CASE("exec scheduling: scheduler, I/O priority, personality and memory policy") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  Waiting container;
  Json& config = container.bundle.config;
  config["process"]["scheduler"] = {{"policy", "SCHED_BATCH"}, {"nice", 5}};
  config["process"]["ioPriority"] = {{"class", "IOPRIO_CLASS_BE"}, {"priority", 6}};
  config["linux"]["personality"] = {{"domain", "LINUX32"}};
  config["linux"]["memoryPolicy"] = {{"mode", "MPOL_INTERLEAVE"}, {"nodes", "0"}};
  container.launch();
  const std::string commands = "sched -- ioprio -- machine -- mempolicy";
  for (const Outcome& own :
       {container.report(commands), container.exec_file(probe_process(commands))}) {
    CHECK(own.value("policy") == "3");
    CHECK(own.value("nice") == "5");
    CHECK(own.value("ioprio.priority") == "6");
    CHECK(own.value("machine") == "i686");
    CHECK(own.value("mempolicy.mode") == "3");
  }
  Json process = probe_process(commands);
  process["scheduler"] = {{"policy", "SCHED_OTHER"}, {"nice", 7}};
  process["ioPriority"] = {{"class", "IOPRIO_CLASS_IDLE"}, {"priority", 0}};
  const Outcome other = container.exec_file(process);
  CHECK(other.value("policy") == "0");
  CHECK(other.value("nice") == "7");
  CHECK(other.value("ioprio.class") == "3");
}

TEST_CASE("exec oomScoreAdj: the container's, but process.json may have its own") {
  for (const Owner owner : {Owner::root, Owner::mapped}) {
    Waiting container(owner);
    container.bundle.config["process"]["oomScoreAdj"] = 400;
    container.launch();
    const std::string file = "/proc/self/oom_score_adj";
    CHECK(container.report("line " + file).value(file) == "400");
    Json process = probe_process("line " + file);
    CHECK(container.exec_file(process).value(file) == "400");
    if (testing_old_runc()) continue;
    process["oomScoreAdj"] = 500;
    CHECK(container.exec_file(process).value(file) == "500");
  }
}

TEST_CASE("exec affinity: without a word all processors, whatever the caller's") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  Waiting container;
  container.launch();
  const std::string all = container.report("affinity").value("affinity");
  Program program = container.program({}, {"/probe", "affinity"});
  program.args.insert(program.args.begin(), {"taskset", "1"});
  CHECK(run(program).value("affinity") == all);
}

TEST_CASE("exec affinity: execCPUAffinity of the container or of process.json") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  if (::sysconf(_SC_NPROCESSORS_ONLN) < 2) return skip_case("this machine has one processor");
  for (const CgroupView view : {CgroupView::machine, CgroupView::v2}) {
    Waiting container(Owner::root, view);
    container.bundle.config["process"]["execCPUAffinity"] = {{"initial", "0"}, {"final", "1"}};
    container.launch();
    CHECK(container.report("affinity").value("affinity") == "1");
    Json process = probe_process("affinity");
    CHECK(container.exec_file(process).value("affinity") == "1");
    process["execCPUAffinity"] = {{"final", "0-1"}};
    CHECK(container.exec_file(process).value("affinity") == "0,1");
    // The kernel decides: it remembers the mask since Linux 6.2.
    process["execCPUAffinity"] = {{"initial", "0"}};
    const std::string initial = container.exec_file(process).value("affinity");
    CHECK_MESSAGE((initial == "0" || initial == "0,1"), initial);
    for (const char* list : {"a", "1-0", "5000"}) {
      process["execCPUAffinity"] = {{"final", list}};
      CHECK(container.exec_file(process).exit_code == 255);
    }
  }
}

TEST_CASE("exec descriptors: --preserve-fds gives so many") {
  for (const Owner owner : {Owner::root, Owner::mapped, Owner::user}) {
    Waiting container(owner);
    container.launch();
    Program program = container.program({"--preserve-fds", "2"}, {"/probe", "fds"});
    program.args.insert(program.args.begin(),
                        {"sh", "-c", "exec \"$@\" 3</etc/passwd 4</etc/group 5</etc/hosts", "sh"});
    const Outcome outcome = run(program);
    CHECK(outcome.value("fd.3") == "/etc/passwd");
    CHECK(outcome.value("fd.4") == "/etc/group");
    CHECK(outcome.values("fd.5").empty());
  }
}

TEST_CASE("exec pidfd: --pidfd-socket receives one of the process") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  Waiting container;
  container.launch();
  const DeliverySocket socket(container.bundle.path("pidfds"));
  const pid_t pid = container.detached({"--pidfd-socket", container.bundle.path("pidfds")});
  const Delivery delivery = socket.receive();
  REQUIRE(delivery.fd >= 0);
  CHECK(contains(read_file("/proc/self/fdinfo/" + std::to_string(delivery.fd)),
                 "Pid:\t" + std::to_string(pid) + "\n"));
  ::close(delivery.fd);
}
