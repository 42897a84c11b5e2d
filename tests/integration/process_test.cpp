// config.md#process: user, groups, directory, environment, limits, capabilities, scheduling.
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/signals.hpp"
#include "tests/support/summary.hpp"
#include "tests/support/text.hpp"
#include "tests/support/waiting.hpp"

using namespace coracle::test;
namespace fs = std::filesystem;
using Values = std::vector<std::string>;

namespace {

// How create refuses `args`: its one line of text.
std::string refusal(Bundle& bundle, const Json& args) {
  bundle.config["process"]["args"] = args;
  const Outcome outcome = bundle.create();
  CHECK_MESSAGE(outcome.exit_code == 1, outcome.text());
  return outcome.out;
}

}  // namespace

TEST_CASE("user: uid, gid and additional groups are as configured") {
  Bundle bundle;
  bundle.config["process"]["user"] = {
      {"uid", 1000}, {"gid", 100}, {"additionalGids", {0, 0, 1, 2, 10}}};
  const Outcome outcome = bundle.report("ids");
  CHECK(outcome.value("uid") == "1000");
  CHECK(outcome.value("euid") == "1000");
  CHECK(outcome.value("gid") == "100");
  CHECK(outcome.value("egid") == "100");
  const std::string groups = outcome.value("groups");  // the kernel keeps duplicates
  CHECK_MESSAGE((groups == "0,0,1,2,10" || groups == "0,1,2,10"), groups);
}

TEST_CASE("user: without additional groups it has none of the caller's") {
  Bundle bundle;
  CHECK(bundle.report("ids").value("groups") == "");
}

TEST_CASE("user: the id that setresuid takes for unchanged never runs") {
  for (const char* field : {"uid", "gid"}) {
    Bundle bundle;
    bundle.config["process"]["user"][field] = 4'294'967'295;
    const Outcome outcome = bundle.run();
    CHECK(outcome.exit_code == 1);
    CHECK(outcome.out == "");
    if (!testing_runc())
      CHECK_MESSAGE(contains(outcome.err, "/process/user/" + std::string(field)), outcome.text());
  }
}

TEST_CASE("user: the umask is as configured, and 0022 without a word") {
  Bundle bundle;
  CHECK(bundle.report("umask").value("umask") == "0022");
  bundle.config["process"]["user"]["umask"] = 0027;
  CHECK(bundle.report("umask").value("umask") == "0027");
}

TEST_CASE("cwd: it is entered, and made when it is not there") {
  Bundle bundle;
  bundle.config["process"]["cwd"] = "/etc";
  CHECK(bundle.report("cwd").value("cwd") == "/etc");
  bundle.config["process"]["cwd"] = "/new/place";
  CHECK(bundle.report("cwd").value("cwd") == "/new/place");
}

TEST_CASE("cwd: one that only root or only the user may search is reached") {
  Bundle bundle;
  fs::create_directories(bundle.rootfs() + "/closed");
  fs::permissions(bundle.rootfs() + "/closed", fs::perms(0700));
  bundle.config["process"]["cwd"] = "/closed";
  bundle.config["process"]["user"] = {{"uid", 42}, {"gid", 42}};
  CHECK(bundle.report("cwd").value("cwd") == "/closed");
}

TEST_CASE("cwd: a file, or a relative path, is refused") {
  Bundle bundle;
  bundle.config["process"]["cwd"] = "/probe";
  CHECK(bundle.run().exit_code == 1);
  bundle.config["process"]["cwd"] = "etc";
  CHECK(bundle.run().exit_code == 1);
}

TEST_CASE("environment: it is exactly what is configured, with HOME from /etc/passwd") {
  Bundle bundle;
  write_file(bundle.rootfs() + "/etc/passwd", "root:x:0:0::/root:/bin/sh\nu:x:7:7::/home/u:\n");
  bundle.config["process"]["env"] = {"PATH=/bin", "EMPTY=", "MANY=a=b c"};
  const Outcome outcome = bundle.report("env");
  CHECK(outcome.value("env.PATH") == "/bin");
  CHECK(outcome.value("env.EMPTY") == "");
  CHECK(outcome.value("env.MANY") == "a=b c");
  CHECK(outcome.value("env.HOME") == "/root");
  CHECK(std::count(outcome.out.begin(), outcome.out.end(), '\n') == 4);
  bundle.config["process"]["user"] = {{"uid", 7}, {"gid", 7}};
  CHECK(bundle.report("env").value("env.HOME") == "/home/u");
}

TEST_CASE("environment: HOME is / for a user without an entry, and kept when given") {
  Bundle bundle;
  bundle.config["process"]["user"] = {{"uid", 77}, {"gid", 77}};
  CHECK(bundle.report("env").value("env.HOME") == "/");
  bundle.config["process"]["env"].push_back("HOME=/elsewhere");
  CHECK(bundle.report("env").values("env.HOME") == Values{"/elsewhere"});
}

TEST_CASE(
    "environment: of a variable that comes twice the last counts, and an empty HOME is none") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  Bundle bundle;
  bundle.config["process"]["env"] = {"A=1", "B=2", "A=3", "HOME="};
  write_file(bundle.rootfs() + "/etc/passwd", "root:x:0:0::/root:/bin/sh\n");
  const Outcome outcome = bundle.report("env");
  CHECK(outcome.values("env.A") == Values{"3"});
  CHECK(outcome.values("env.HOME") == Values{"/root"});
}

TEST_CASE("args: they arrive as they are") {
  Bundle bundle;
  bundle.config["process"]["args"] = {"/probe", "args", "", "two words", "\"quote\"", "ünïcode"};
  const Outcome outcome = bundle.run();
  CHECK(outcome.value("arg.1") == "");
  CHECK(outcome.value("arg.2") == "two words");
  CHECK(outcome.value("arg.3") == "\"quote\"");
  CHECK(outcome.value("arg.4") == "ünïcode");
}

TEST_CASE("args: a name without a slash is searched in the container's PATH") {
  Bundle bundle;
  bundle.config["process"]["env"] = {"PATH=/nowhere:/etc:/"};
  bundle.config["process"]["args"] = {"probe", "exit", "3"};
  CHECK(bundle.run().exit_code == 3);
}

TEST_CASE("args: a program that is not there is refused at create, in the words engines know") {
  Bundle bundle;
  CHECK(contains(refusal(bundle, {"nope"}),
                 "exec: \\\"nope\\\": executable file not found in $PATH"));
  CHECK(contains(refusal(bundle, {"/nope"}),
                 "exec: \\\"/nope\\\": stat /nope: no such file or directory"));
}

TEST_CASE("args: a program that may not be executed is \"permission denied\"") {
  Bundle bundle;
  write_file(bundle.rootfs() + "/etc/plain", "text\n");
  CHECK(contains(refusal(bundle, {"/etc/plain"}), "exec: \\\"/etc/plain\\\": permission denied"));
}

TEST_CASE("args: a directory is refused, in the words from which engines make 126") {
  Bundle bundle;
  CHECK(contains(refusal(bundle, {"/etc"}),
                 testing_old_runc() ? "permission denied" : "is a directory: permission denied"));
}

TEST_CASE("args: what execve itself refuses is told by start") {
  Bundle bundle;
  write_file(bundle.rootfs() + "/script", "#!/no/such/interpreter\n");
  fs::permissions(bundle.rootfs() + "/script", fs::perms(0755));
  bundle.config["process"]["args"] = {"/script"};
  const Outcome outcome = bundle.run();
  CHECK(outcome.exit_code != 0);
  CHECK_MESSAGE(contains(outcome.err, "exec /script: no such file or directory"), outcome.text());
}

TEST_CASE("args: none at all is refused") {
  Bundle bundle;
  bundle.config["process"]["args"] = Json::array();
  CHECK(bundle.run().exit_code == 1);
}

TEST_CASE("rlimits: soft and hard limit are as configured") {
  rlimit ours = {};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &ours) == 0);
  Bundle bundle;
  bundle.config["process"]["rlimits"] = {{{"type", "RLIMIT_NOFILE"}, {"soft", 100}, {"hard", 200}},
                                         {{"type", "RLIMIT_CORE"}, {"soft", 0}, {"hard", 0}}};
  const Outcome outcome = bundle.report("rlimit NOFILE -- rlimit CORE");
  CHECK(outcome.values("soft") == Values{"100", "0"});
  CHECK(outcome.values("hard") == Values{"200", "0"});
}

TEST_CASE("rlimits: an unknown one, or the same twice, is refused") {
  Bundle bundle;
  bundle.config["process"]["rlimits"] = {{{"type", "RLIMIT_NOSUCH"}, {"soft", 1}, {"hard", 1}}};
  CHECK(bundle.run().exit_code == 1);
  if (testing_old_runc()) return;
  const Json limit = {{"type", "RLIMIT_CORE"}, {"soft", 1}, {"hard", 1}};
  bundle.config["process"]["rlimits"] = {limit, limit};
  CHECK(bundle.run().exit_code == 1);
}

TEST_CASE("capabilities: the five sets are exactly as configured") {
  Bundle bundle;
  bundle.config["process"]["noNewPrivileges"] = false;
  bundle.config["process"]["capabilities"] = {{"bounding", {"CAP_CHOWN", "CAP_KILL", "CAP_FOWNER"}},
                                              {"effective", {"CAP_CHOWN"}},
                                              {"permitted", {"CAP_CHOWN", "CAP_KILL"}},
                                              {"inheritable", {"CAP_CHOWN"}},
                                              {"ambient", {"CAP_CHOWN"}}};
  // As a user: for uid 0 execve raises permitted and effective to the bounding set.
  bundle.config["process"]["user"] = {{"uid", 5}, {"gid", 5}};
  const Outcome outcome = bundle.report("caps");
  CHECK(outcome.value("CapBnd") == "0000000000000029");
  CHECK(outcome.value("CapInh") == "0000000000000001");
  CHECK(outcome.value("CapAmb") == "0000000000000001");
  CHECK(outcome.value("CapPrm") == "0000000000000001");
  CHECK(outcome.value("CapEff") == "0000000000000001");
}

TEST_CASE("capabilities: root has the bounding set, and no inheritable ones") {
  Bundle bundle;
  set_capabilities(bundle.config, {"CAP_CHOWN", "CAP_KILL"});
  const Outcome outcome = bundle.report("caps");
  CHECK(outcome.value("CapEff") == "0000000000000021");
  CHECK(outcome.value("CapPrm") == "0000000000000021");
  CHECK(outcome.value("CapInh") == "0000000000000000");
  CHECK(outcome.value("CapAmb") == "0000000000000000");
}

TEST_CASE("capabilities: without any configured the process has none") {
  Bundle bundle;
  bundle.config["process"].erase("capabilities");
  bundle.config["process"]["user"] = {{"uid", 5}, {"gid", 5}};
  CHECK(bundle.report("caps").value("CapEff") == "0000000000000000");
}

TEST_CASE("capabilities: an unknown name is no error, nor one that the host withholds") {
  if (testing_old_runc()) return skip_case("runc 1.1 fails where the host withholds one");
  Bundle bundle;
  set_capabilities(bundle.config, {"CAP_CHOWN", "CAP_NO_SUCH", "CAP_SYS_RESOURCE"});
  const Outcome outcome = bundle.run();
  CHECK_MESSAGE(outcome.exit_code == 0, outcome.text());
}

TEST_CASE("no_new_privs: it is set when asked for, and only then") {
  Bundle bundle;
  CHECK(bundle.report("status NoNewPrivs").value("NoNewPrivs") == "1");
  bundle.config["process"]["noNewPrivileges"] = false;
  CHECK(bundle.report("status NoNewPrivs").value("NoNewPrivs") == "0");
}

TEST_CASE("oomScoreAdj: it is as configured") {
  Bundle bundle;
  bundle.config["process"]["oomScoreAdj"] = 500;
  CHECK(bundle.report("line /proc/self/oom_score_adj").value("/proc/self/oom_score_adj") == "500");
}

TEST_CASE("scheduler: policy and nice are as configured") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  Bundle bundle;
  bundle.config["process"]["scheduler"] = {{"policy", "SCHED_BATCH"}, {"nice", 19}};
  const Outcome outcome = bundle.report("sched");
  CHECK(outcome.value("policy") == "3");
  CHECK(outcome.value("nice") == "19");
}

TEST_CASE("ioPriority: class and priority are as configured") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  Bundle bundle;
  bundle.config["process"]["ioPriority"] = {{"class", "IOPRIO_CLASS_BE"}, {"priority", 4}};
  const Outcome outcome = bundle.report("ioprio");
  CHECK(outcome.value("ioprio.class") == "2");
  CHECK(outcome.value("ioprio.priority") == "4");
}

TEST_CASE("personality: LINUX32 shows another machine") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  Bundle bundle;
  bundle.config["linux"]["personality"] = {{"domain", "LINUX32"}};
  const Outcome outcome = bundle.report("personality -- machine");
  CHECK(outcome.value("personality") == "0x8");
  CHECK(outcome.value("machine") == "i686");
}

TEST_CASE("memoryPolicy: mode and nodes are as configured") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  Bundle bundle;
  bundle.config["linux"]["memoryPolicy"] = {{"mode", "MPOL_BIND"}, {"nodes", "0"}};
  const Outcome outcome = bundle.report("mempolicy");
  CHECK(outcome.value("mempolicy.mode") == "2");
  CHECK(outcome.value("mempolicy.nodes") == "0x1");
}

TEST_CASE("keyring: the container has a session keyring of its own") {
  Bundle bundle;
  CHECK(contains(bundle.report("keyring").value("keyring"), "_ses." + bundle.id()));
  Bundle other;
  other.probe("keyring");
  const Outcome outcome = other.run({"--no-new-keyring"});
  CHECK_FALSE(contains(outcome.value("keyring"), other.id()));
}

TEST_CASE("process: signals are neither blocked nor ignored, whatever the caller's are") {
  if (testing_runc()) return skip_case("runc leaves real-time signals to the program");
  const RealTimeSignalsIgnored ignored;
  Waiting container;
  container.launch();
  Bundle bundle;
  for (const Outcome& outcome : {bundle.report("signals"), container.report("signals")}) {
    CHECK(outcome.value("SigBlk") == "0000000000000000");
    CHECK(outcome.value("SigIgn") == "0000000000000000");
  }
}

TEST_CASE("process: it may run on every processor, whatever its caller's affinity") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  Bundle bundle;
  bundle.probe("affinity");
  const std::string all = bundle.run().value("affinity");
  Program program = bundle.program({"run", "--bundle", bundle.dir(), bundle.id()});
  program.args.insert(program.args.begin(), {"taskset", "1"});
  CHECK(run(program).value("affinity") == all);
}
