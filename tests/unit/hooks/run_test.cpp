// Hooks: what they are given, how they end, what the error tells.
#include "hooks/run.hpp"

#include <doctest/doctest.h>
#include <signal.h>
#include <stdlib.h>

#include <filesystem>
#include <string>

#include "runtime/sys/files.hpp"
#include "tests/support/signals.hpp"

using namespace coracle;

namespace {

// A directory that is gone with the test.
class Scratch {
 public:
  Scratch() {
    std::string name = "/tmp/coracle-hooks-XXXXXX";
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { std::filesystem::remove_all(path_); }

  std::string file(const std::string& name) const { return path_ + "/" + name; }
  std::string read(const std::string& name) const {
    return sys::read_file(file(name)).value_or("(no file)");
  }

 private:
  std::string path_;
};

oci::Hook shell(const std::string& script) {
  oci::Hook hook;
  hook.path = "/bin/sh";
  hook.args = {"sh", "-c", script};
  hook.env = {"PATH=/usr/bin:/bin"};
  return hook;
}

oci::State state() {
  oci::State state;
  state.oci_version = "1.3.0";
  state.id = "web1";
  state.status = oci::Status::creating;
  state.pid = 42;
  state.bundle = "/bundle";
  return state;
}

std::string failure_of(const oci::Hook& hook) {
  const auto ran = hooks::run("createRuntime", {hook}, state());
  return ran ? "success" : ran.error().text();
}

}  // namespace

TEST_CASE("hooks: the state is on stdin") {
  const Scratch scratch;
  REQUIRE(hooks::run("prestart", {shell("cat > " + scratch.file("stdin"))}, state()).has_value());
  CHECK(scratch.read("stdin") == oci::write_state(state()));
}

TEST_CASE("hooks: a state larger than a pipe arrives whole") {
  const Scratch scratch;
  oci::State large = state();
  large.annotations["text"] = std::string(300'000, 'x');
  REQUIRE(hooks::run("prestart", {shell("cat > " + scratch.file("stdin"))}, large).has_value());
  CHECK(scratch.read("stdin") == oci::write_state(large));
}

TEST_CASE("hooks: one that does not read its stdin succeeds") {
  oci::State large = state();
  large.annotations["text"] = std::string(300'000, 'x');
  CHECK(hooks::run("prestart", {shell("exec <&-; exit 0")}, large).has_value());
  CHECK(hooks::run("prestart", {shell("exit 0")}, large).has_value());
}

TEST_CASE("hooks: argv[0] and the environment are as given") {
  const Scratch scratch;
  oci::Hook hook = shell("echo \"$0 $A\" > " + scratch.file("out"));
  hook.args.push_back("zero");
  hook.env = {"A=b c"};
  REQUIRE(hooks::run("prestart", {hook}, state()).has_value());
  CHECK(scratch.read("out") == "zero b c\n");
}

TEST_CASE("hooks: the environment is empty when none is given") {
  const Scratch scratch;
  oci::Hook hook = shell("while read -r line; do :; done; env > " + scratch.file("env"));
  hook.path = "/usr/bin/env";
  hook.args = {"env", "--chdir=" + scratch.file(""), "/bin/sh", "-c", "/usr/bin/env > env"};
  hook.env = {};
  REQUIRE(hooks::run("prestart", {hook}, state()).has_value());
  CHECK(scratch.read("env").find("HOME=") == std::string::npos);
  CHECK(scratch.read("env").find("PATH=") == std::string::npos);
}

TEST_CASE("hooks: they run in order and stop at the first failure") {
  const Scratch scratch;
  const std::string log = scratch.file("log");
  const auto ran = hooks::run("createRuntime",
                              {shell("echo 0 >> " + log), shell("echo 1 >> " + log + "; exit 3"),
                               shell("echo 2 >> " + log)},
                              state());
  CHECK(ran.error().text() ==
        "error running createRuntime hook #1: /bin/sh: exit status 3, stdout: , stderr: ");
  CHECK(scratch.read("log") == "0\n1\n");
}

TEST_CASE("hooks: run_all goes on after a failure and returns it") {
  const Scratch scratch;
  const auto failures = hooks::run_all(
      "poststop", {shell("exit 1"), shell("echo ran > " + scratch.file("log")), shell("exit 2")},
      state());
  REQUIRE(failures.size() == 2);
  CHECK(failures[1].text() ==
        "error running poststop hook #2: /bin/sh: exit status 2, stdout: , stderr: ");
  CHECK(scratch.read("log") == "ran\n");
}

TEST_CASE("hooks: their streams are appended to the files that annotations name") {
  const Scratch scratch;
  oci::State annotated = state();
  annotated.bundle = scratch.file("");
  annotated.annotations = {{"run.oci.hooks.stdout", scratch.file("out")},
                           {"run.oci.hooks.stderr", "errors"}};
  const std::vector<oci::Hook> hooks = {shell("echo one; echo two >&2"), shell("echo three")};
  REQUIRE(hooks::run("createRuntime", hooks, annotated).has_value());
  CHECK(hooks::run_all("poststop", {shell("echo four")}, annotated).empty());
  CHECK(scratch.read("out") == "one\nthree\nfour\n");
  CHECK(scratch.read("errors") == "two\n");
}

TEST_CASE("hooks: a file for their output that cannot be opened is an error") {
  oci::State annotated = state();
  annotated.annotations = {{"run.oci.hooks.stdout", "/no/such/file"}};
  CHECK(hooks::run("prestart", {shell("true")}, annotated).error().text() ==
        "run.oci.hooks.stdout: open /no/such/file: no such file or directory");
  CHECK(hooks::run("prestart", {}, annotated).has_value());
  CHECK(hooks::run_all("poststop", {shell("true")}, annotated).size() == 1);
}

TEST_CASE("hooks: a failure quotes both streams") {
  CHECK(failure_of(shell("echo said; echo 'no such device' >&2; exit 1")) ==
        "error running createRuntime hook #0: /bin/sh: exit status 1, stdout: said, "
        "stderr: no such device");
}

TEST_CASE("hooks: a failure quotes the last bytes alone") {
  const std::string text =
      failure_of(shell("i=0; while [ $i -lt 9000 ]; do echo 0123456789; i=$((i+1)); done >&2; "
                       "echo the end >&2; exit 1"));
  CHECK(text.ends_with("0123456789\nthe end"));
  CHECK(text.size() < 2200);
}

TEST_CASE("hooks: a failure names the signal that killed the hook") {
  CHECK(failure_of(shell("kill -9 $$")) ==
        "error running createRuntime hook #0: /bin/sh: killed by SIGKILL, stdout: , stderr: ");
}

TEST_CASE("hooks: a missing program is named with the errno text") {
  oci::Hook hook;
  hook.path = "/no/such/hook";
  CHECK(failure_of(hook) ==
        "error running createRuntime hook #0: /no/such/hook: execve: no such file or directory");
}

TEST_CASE("hooks: one that outlives its timeout is killed") {
  oci::Hook hook = shell("echo waiting; exec sleep 60");
  hook.timeout_s = 1;
  CHECK(failure_of(hook) ==
        "error running createRuntime hook #0: /bin/sh: hook ran past specified timeout of 1s, "
        "stdout: waiting, stderr: ");
}

TEST_CASE("hooks: one that neither reads nor ends still meets its timeout") {
  oci::Hook hook = shell("exec sleep 60");
  hook.timeout_s = 1;
  oci::State large = state();
  large.annotations["text"] = std::string(300'000, 'x');
  CHECK_FALSE(hooks::run("prestart", {hook}, large).has_value());
}

TEST_CASE("hooks: a grandchild that keeps the streams open is not waited for") {
  const Scratch scratch;
  const std::string hook = "sleep 600 & echo $! >" + scratch.file("grandchild");
  CHECK(hooks::run("prestart", {shell(hook)}, state()).has_value());
  const pid_t grandchild = std::stoi(scratch.read("grandchild"));
  CHECK(::kill(grandchild, SIGKILL) == 0);  // it lives
}

TEST_CASE("hooks: signals are neither blocked nor ignored in a hook") {
  const Scratch scratch;
  struct sigaction ignore = {};
  ignore.sa_handler = SIG_IGN;
  struct sigaction former = {};
  const test::RealTimeSignalsIgnored ignored;
  ::sigaction(SIGUSR1, &ignore, &former);
  const auto ran = hooks::run(
      "prestart", {shell("grep -E 'SigBlk|SigIgn' /proc/self/status > " + scratch.file("signals"))},
      state());
  ::sigaction(SIGUSR1, &former, nullptr);
  REQUIRE(ran.has_value());
  CHECK(scratch.read("signals") == "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST_CASE("hooks: our descriptors above stderr are closed in a hook") {
  const Scratch scratch;
  // dup(2) clears close-on-exec: a descriptor that an engine left us.
  const sys::Fd leaked(::dup(2));
  REQUIRE(hooks::run("prestart", {shell("ls /proc/self/fd > " + scratch.file("fds"))}, state())
              .has_value());
  // ls has the directory itself open as 3.
  CHECK(scratch.read("fds") == "0\n1\n2\n3\n");
}
