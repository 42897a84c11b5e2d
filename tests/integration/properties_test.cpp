// Properties of the process and of its namespaces in all their values, as the program sees them.
#include <errno.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/bundle.hpp"
#include "tests/support/sockets.hpp"
#include "tests/support/summary.hpp"
#include "tests/support/text.hpp"

using namespace coracle::test;
namespace fs = std::filesystem;

namespace {

using Values = std::vector<std::string>;

constexpr unsigned base = 1'000'000;

// What getpriority(2), which nobody needs, answers under one rule with these arguments.
std::string answer(Bundle& bundle, const Json& args, const std::string& arguments) {
  const Json rule = {{"names", {"getpriority"}}, {"action", "SCMP_ACT_ERRNO"}, {"args", args}};
  bundle.config["linux"]["seccomp"] = seccomp(Json::array({rule}));
  const std::string number = std::to_string(SYS_getpriority);
  return bundle.report("seccomp " + number + " " + arguments).value("syscall." + number);
}

struct Limit {
  const char* name;
  int resource;
};
const std::vector<Limit> limits = {{"AS", RLIMIT_AS},           {"CORE", RLIMIT_CORE},
                                   {"CPU", RLIMIT_CPU},         {"DATA", RLIMIT_DATA},
                                   {"FSIZE", RLIMIT_FSIZE},     {"LOCKS", RLIMIT_LOCKS},
                                   {"MEMLOCK", RLIMIT_MEMLOCK}, {"MSGQUEUE", RLIMIT_MSGQUEUE},
                                   {"NICE", RLIMIT_NICE},       {"NOFILE", RLIMIT_NOFILE},
                                   {"NPROC", RLIMIT_NPROC},     {"RSS", RLIMIT_RSS},
                                   {"RTPRIO", RLIMIT_RTPRIO},   {"RTTIME", RLIMIT_RTTIME},
                                   {"STACK", RLIMIT_STACK},     {"SIGPENDING", RLIMIT_SIGPENDING}};

// Ours, which cannot be raised without CAP_SYS_RESOURCE; where there is none, one for each
// resource to tell them apart.
std::uint64_t highest(const Limit& limit) {
  rlimit ours = {};
  REQUIRE(::getrlimit(static_cast<__rlimit_resource_t>(limit.resource), &ours) == 0);
  if (ours.rlim_max != RLIM_INFINITY) return ours.rlim_max;
  return (std::uint64_t{1} << 30) + static_cast<unsigned>(limit.resource);
}

// Where real-time scheduling is rationed, a cgroup needs a share of it.  One directly below the
// root can have it.
void allow_real_time(Bundle& bundle) {
  if (!fs::exists("/sys/fs/cgroup/cpu/cpu.rt_runtime_us")) return;
  bundle.config["linux"]["cgroupsPath"] = "/" + bundle.id();
  bundle.config["linux"]["resources"]["cpu"] = {{"realtimePeriod", 1'000'000},
                                                {"realtimeRuntime", 1'000}};
}

}  // namespace

TEST_CASE("rlimits: each of the sixteen can be set") {
  for (const bool userns : {false, true}) {
    Bundle bundle;
    if (userns) bundle.map_ids(base);
    std::string commands;
    Values soft;
    Values hard;
    bundle.config["process"]["rlimits"] = Json::array();
    for (const Limit& limit : limits) {
      const std::uint64_t most = highest(limit);
      bundle.config["process"]["rlimits"].push_back(
          {{"type", std::string("RLIMIT_") + limit.name}, {"soft", most / 2}, {"hard", most}});
      soft.push_back(std::to_string(most / 2));
      hard.push_back(std::to_string(most));
      commands += std::string("rlimit ") + limit.name + " -- ";
    }
    const Outcome outcome = bundle.report(commands);
    CHECK(outcome.values("soft") == soft);
    CHECK(outcome.values("hard") == hard);
  }
}

TEST_CASE("rlimits: the greatest number means no limit") {
  Bundle bundle;
  bundle.config["process"]["rlimits"] = {
      {{"type", "RLIMIT_CORE"}, {"soft", 18446744073709551615U}, {"hard", 18446744073709551615U}}};
  CHECK(bundle.report("rlimit CORE").value("soft") == "-1");
}

TEST_CASE("scheduler: each policy that the kernel has") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  struct Case {
    const char* policy;
    Json rest;
    const char* number;
  };
  const std::vector<Case> cases = {
      {"SCHED_OTHER", {{"nice", -5}}, "0"},
      {"SCHED_BATCH", {{"nice", 7}}, "3"},
      {"SCHED_IDLE", Json::object(), "5"},
      {"SCHED_FIFO", {{"priority", 10}}, "1"},
      {"SCHED_RR", {{"priority", 99}, {"flags", {"SCHED_FLAG_RESET_ON_FORK"}}}, "2"},
      {"SCHED_DEADLINE",
       {{"runtime", 1'000'000}, {"deadline", 10'000'000}, {"period", 20'000'000}},
       "6"}};
  for (const Case& one : cases) {
    CAPTURE(std::string(one.policy));
    Bundle bundle;
    allow_real_time(bundle);
    bundle.config["process"]["scheduler"] = one.rest;
    bundle.config["process"]["scheduler"]["policy"] = one.policy;
    const Outcome outcome = bundle.report("sched");
    CHECK(outcome.value("policy") == one.number);
    for (const char* field : {"nice", "priority", "runtime", "deadline", "period"})
      if (one.rest.contains(field))
        CHECK(outcome.value(field) == std::to_string(one.rest.at(field).get<int>()));
    if (one.rest.contains("flags")) CHECK(outcome.value("flags") == "1");
  }
}

TEST_CASE("scheduler: nice can be raised in a user namespace") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  Bundle bundle;
  bundle.map_ids(base);
  bundle.config["process"]["scheduler"] = {{"policy", "SCHED_OTHER"}, {"nice", 12}};
  CHECK(bundle.report("sched").value("nice") == "12");
}

TEST_CASE("ioPriority: each class") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  const Values classes = {"IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE", "IOPRIO_CLASS_IDLE"};
  for (std::size_t i = 0; i < classes.size(); ++i) {
    Bundle bundle;
    bundle.config["process"]["ioPriority"] = {{"class", classes[i]}, {"priority", 5}};
    const Outcome outcome = bundle.report("ioprio");
    CHECK(outcome.value("ioprio.class") == std::to_string(i + 1));
    CHECK(outcome.value("ioprio.priority") == "5");
  }
}

TEST_CASE("memoryPolicy: flags, and modes without nodes") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  Bundle bundle;
  bundle.config["linux"]["memoryPolicy"] = {
      {"mode", "MPOL_INTERLEAVE"}, {"nodes", "0"}, {"flags", {"MPOL_F_STATIC_NODES"}}};
  const Outcome outcome = bundle.report("mempolicy");
  CHECK(outcome.value("mempolicy.mode") == "3");
  CHECK(outcome.value("mempolicy.flags") == "0x8000");
  bundle.config["linux"]["memoryPolicy"] = {{"mode", "MPOL_LOCAL"}, {"nodes", ""}};
  CHECK(bundle.report("mempolicy").value("mempolicy.mode") == "4");
}

TEST_CASE("personality: LINUX is the ordinary one, flags and others are refused") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  Bundle bundle;
  bundle.config["linux"]["personality"] = {{"domain", "LINUX"}};
  CHECK(bundle.report("personality").value("personality") == "0x0");
  bundle.config["linux"]["personality"] = {{"domain", "SOLARIS"}};
  CHECK(bundle.run().exit_code == 1);
}

TEST_CASE("LSM labels: a host without the module refuses them by name") {
  if (fs::exists("/sys/module/apparmor/parameters/enabled")) return skip_case("it has AppArmor");
  Bundle bundle;
  bundle.config["process"]["apparmorProfile"] = "docker-default";
  const Outcome apparmor = bundle.run();
  CHECK(apparmor.exit_code == 1);
  CHECK_MESSAGE(contains(apparmor.err, "apparmor"), apparmor.text());
  bundle.config["process"].erase("apparmorProfile");
  bundle.config["process"]["selinuxLabel"] = "system_u:system_r:container_t:s0";
  const Outcome selinux = bundle.run();
  CHECK(selinux.exit_code == 1);
  CHECK_MESSAGE(contains(selinux.err, "selinux"), selinux.text());
}

TEST_CASE("process: without one the container is created but cannot be started") {
  if (testing_old_runc()) return skip_case("runc 1.1 refuses it");
  Bundle bundle;
  bundle.config.erase("process");
  const Outcome created = bundle.create();
  REQUIRE_MESSAGE(created.exit_code == 0, created.text());
  CHECK(bundle.status() == "created");
  const Outcome started = bundle.start();
  CHECK(started.exit_code == 1);
  CHECK_MESSAGE(contains(started.err, "process"), started.text());
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("pidfd socket: it receives a descriptor of the init process") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  Bundle bundle;
  const DeliverySocket socket(bundle.path("pidfd"));
  REQUIRE(bundle.create({"--pidfd-socket", bundle.path("pidfd")}).exit_code == 0);
  const Delivery delivery = socket.receive();
  REQUIRE(delivery.fd >= 0);
  const std::string facts = read_file("/proc/self/fdinfo/" + std::to_string(delivery.fd));
  CHECK_MESSAGE(contains(facts, "Pid:\t" + std::to_string(bundle.pid()) + "\n"), facts);
  CHECK(bundle.remove({"--force"}).exit_code == 0);
  pollfd ended = {.fd = delivery.fd, .events = POLLIN, .revents = 0};
  CHECK(::poll(&ended, 1, 1000 * patience()) == 1);
  ::close(delivery.fd);
}

TEST_CASE("seccomp: each operator compares as its name says") {
  struct Case {
    const char* op;
    bool below, equal, above;  // whether 4, 5 and 6 meet the rule for 5
  };
  for (const Case& one :
       {Case{"SCMP_CMP_NE", true, false, true}, Case{"SCMP_CMP_LT", true, false, false},
        Case{"SCMP_CMP_LE", true, true, false}, Case{"SCMP_CMP_EQ", false, true, false},
        Case{"SCMP_CMP_GE", false, true, true}, Case{"SCMP_CMP_GT", false, false, true}}) {
    CAPTURE(std::string(one.op));
    Bundle bundle;
    const Json args = {{{"index", 1}, {"value", 5}, {"op", one.op}}};
    CHECK((answer(bundle, args, "0 4") == "EPERM") == one.below);
    CHECK((answer(bundle, args, "0 5") == "EPERM") == one.equal);
    CHECK((answer(bundle, args, "0 6") == "EPERM") == one.above);
  }
}

TEST_CASE("seccomp: LOG lets a call through, TRACE without a tracer answers ENOSYS") {
  Bundle bundle;
  const std::string number = std::to_string(SYS_getpriority);
  for (const char* action : {"SCMP_ACT_LOG", "SCMP_ACT_TRACE"}) {
    bundle.config["linux"]["seccomp"] = seccomp({{{"names", {"getpriority"}}, {"action", action}}});
    const std::string wanted = action == std::string("SCMP_ACT_LOG") ? "ok" : "ENOSYS";
    CHECK(bundle.report("seccomp " + number + " 0 0").value("syscall." + number) == wanted);
  }
}

TEST_CASE("seccomp: the default action's errno is the configured one") {
  Bundle bundle;
  const std::string profile =
      std::string(CORACLE_TEST_DATA) + "/captured/docker20.10-run/config.json";
  Json filter = Json::parse(read_file(profile)).at("linux").at("seccomp");
  filter["defaultErrnoRet"] = EXDEV;
  bundle.config["linux"]["seccomp"] = filter;
  const std::string number = std::to_string(SYS_keyctl);
  CHECK(bundle.report("seccomp " + number + " 0 -3 0").value("syscall." + number) == "EXDEV");
}

TEST_CASE("time: offsets may be negative") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  Bundle bundle;
  add_namespace(bundle.config, "time");
  bundle.config["linux"]["timeOffsets"] = {{"monotonic", {{"secs", -100}, {"nanosecs", 5}}}};
  const Outcome ours = bundle.report("time");
  bundle.config["linux"].erase("timeOffsets");
  drop_namespace(bundle.config, "time");
  const Outcome host = bundle.report("time");
  const long long difference =
      std::stoll(host.value("monotonic")) - std::stoll(ours.value("monotonic"));
  CHECK(difference >= 99);
  CHECK(difference < 160);
}

TEST_CASE("sysctl: those of the IPC and UTS namespaces hold in a user namespace, too") {
  if (testing_old_runc()) return skip_case("runc 1.1 may not write one of them");
  Bundle bundle;
  bundle.map_ids(base);
  bundle.config["linux"]["sysctl"] = {{"kernel.shmmni", "1234"},
                                      {"fs.mqueue.queues_max", "77"},
                                      {"net.ipv4.ip_forward", "1"},
                                      {"kernel.domainname", "example.org"}};
  const Outcome outcome = bundle.report(
      "sysctl kernel.shmmni -- sysctl fs.mqueue.queues_max -- sysctl net.ipv4.ip_forward -- "
      "domainname");
  CHECK(outcome.value("kernel.shmmni") == "1234");
  CHECK(outcome.value("fs.mqueue.queues_max") == "77");
  CHECK(outcome.value("net.ipv4.ip_forward") == "1");
  CHECK(outcome.value("domainname") == "example.org");
}

TEST_CASE("annotations and unknown properties: the ones are told, the others are ignored") {
  Bundle bundle;
  bundle.config["annotations"] = {{"org.example.key", "väl\"ue\n"}};
  bundle.config["linux"]["fromTheFuture"] = {{"deep", {1, nullptr, true, 1.5e300}}};
  bundle.config["freebsd"] = {{"jail", Json::object()}};
  REQUIRE(bundle.create().exit_code == 0);
  CHECK(bundle.state().at("annotations") == bundle.config["annotations"]);
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("config.json: what is edited after create has no effect on start") {
  Bundle bundle;
  bundle.probe("wait-signal");
  REQUIRE(bundle.create().exit_code == 0);
  bundle.probe("exit 9");
  CHECK(bundle.start().exit_code == 0);
  CHECK(bundle.wrote("ready=1"));
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}
