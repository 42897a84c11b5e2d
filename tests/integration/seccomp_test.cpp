// linux.seccomp: what a program meets that calls what its filter restricts.
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/bundle.hpp"
#include "tests/support/sockets.hpp"
#include "tests/support/summary.hpp"
#include "tests/support/text.hpp"

using namespace coracle::test;

namespace {

const std::string number = std::to_string(SYS_getpriority);  // without effect, easily missed

Json rule(const std::string& action) {
  return {{"names", {"getpriority"}}, {"action", action}};
}

// What getpriority(2) answers to `arguments` under these rules.
std::string answer(Bundle& bundle, const Json& rules, const std::string& arguments = "0 0") {
  bundle.config["linux"]["seccomp"] = seccomp(rules);
  return bundle.report("seccomp " + number + " " + arguments).value("syscall." + number);
}

}  // namespace

TEST_CASE("seccomp: without rules everything is allowed, but a filter is in force") {
  Bundle bundle;
  bundle.config["linux"]["seccomp"] = seccomp(Json::array({rule("SCMP_ACT_ERRNO")}));
  CHECK(bundle.report("status Seccomp").value("Seccomp") == "2");
  bundle.config["linux"].erase("seccomp");
  CHECK(bundle.report("status Seccomp").value("Seccomp") == "0");
}

TEST_CASE("seccomp: ERRNO gives EPERM, or what errnoRet or defaultErrnoRet says") {
  Bundle bundle;
  Json one = rule("SCMP_ACT_ERRNO");
  CHECK(answer(bundle, Json::array({one})) == "EPERM");
  one["errnoRet"] = 5;
  CHECK(answer(bundle, Json::array({one})) == "EIO");
  one["errnoRet"] = 38;
  CHECK(answer(bundle, Json::array({one})) == "ENOSYS");
}

TEST_CASE("seccomp: it holds with and without no_new_privs, and for users") {
  Bundle bundle;
  for (const bool flag : {true, false}) {
    bundle.config["process"]["noNewPrivileges"] = flag;
    CHECK(answer(bundle, Json::array({rule("SCMP_ACT_ERRNO")})) == "EPERM");
  }
  bundle.config["process"]["user"] = {{"uid", 1000}, {"gid", 1000}};
  CHECK(answer(bundle, Json::array({rule("SCMP_ACT_ERRNO")})) == "EPERM");
}

TEST_CASE("seccomp: a rule's arguments decide") {
  Bundle bundle;
  Json one = rule("SCMP_ACT_ERRNO");
  one["args"] = {{{"index", 0}, {"value", 1}, {"op", "SCMP_CMP_EQ"}}};
  CHECK(answer(bundle, Json::array({one}), "0 0") == "ok");
  CHECK(answer(bundle, Json::array({one}), "1 0") == "EPERM");
  one["args"] = {{{"index", 0}, {"value", 1}, {"op", "SCMP_CMP_GE"}}};
  CHECK(answer(bundle, Json::array({one}), "0 0") == "ok");
  CHECK(answer(bundle, Json::array({one}), "2 0") == "EPERM");
}

TEST_CASE("seccomp: MASKED_EQ masks with value and compares with valueTwo") {
  Bundle bundle;
  Json one = rule("SCMP_ACT_ERRNO");
  one["args"] = {{{"index", 1}, {"value", 0xf0}, {"valueTwo", 0x20}, {"op", "SCMP_CMP_MASKED_EQ"}}};
  CHECK(answer(bundle, Json::array({one}), "0 0x2f") != "ok");
  CHECK(answer(bundle, Json::array({one}), "0 0") == "ok");
}

TEST_CASE("seccomp: several rules for one call, each with its arguments") {
  Bundle bundle;
  Json first = rule("SCMP_ACT_ERRNO");
  first["args"] = {{{"index", 0}, {"value", 1}, {"op", "SCMP_CMP_EQ"}}};
  Json second = first;
  second["args"][0]["value"] = 2;
  second["errnoRet"] = 5;
  const Json rules = Json::array({first, second});
  CHECK(answer(bundle, rules, "1 0") == "EPERM");
  CHECK(answer(bundle, rules, "2 0") == "EIO");
  CHECK(answer(bundle, rules, "0 0") == "ok");
}

TEST_CASE("seccomp: KILL_PROCESS and TRAP end the program with SYS") {
  Bundle bundle;
  bundle.probe("seccomp " + number + " 0 0");
  for (const char* action : {"SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL", "SCMP_ACT_TRAP"}) {
    bundle.config["linux"]["seccomp"] = seccomp(Json::array({rule(action)}));
    CHECK_MESSAGE(bundle.run().exit_code == 128 + SIGSYS, action);
  }
}

TEST_CASE("seccomp: a name that no kernel knows is no error") {
  Bundle bundle;
  Json unknown = rule("SCMP_ACT_ERRNO");
  unknown["names"] = {"no_such_call", "bdflush", "getpriority"};
  CHECK(answer(bundle, Json::array({unknown})) == "EPERM");
}

TEST_CASE("seccomp: a default action of ERRNO lets through what is allowed") {
  Bundle bundle;
  const std::string profile =
      std::string(CORACLE_TEST_DATA) + "/captured/docker20.10-run/config.json";
  bundle.config["linux"]["seccomp"] = Json::parse(read_file(profile)).at("linux").at("seccomp");
  const std::string keyctl = std::to_string(SYS_keyctl);
  const Outcome outcome = bundle.report("ids -- seccomp " + keyctl + " 0 -3 0 -- seccomp 4095");
  CHECK(outcome.value("uid") == "0");
  CHECK(outcome.value("syscall." + keyctl) == "EPERM");
  // Newer than any profile: a libc must be able to fall back.
  CHECK(outcome.value("syscall.4095") == "ENOSYS");
}

TEST_CASE("seccomp: an unknown action, operator or architecture is refused") {
  Bundle bundle;
  bundle.config["linux"]["seccomp"] = seccomp(Json::array({rule("SCMP_ACT_MAYBE")}));
  CHECK(bundle.run().exit_code == 1);
  Json one = rule("SCMP_ACT_ERRNO");
  one["args"] = {{{"index", 0}, {"value", 1}, {"op", "SCMP_CMP_LIKE"}}};
  bundle.config["linux"]["seccomp"] = seccomp(Json::array({one}));
  CHECK(bundle.run().exit_code == 1);
  bundle.config["linux"]["seccomp"] = seccomp(Json::array({rule("SCMP_ACT_ERRNO")}));
  bundle.config["linux"]["seccomp"]["architectures"] = {"SCMP_ARCH_ABACUS"};
  CHECK(bundle.run().exit_code == 1);
}

TEST_CASE("seccomp: flags are accepted") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  Bundle bundle;
  bundle.config["linux"]["seccomp"] = seccomp(Json::array({rule("SCMP_ACT_ERRNO")}));
  bundle.config["linux"]["seccomp"]["flags"] = {"SECCOMP_FILTER_FLAG_LOG",
                                                "SECCOMP_FILTER_FLAG_SPEC_ALLOW"};
  CHECK(bundle.report("status Seccomp").value("Seccomp") == "2");
}

TEST_CASE("seccomp: NOTIFY hands the listener and the state to the agent, which answers") {
  Bundle bundle;
  const DeliverySocket agent(bundle.path("agent"));
  bundle.config["linux"]["seccomp"] = seccomp(Json::array({rule("SCMP_ACT_NOTIFY")}));
  bundle.config["linux"]["seccomp"]["listenerPath"] = bundle.path("agent");
  bundle.config["linux"]["seccomp"]["listenerMetadata"] = "some words";
  bundle.probe("seccomp " + number + " 0 0");
  Running running(bundle.program({"run", "--bundle", bundle.dir(), bundle.id()}));
  const Delivery delivery = agent.receive();
  REQUIRE(delivery.fd >= 0);
  const Json state = Json::parse(delivery.text);
  CHECK(state.at("fds") == Json{"seccompFd"});
  CHECK(state.at("metadata") == "some words");
  CHECK(state.at("state").at("id") == bundle.id());
  CHECK(state.at("pid").get<int>() > 0);
  seccomp_notif call = {};
  REQUIRE(::ioctl(delivery.fd, SECCOMP_IOCTL_NOTIF_RECV, &call) == 0);
  CHECK(call.data.nr == SYS_getpriority);
  seccomp_notif_resp reply = {.id = call.id, .val = 0, .error = -EXDEV, .flags = 0};
  CHECK(::ioctl(delivery.fd, SECCOMP_IOCTL_NOTIF_SEND, &reply) == 0);
  ::close(delivery.fd);
  CHECK(running.wait().value("syscall." + number) == "EXDEV");
}

TEST_CASE("seccomp: NOTIFY without a listener, or for write, is refused") {
  Bundle bundle;
  bundle.config["linux"]["seccomp"] = seccomp(Json::array({rule("SCMP_ACT_NOTIFY")}));
  CHECK(bundle.run().exit_code == 1);
  bundle.config["linux"]["seccomp"]["listenerPath"] = bundle.path("nobody");
  CHECK(bundle.run().exit_code == 1);
  Json write = rule("SCMP_ACT_NOTIFY");
  write["names"] = {"write"};
  bundle.config["linux"]["seccomp"] = seccomp(Json::array({write}));
  bundle.config["linux"]["seccomp"]["listenerPath"] = bundle.path("nobody");
  CHECK(bundle.run().exit_code == 1);
}
