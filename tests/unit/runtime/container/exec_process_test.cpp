// exec's command line and process.json as a process of the specification.
#include <stdlib.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "runtime/container/exec.hpp"

namespace {

using namespace coracle;
using container::exec_process;
using container::ExecRequest;
using Names = std::vector<std::string>;

// The process of a container that confines what it may.
oci::Process own() {
  return {.terminal = true,
          .console_size = {},
          .user = {.uid = 7, .gid = 8, .umask = 027, .additional_gids = {9}},
          .args = {"/init"},
          .env = {"PATH=/bin", "A=1"},
          .cwd = "/srv",
          .capabilities = oci::Capabilities{.bounding = {"CAP_KILL"},
                                            .effective = {"CAP_KILL"},
                                            .inheritable = {},
                                            .permitted = {"CAP_KILL"},
                                            .ambient = {}},
          .rlimits = {{.type = "RLIMIT_NOFILE", .hard = 20, .soft = 10}},
          .no_new_privileges = true,
          .apparmor_profile = "profile",
          .oom_score_adj = 100,
          .scheduler = oci::Scheduler{.policy = oci::SchedulerPolicy::batch, .flags = {}},
          .selinux_label = "label",
          .io_priority = oci::IoPriority{.priority = 3},
          .exec_cpu_affinity = oci::ExecCpuAffinity{.initial = "0", .final = "1"}};
}

ExecRequest asking(const Names& args) {
  ExecRequest request;
  request.args = args;
  return request;
}

Result<oci::Process> as_user(const std::string& user) {
  ExecRequest request = asking({"/bin/true"});
  request.user = user;
  return exec_process(own(), request);
}

// A process.json that is removed again.
class File {
 public:
  explicit File(const std::string& text) {
    const int fd = ::mkstemp(path_.data());
    REQUIRE(fd >= 0);
    CHECK(::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    ::close(fd);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { ::unlink(path_.c_str()); }

  const std::string& path() const { return path_; }

 private:
  std::string path_ = "/tmp/coracle-process-XXXXXX";
};

Result<oci::Process> from_file(const std::string& text) {
  const File file(text);
  ExecRequest request;
  request.process_file = file.path();
  return exec_process(own(), request);
}

}  // namespace

TEST_CASE("exec: what the command line does not give comes from the container's process") {
  const auto process = exec_process(own(), asking({"/bin/true", "-x"}));
  REQUIRE(process);
  CHECK(process->args == Names{"/bin/true", "-x"});
  CHECK(process->cwd == "/srv");
  CHECK(process->env == own().env);
  CHECK(process->user.uid == 7);
  CHECK(process->user.gid == 8);
  CHECK(process->user.umask == 027U);
  CHECK(process->no_new_privileges);
  CHECK(process->apparmor_profile == "profile");
  CHECK(process->selinux_label == "label");
  CHECK(process->rlimits.size() == 1);
  CHECK(process->exec_cpu_affinity->final == "1");
}

TEST_CASE("exec: a terminal is never inherited") {
  CHECK_FALSE(exec_process(own(), asking({"/bin/true"}))->terminal);
  ExecRequest request = asking({"/bin/true"});
  request.tty = true;
  CHECK(exec_process(own(), request)->terminal);
}

TEST_CASE("exec: environment variables are appended, so that the last one counts") {
  ExecRequest request = asking({"/bin/true"});
  request.env = {"A=2", "B="};
  CHECK(exec_process(own(), request)->env == Names{"PATH=/bin", "A=1", "A=2", "B="});
  request.env = {"NAME"};
  CHECK_FALSE(exec_process(own(), request).has_value());
}

TEST_CASE("exec: cwd and labels of the command line replace the container's") {
  ExecRequest request = asking({"/bin/true"});
  request.cwd = "/tmp";
  request.apparmor_profile = "other";
  request.selinux_label = "other:label";
  const auto process = exec_process(own(), request);
  REQUIRE(process);
  CHECK(process->cwd == "/tmp");
  CHECK(process->apparmor_profile == "other");
  CHECK(process->selinux_label == "other:label");
  request.cwd = "tmp";
  CHECK_FALSE(exec_process(own(), request).has_value());
}

TEST_CASE("exec: a user is a number, or two") {
  const auto one = as_user("1000");
  REQUIRE(one);
  CHECK(one->user.uid == 1000);
  CHECK(one->user.gid == 8);
  CHECK(one->user.additional_gids == std::vector<std::uint32_t>{9});
  const auto two = as_user("1:2");
  REQUIRE(two);
  CHECK(two->user.uid == 1);
  CHECK(two->user.gid == 2);
  CHECK(as_user("4294967294:4294967294")->user.uid == 4294967294U);
  CHECK(as_user("1")->user.uid == 1);  // CVE-2026-30892: it was 0 elsewhere
  CHECK(as_user("0:0")->user.uid == 0);
}

TEST_CASE("exec: a user that is not numbers in full is refused") {
  for (const char* user :
       {"1:",   ":",          ":1",           "-1",         "-1:0",
        "1:-1", "4294967295", "1:4294967295", "4294967296", "18446744073709551617",
        "0x1",  "0b1",        " 1",           "1 ",         "1: 2",
        "+1",   "1.0",        "1e3",          "1000:abc",   "abc:1000",
        "root", "root:root",  "1:2:3",        "1,2",        "\t1",
        "1\n",  "\xd9\xa1"}) {
    const auto process = as_user(user);
    CHECK_MESSAGE(!process.has_value(), user);
    if (!process) CHECK(process.error().text().starts_with("--user "));
  }
  CHECK(as_user("1:").error().text() == "--user \"1:\": \"\" is not a number from 0 to 4294967294");
  CHECK(as_user(std::string("1\0", 2)).has_value() == false);
}

TEST_CASE("exec: additional groups are added, and read as strictly as users") {
  ExecRequest request = asking({"/bin/true"});
  request.additional_gids = {"5", "0"};
  CHECK(exec_process(own(), request)->user.additional_gids == std::vector<std::uint32_t>{9, 5, 0});
  for (const char* gid : {"-1", "4294967295", "wheel", "", " 5", "0x5"}) {
    request.additional_gids = {gid};
    CHECK_MESSAGE(!exec_process(own(), request).has_value(), gid);
  }
}

TEST_CASE("exec: a capability is added to the sets that make it usable") {
  ExecRequest request = asking({"/bin/true"});
  request.capabilities = {"CAP_NET_RAW"};
  const auto process = exec_process(own(), request);
  REQUIRE(process);
  const Names both = {"CAP_KILL", "CAP_NET_RAW"};
  CHECK(process->capabilities->bounding == both);
  CHECK(process->capabilities->effective == both);
  CHECK(process->capabilities->permitted == both);
}

TEST_CASE("exec: capabilities never fill the inheritable set") {
  ExecRequest request = asking({"/bin/true"});
  request.capabilities = {"CAP_NET_RAW", "CAP_CHOWN"};
  CHECK(exec_process(own(), request)->capabilities->inheritable.empty());
  CHECK(exec_process(own(), request)->capabilities->ambient.empty());
  oci::Process ambient = own();
  ambient.capabilities->inheritable = {"CAP_KILL"};
  ambient.capabilities->ambient = {"CAP_KILL"};
  CHECK(exec_process(ambient, request)->capabilities->inheritable == Names{"CAP_KILL"});
  CHECK(exec_process(ambient, request)->capabilities->ambient ==
        Names{"CAP_KILL", "CAP_NET_RAW", "CAP_CHOWN"});
  oci::Process without = own();
  without.capabilities.reset();
  CHECK(exec_process(without, request)->capabilities->inheritable.empty());
}

TEST_CASE("exec: no_new_privs can be set and is not taken away") {
  oci::Process free = own();
  free.no_new_privileges = false;
  ExecRequest request = asking({"/bin/true"});
  CHECK_FALSE(exec_process(free, request)->no_new_privileges);
  request.no_new_privileges = true;
  CHECK(exec_process(free, request)->no_new_privileges);
}

TEST_CASE("exec: what is wrong on the command line is told by the option's name") {
  CHECK(exec_process(own(), {.args = {"sh"}, .cwd = "tmp"}).error().text() ==
        "--cwd: \"tmp\" is not an absolute path");
  CHECK(exec_process(own(), {.args = {"sh"}, .env = {"A=1", "B"}}).error().text() ==
        "--env: \"B\" is not NAME=value");
}

TEST_CASE("exec: nothing to execute is refused") {
  CHECK(exec_process(own(), {}).error().text() == "process args cannot be empty");
  CHECK_FALSE(from_file(R"({"cwd": "/", "args": []})").has_value());
}

TEST_CASE("process.json: it is the whole process, the command line does not count") {
  const File file(R"({"cwd": "/", "args": ["id"], "user": {"uid": 0, "gid": 0}, "env": ["B=2"]})");
  ExecRequest request = asking({"/bin/false"});
  request.process_file = file.path();
  request.tty = true;
  request.user = "5";
  request.env = {"C=3"};
  const auto process = exec_process(own(), request);
  REQUIRE(process);
  CHECK(process->args == Names{"id"});
  CHECK(process->env == Names{"B=2"});
  CHECK(process->user.uid == 0);
  CHECK(process->user.additional_gids.empty());
  CHECK_FALSE(process->terminal);
}

TEST_CASE("process.json: what confines the container holds where it says nothing") {
  const auto process = from_file(R"({"cwd": "/", "args": ["id"]})");
  REQUIRE(process);
  CHECK(process->no_new_privileges);
  CHECK(process->apparmor_profile == "profile");
  CHECK(process->selinux_label == "label");
  CHECK(process->capabilities->bounding == Names{"CAP_KILL"});
  CHECK(process->rlimits.size() == 1);
  CHECK(process->user.umask == 027U);
  CHECK(process->oom_score_adj == 100);
  CHECK(process->scheduler->policy == oci::SchedulerPolicy::batch);
  CHECK(process->io_priority->priority == 3);
  CHECK(process->exec_cpu_affinity->initial == "0");
  CHECK(process->env.empty());
}

TEST_CASE("process.json: what it says holds instead") {
  const auto process = from_file(R"({"cwd": "/", "args": ["id"], "noNewPrivileges": false,
    "apparmorProfile": "mine", "selinuxLabel": "my:label", "oomScoreAdj": 0,
    "capabilities": {"bounding": ["CAP_CHOWN"]}, "user": {"uid": 1, "gid": 2, "umask": 63},
    "rlimits": [{"type": "RLIMIT_CORE", "hard": 1, "soft": 0}],
    "scheduler": {"policy": "SCHED_IDLE"}, "execCPUAffinity": {"final": "2"}})");
  REQUIRE(process);
  CHECK(process->no_new_privileges);  // but for this
  CHECK(process->apparmor_profile == "mine");
  CHECK(process->selinux_label == "my:label");
  CHECK(process->capabilities->bounding == Names{"CAP_CHOWN"});
  CHECK(process->capabilities->effective.empty());
  CHECK(process->rlimits.front().type == "RLIMIT_CORE");
  CHECK(process->user.umask == 077U);
  CHECK(process->oom_score_adj == 0);
  CHECK(process->scheduler->policy == oci::SchedulerPolicy::idle);
  CHECK(process->exec_cpu_affinity->initial.empty());
}

TEST_CASE("process.json: errors name the file and the field") {
  const File file(R"({"cwd": "/", "args": ["id"], "user": {"uid": 4294967296, "gid": 0}})");
  ExecRequest request;
  request.process_file = file.path();
  CHECK(exec_process(own(), request).error().text() ==
        file.path() + ": /user/uid: 4294967296 is not a uint32");
  CHECK_FALSE(from_file("{").has_value());
  CHECK_FALSE(from_file(R"({"args": ["id"]})").has_value());
  request.process_file = "/nonexistent/process.json";
  CHECK(exec_process(own(), request).error().text().ends_with("no such file or directory"));
}
