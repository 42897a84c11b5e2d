// config.md#posix-platform-hooks: order, state on stdin, environment, failures, time limits.
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/bundle.hpp"
#include "tests/support/summary.hpp"
#include "tests/support/text.hpp"

using namespace coracle::test;
namespace fs = std::filesystem;

namespace {

// A hook that runs `script` by the host's shell.
Json shell_hook(const std::string& script) {
  return {{"path", "/bin/sh"}, {"args", {"sh", "-c", script}}};
}

// A hook of each kind that runs on the host notes its name in `order`, and its stdin in NAME.
void note_all(Bundle& bundle) {
  for (const char* name :
       {"prestart", "createRuntime", "createContainer", "poststart", "poststop"}) {
    const std::string note =
        "echo " + std::string(name) + " >>" + bundle.path("order") + "; cat >" + bundle.path(name);
    bundle.config["hooks"][name] = {shell_hook(note)};
  }
}

Json state_given_to(const Bundle& bundle, const std::string& hook) {
  return Json::parse(read_file(bundle.path(hook)));
}

}  // namespace

TEST_CASE("hooks: each runs at its point of the lifecycle, in the order of the specification") {
  if (testing_old_runc()) return skip_case("runc 1.1 runs poststart at create");
  Bundle bundle;
  note_all(bundle);
  bundle.probe("wait-signal");
  REQUIRE(bundle.create().exit_code == 0);
  CHECK(words(read_file(bundle.path("order"))) == "prestart createRuntime createContainer");
  CHECK(bundle.start().exit_code == 0);
  CHECK(words(read_file(bundle.path("order"))).ends_with("createContainer poststart"));
  CHECK(bundle.remove({"--force"}).exit_code == 0);
  CHECK(words(read_file(bundle.path("order"))).ends_with("poststart poststop"));
}

TEST_CASE("hooks: each reads the state on stdin, with the status of its point") {
  if (testing_old_runc()) return skip_case("runc 1.1 runs poststart at create");
  Bundle bundle;
  note_all(bundle);
  bundle.config["annotations"] = {{"key", "value"}};
  bundle.probe("wait-signal");
  bundle.launch();
  const pid_t pid = bundle.pid();
  CHECK(bundle.remove({"--force"}).exit_code == 0);
  for (const char* name :
       {"prestart", "createRuntime", "createContainer", "poststart", "poststop"}) {
    const Json state = state_given_to(bundle, name);
    CHECK(state.at("id") == bundle.id());
    CHECK(state.at("bundle") == bundle.dir());
    CHECK(state.at("annotations").at("key") == "value");
    CHECK(state.at("ociVersion").is_string());
  }
  CHECK(state_given_to(bundle, "createRuntime").at("status") == "creating");
  CHECK(state_given_to(bundle, "createRuntime").at("pid") == pid);
  CHECK(state_given_to(bundle, "poststart").at("status") == "running");
  CHECK(state_given_to(bundle, "poststart").at("pid") == pid);
  CHECK(state_given_to(bundle, "poststop").at("status") == "stopped");
}

TEST_CASE("hooks: several of one kind run in the order of the list") {
  Bundle bundle;
  const std::string file = bundle.path("order");
  for (const char* name : {"one", "two", "three"}) {
    bundle.config["hooks"]["createRuntime"].push_back(
        shell_hook("echo " + std::string(name) + " >>" + file));
  }
  CHECK(bundle.run().exit_code == 0);
  CHECK(words(read_file(file)) == "one two three");
}

TEST_CASE("hooks: args and environment are exactly what is configured") {
  Bundle bundle;
  Json hook = shell_hook("echo $0 $1 >" + bundle.path("seen") + "; env >>" + bundle.path("seen"));
  hook["args"] = {"a-name", "-c", hook["args"][2], "zero", "first"};
  hook["env"] = {"ONE=1", "PATH=/usr/bin:/bin"};
  bundle.config["hooks"]["createRuntime"] = {hook};
  CHECK(bundle.run().exit_code == 0);
  const std::string seen = read_file(bundle.path("seen"));
  CHECK(seen.starts_with("zero first\n"));
  CHECK(contains(seen, "ONE=1\n"));
  CHECK_FALSE(contains(seen, "HOME="));
}

TEST_CASE("hooks: those of the host start in the bundle, createContainer in the root file system") {
  Bundle bundle;
  for (const char* name :
       {"prestart", "createRuntime", "createContainer", "poststart", "poststop"}) {
    bundle.config["hooks"][name] = {shell_hook("pwd -P >" + bundle.path(name))};
  }
  CHECK(bundle.run().exit_code == 0);
  for (const char* name : {"prestart", "createRuntime", "poststart", "poststop"})
    CHECK_MESSAGE(read_file(bundle.path(name)) == bundle.dir() + "\n", name);
  CHECK(read_file(bundle.path("createContainer")) == bundle.rootfs() + "\n");
}

TEST_CASE("hooks: startContainer starts where the process does, and with its environment") {
  Bundle bundle;
  bundle.add_busybox();
  bundle.config["process"]["cwd"] = "/tmp";
  bundle.config["process"]["env"] = {"PATH=/bin", "ONE=1"};
  Json hook = {{"path", "/bin/sh"}, {"args", {"sh", "-c", "pwd >>/seen; echo $ONE$TWO >>/seen"}}};
  bundle.config["hooks"]["startContainer"] = {hook};
  hook["env"] = {"TWO=2"};
  bundle.config["hooks"]["startContainer"].push_back(hook);
  bundle.probe("cat /seen");
  CHECK(words(bundle.run().out) == "/tmp 1 /tmp 2");
}

TEST_CASE("hooks: createRuntime has the host's namespaces, createContainer the container's") {
  Bundle bundle;
  const std::string look = "readlink /proc/self/ns/mnt /proc/self/ns/uts >";
  bundle.config["hooks"]["createRuntime"] = {shell_hook(look + bundle.path("runtime"))};
  bundle.config["hooks"]["createContainer"] = {shell_hook(look + bundle.path("container"))};
  CHECK(bundle.run().exit_code == 0);
  const std::string ours = fs::read_symlink("/proc/self/ns/mnt").string() + " " +
                           fs::read_symlink("/proc/self/ns/uts").string();
  CHECK(words(read_file(bundle.path("runtime"))) == ours);
  const std::string theirs = words(read_file(bundle.path("container")));
  CHECK(theirs.starts_with("mnt:"));
  CHECK(theirs != ours);
}

TEST_CASE("hooks: createContainer sees the container's mounts below the root file system") {
  Bundle bundle;
  add_mount(bundle.config, "/tmp", "tmpfs", "tmpfs", {});
  bundle.config["hooks"]["createContainer"] = {
      shell_hook("echo text >" + bundle.rootfs() + "/tmp/made")};
  CHECK(bundle.report("line /tmp/made").value("/tmp/made") == "text");
  CHECK_FALSE(fs::exists(bundle.rootfs() + "/tmp/made"));
}

TEST_CASE("hooks: startContainer runs in the container, before the program") {
  Bundle bundle;
  bundle.add_busybox();
  bundle.config["hooks"]["startContainer"] = {
      {{"path", "/bin/sh"}, {"args", {"sh", "-c", "cat >/tmp/state; hostname >/tmp/name"}}}};
  bundle.probe("line /tmp/name -- cat /tmp/state");
  const Outcome outcome = bundle.run();
  CHECK(outcome.value("/tmp/name") == "probe");
  const std::string state = outcome.out.substr(outcome.out.find('\n') + 1);
  CHECK(Json::parse(state).at("id") == bundle.id());
}

TEST_CASE("hooks: one that fails before the program starts fails the command and leaves nothing") {
  for (const char* name : {"prestart", "createRuntime", "createContainer"}) {
    Bundle bundle;
    bundle.config["hooks"][name] = {shell_hook("true"), shell_hook("echo broken >&2; exit 3")};
    const Outcome outcome = bundle.create();
    CHECK_MESSAGE(outcome.exit_code == 1, name);
    CHECK_MESSAGE(contains(outcome.out, "hook #1"), outcome.text());
    CHECK_MESSAGE(contains(outcome.out, "exit status 3"), outcome.text());
    CHECK_MESSAGE(contains(outcome.out, "broken"), outcome.text());
    CHECK(bundle.status() == "unknown");
  }
}

TEST_CASE("hooks: startContainer's failure keeps the program from running") {
  Bundle bundle;
  bundle.config["hooks"]["startContainer"] = {{{"path", "/probe"}, {"args", {"p", "exit", "4"}}}};
  bundle.probe("write /ran text");
  const Outcome outcome = bundle.run();
  CHECK(outcome.exit_code != 0);
  CHECK_MESSAGE(contains(outcome.err, "hook #0"), outcome.text());
  CHECK_FALSE(fs::exists(bundle.rootfs() + "/ran"));
}

TEST_CASE("hooks: startContainer's failure fails start and deletes the container") {
  if (testing_runc()) return skip_case("runc's start does not tell of it");
  Bundle bundle;
  bundle.config["hooks"]["startContainer"] = {{{"path", "/probe"}, {"args", {"p", "exit", "4"}}}};
  bundle.config["hooks"]["poststop"] = {shell_hook("echo ran >" + bundle.path("poststop"))};
  REQUIRE(bundle.create().exit_code == 0);
  const Outcome outcome = bundle.start();
  CHECK(outcome.exit_code == 1);
  CHECK_MESSAGE(contains(outcome.err, "startContainer hooks"), outcome.text());
  CHECK(bundle.status() == "unknown");
  CHECK(read_file(bundle.path("poststop")) == "ran\n");
}

TEST_CASE("hooks: poststart's failure fails start and ends the container") {
  if (testing_old_runc()) return skip_case("runc 1.1 runs poststart at create");
  Bundle bundle;
  bundle.config["hooks"]["poststart"] = {shell_hook("exit 5")};
  bundle.probe("wait-signal");
  REQUIRE(bundle.create().exit_code == 0);
  const Outcome outcome = bundle.start();
  CHECK(outcome.exit_code == 1);
  CHECK_MESSAGE(contains(outcome.err, "hook #0"), outcome.text());
  CHECK(eventually([&] { return bundle.status() != "running"; }));
  bundle.remove({"--force"});
}

TEST_CASE("hooks: poststop's failure is no failure of delete, and the next one runs") {
  if (testing_old_runc()) return skip_case("runc 1.1 stops at the first");
  Bundle bundle;
  bundle.config["hooks"]["poststop"] = {shell_hook("exit 6"),
                                        shell_hook("echo ran >" + bundle.path("second"))};
  bundle.launch();
  REQUIRE(bundle.reaches("stopped"));
  CHECK(bundle.remove().exit_code == 0);
  CHECK(read_file(bundle.path("second")) == "ran\n");
}

TEST_CASE("hooks: one that outlives its timeout fails") {
  Bundle bundle;
  Json hook = shell_hook("exec sleep 60");
  hook["timeout"] = 1;
  bundle.config["hooks"]["createRuntime"] = {hook};
  Program create = bundle.program({"create", "--bundle", bundle.dir(), bundle.id()});
  create.limit_s = 20;
  const Outcome outcome = run(create);
  CHECK(outcome.exit_code == 1);
  CHECK_MESSAGE(contains(outcome.err, "1"), outcome.text());
}

TEST_CASE("hooks: what one leaves in the container's cgroup goes with the container") {
  for (const char* script : {"sleep 60; true", "sleep 60 & exit 1", "sleep 60 & true"}) {
    CAPTURE(std::string(script));
    Bundle bundle;
    drop_namespace(bundle.config, "pid");
    Json hook = shell_hook(script);
    hook["timeout"] = 1;
    bundle.config["hooks"]["createContainer"] = {hook};
    CHECK(bundle.run().exit_code == (script == std::string("sleep 60 & true") ? 0 : 1));
  }
}

TEST_CASE("hooks: a program that is not there, or a relative path, is an error") {
  Bundle bundle;
  bundle.config["hooks"]["createRuntime"] = {{{"path", "/no/such/hook"}}};
  const Outcome outcome = bundle.run();
  CHECK(outcome.exit_code == 1);
  CHECK_MESSAGE(contains(outcome.err, "/no/such/hook"), outcome.text());
  bundle.config["hooks"]["createRuntime"] = {{{"path", "bin/sh"}}};
  CHECK(bundle.run().exit_code == 1);
}

TEST_CASE("hooks: the network of the container is there for prestart and createRuntime") {
  Bundle bundle;
  const std::string take_pid = R"(pid=$(sed 's/.*"pid": *\([0-9]*\).*/\1/'))";
  bundle.config["hooks"]["prestart"] = {
      shell_hook(take_pid + "; readlink /proc/$pid/ns/net >" + bundle.path("net"))};
  const std::string inside = bundle.report("ns").value("ns.net");
  CHECK(words(read_file(bundle.path("net"))) == inside);
}
