// config.md#process and the sections below it; what of process start must apply (runtime.md#start).
#include <unistd.h>

#include <string>

#include <doctest/doctest.h>

#include "conformance/spec/container.hpp"

using namespace coracle::conformance;

namespace {

Json limit(const std::string& type, unsigned soft, unsigned hard) {
  return {{"type", type}, {"soft", soft}, {"hard", hard}};
}

// The runtime, and what it starts, has this score until dropped.
class OwnScore {
 public:
  explicit OwnScore(const std::string& score) : before_(read_file(path)) {
    write_file(path, score);
  }
  OwnScore(const OwnScore&) = delete;
  OwnScore& operator=(const OwnScore&) = delete;
  ~OwnScore() { write_file(path, before_); }

 private:
  static constexpr const char* path = "/proc/self/oom_score_adj";
  std::string before_;
};

std::string score(Container& container) {
  return container.tells("line /proc/self/oom_score_adj").value("/proc/self/oom_score_adj");
}

}  // namespace

TEST_CASE("config.md#process 1: consoleSize without a terminal is ignored") {
  Container container;
  container.config["process"]["consoleSize"] = {{"height", 10}, {"width", 20}};
  CHECK(container.tells("tty").value("isatty") == "000");
}

TEST_CASE("config.md#process 2: a cwd that is not absolute is refused") {
  Container container;
  container.must_refuse_to_run([](Json& config) { config["process"]["cwd"] = "tmp"; });
}

TEST_CASE("config.md#posix-process 1: an rlimit whose type is unknown is refused") {
  Container container;
  container.must_refuse_to_run(
      [](Json& config) { config["process"]["rlimits"] = {limit("RLIMIT_DREAMS", 1, 1)}; });
}

TEST_CASE(
    "config.md#posix-process 2, config.md#posix-process 3: the soft limit is what is configured") {
  Container container;
  container.config["process"]["rlimits"] = {limit("RLIMIT_NOFILE", 100, 200),
                                            limit("RLIMIT_CORE", 3, 4)};
  CHECK(container.tells("rlimit NOFILE").value("soft") == "100");
  CHECK(container.tells("rlimit CORE").value("soft") == "3");
}

TEST_CASE("config.md#posix-process 4: the hard limit is what is configured") {
  Container container;
  container.config["process"]["rlimits"] = {limit("RLIMIT_NOFILE", 100, 200),
                                            limit("RLIMIT_CORE", 3, 4)};
  CHECK(container.tells("rlimit NOFILE").value("hard") == "200");
  CHECK(container.tells("rlimit CORE").value("hard") == "4");
}

TEST_CASE("config.md#posix-process 5: two rlimits of one type are refused") {
  Container container;
  container.config["process"]["rlimits"] = {limit("RLIMIT_NOFILE", 100, 200)};
  container.must_refuse_to_run([](Json& config) {
    config["process"]["rlimits"].push_back(limit("RLIMIT_NOFILE", 101, 201));
  });
}

TEST_CASE(
    "config.md#linux-process 2: a capability that the kernel does not know is no error (SHOULD)") {
  Container container;
  coracle::test::set_capabilities(container.config, {"CAP_KILL", "CAP_NO_SUCH_THING"});
  CHECK(container.tells("caps").value("CapEff") == "0000000000000020");
}

TEST_CASE("config.md#linux-process 2: a capability that the runtime has not is no error (SHOULD)") {
  Container container;
  coracle::test::set_capabilities(container.config, {"CAP_KILL", "CAP_SYS_BOOT"});
  container.probe("caps");
  coracle::test::Program create = container.program(
      {"create", "--bundle", container.dir(), "--pid-file", container.path("pid"), container.id()});
  create.args.insert(create.args.begin(), {"setpriv", "--bounding-set=-sys_boot"});
  create.out_path = container.path("output");
  REQUIRE_MESSAGE(coracle::test::run(create).exit_code == 0, container.output());
  container.must_start();
  REQUIRE(container.ends());
  CHECK(container.output().find("CapEff=0000000000000020\n") != std::string::npos);
}

TEST_CASE("config.md#linux-process 3: oomScoreAdj is the score that is set") {
  Container container;
  container.config["process"]["oomScoreAdj"] = 321;
  CHECK(score(container) == "321");
}

TEST_CASE("config.md#linux-process 4: without oomScoreAdj the score stays what it was") {
  const OwnScore own("123");
  Container container;
  CHECK(score(container) == "123");
}

TEST_CASE("runtime.md#start 3: env is the program's environment") {
  Container container;
  container.config["process"]["env"] = {"A=1", "B=two words"};
  const Outcome seen = container.tells("env");
  CHECK(seen.value("env.A") == "1");
  CHECK(seen.value("env.B") == "two words");
  CHECK(seen.values("env.PATH").empty());
}

TEST_CASE("runtime.md#start 3: cwd is the program's directory") {
  Container container;
  container.config["process"]["cwd"] = "/tmp";
  CHECK(container.tells("cwd").value("cwd") == "/tmp");
}

TEST_CASE("runtime.md#start 3: user is whose program it is, with its groups") {
  Container container;
  container.config["process"]["user"] = {{"uid", 7}, {"gid", 8}, {"additionalGids", {9, 10}}};
  const Outcome seen = container.tells("ids");
  CHECK(seen.value("uid") == "7");
  CHECK(seen.value("gid") == "8");
  CHECK(seen.value("groups").find("9,10") != std::string::npos);
}

TEST_CASE("runtime.md#start 3: umask is the program's mask") {
  Container container;
  container.config["process"]["user"]["umask"] = 027;
  CHECK(container.tells("umask").value("umask") == "0027");
}

TEST_CASE("runtime.md#start 3: the five sets of capabilities are the program's") {
  Container container;
  Json& sets = container.config["process"]["capabilities"];
  sets = {{"bounding", {"CAP_CHOWN", "CAP_KILL", "CAP_SETUID"}},
          {"permitted", {"CAP_CHOWN", "CAP_KILL"}},
          {"effective", {"CAP_KILL"}},
          {"inheritable", {"CAP_CHOWN", "CAP_KILL"}},
          {"ambient", {"CAP_CHOWN"}}};
  container.config["process"]["user"] = {{"uid", 7}, {"gid", 7}};
  const Outcome seen = container.tells("caps");
  CHECK(seen.value("CapBnd") == "00000000000000a1");
  CHECK(seen.value("CapInh") == "0000000000000021");
  CHECK(seen.value("CapAmb") == "0000000000000001");
  CHECK(seen.value("CapPrm") == "0000000000000001");
  CHECK(seen.value("CapEff") == "0000000000000001");
}

TEST_CASE("runtime.md#start 3: noNewPrivileges is set if it is true, else not") {
  Container container;
  CHECK(container.tells("status NoNewPrivs").value("NoNewPrivs") == "1");
  container.config["process"]["noNewPrivileges"] = false;
  CHECK(container.tells("status NoNewPrivs").value("NoNewPrivs") == "0");
}

TEST_CASE("runtime.md#start 3: scheduler is the program's policy and nice value") {
  Container container;
  container.config["process"]["scheduler"] = {{"policy", "SCHED_BATCH"}, {"nice", 5}};
  const Outcome seen = container.tells("sched");
  CHECK(seen.value("policy") == "3");
  CHECK(seen.value("nice") == "5");
}

TEST_CASE("runtime.md#start 3: ioPriority is the program's") {
  Container container;
  container.config["process"]["ioPriority"] = {{"class", "IOPRIO_CLASS_BE"}, {"priority", 6}};
  const Outcome seen = container.tells("ioprio");
  CHECK(seen.value("ioprio.class") == "2");
  CHECK(seen.value("ioprio.priority") == "6");
}

TEST_CASE("runtime.md#start 3: args[0] without a slash is searched in PATH of env") {
  Container container;
  container.config["process"]["env"] = {"PATH=/nowhere:/"};
  container.probe("ids");
  container.config["process"]["args"][0] = "probe";
  CHECK(container.lives().value("uid") == "0");
}
