// config.md#posix-platform-hooks and the sections below it; the hooks of runtime.md#lifecycle.
#include <unistd.h>

#include <filesystem>
#include <string>

#include <doctest/doctest.h>

#include "conformance/spec/container.hpp"

using namespace coracle::conformance;
namespace fs = std::filesystem;

namespace {

// What each hook of the host's begins with: the state, and the container process.
const std::string prologue =
    "state=$(tr -d '\\n')\n"
    "pid=$(echo \"$state\" | sed 's/.*\"pid\": *\\([0-9]*\\).*/\\1/')\n";

// `body` as a hook of the host's; it finds the directory for what it tells in $d.
void add_script(Container& container, const std::string& kind, const std::string& body) {
  const std::string script = "d=" + container.path("") + "\n" + prologue + body;
  container.add_hook(kind, container.script("hook-" + kind, script));
}

std::string told(const Container& container, const std::string& file) {
  std::string text = read_file(container.path(file));
  if (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

// In the container, for startContainer: `body` of BusyBox's shell.
void add_inner_script(Container& container, const std::string& body) {
  container.add_busybox();
  write_file(container.rootfs() + "/hook", "#!/bin/sh\n" + body + "\n");
  fs::permissions(container.rootfs() + "/hook", fs::perms::owner_all);
  container.add_hook("startContainer", "/hook");
}

const std::string own_namespaces = "readlink /proc/self/ns/mnt /proc/self/ns/net >$d/namespaces";

std::string namespaces_of(pid_t pid) {
  return namespace_of(pid, "mnt") + "\n" + namespace_of(pid, "net");
}

void check_runs_outside(const std::string& kind) {
  Container container;
  add_script(container, kind, own_namespaces);
  container.lives();
  CHECK(told(container, "namespaces") == namespaces_of(::getpid()));
}

// The environment is there, and the process still sees the host's root.
const std::string before_pivot =
    "grep -q ' [^ ]*/made ' /proc/$pid/mountinfo && test /proc/$pid/root -ef / &&\n"
    "test $(readlink /proc/$pid/ns/uts) != $(readlink /proc/self/ns/uts) && echo yes >$d/before";

void check_runs_before_pivot(const std::string& kind) {
  Container container;
  add_mount(container.config, "/made", "tmpfs", "tmpfs", {});
  add_script(container, kind, before_pivot);
  container.must_create();
  CHECK(told(container, "before") == "yes");
}

// Three hooks of each kind leave their numbers.
void add_three(Container& container, const std::string& kind) {
  for (const char* number : {"1", "2", "3"}) {
    if (kind == "startContainer") {
      container.add_hook(
          kind, "/bin/sh",
          {"sh", "-c", std::string("cat >/dev/null; echo -n ") + number + " >>/startContainer"});
    } else {
      const std::string body =
          std::string("cat >/dev/null; echo -n ") + number + " >>" + container.path(kind);
      container.add_hook(kind, container.script(kind + number, body));
    }
  }
}

void check_order(const std::string& kind) {
  Container container;
  if (kind == "startContainer") container.add_busybox();
  add_three(container, kind);
  container.lives();
  const bool is_inside = kind == "startContainer";
  CHECK(read_file(is_inside ? container.rootfs() + "/startContainer" : container.path(kind)) ==
        "123");
}

// The state that a hook gets.
void check_state(const std::string& kind, const std::string& status, bool has_process) {
  Container container;
  add_script(container, kind, "echo \"$state\" >$d/state");
  container.lives();
  const Json state = Json::parse(read_file(container.path("state")), nullptr, false);
  REQUIRE_MESSAGE(state.is_object(), "no state, but: " << read_file(container.path("state")));
  CHECK(state.value("id", "") == container.id());
  CHECK(state.value("bundle", "") == container.dir());
  CHECK(state.value("status", "") == status);
  CHECK(state.contains("ociVersion"));
  if (has_process) CHECK(state.value("pid", 0) == container.process());
}

}  // namespace

TEST_CASE(
    "config.md#posix-platform-hooks 1, config.md#posix-platform-hooks 5: a path that is not "
    "absolute is refused") {
  Container container;
  container.script("bundle/hook", "cat >/dev/null");
  container.must_refuse([](Json& config) {
    config["hooks"]["createRuntime"] = {{{"path", "hook"}}};
  });
}

TEST_CASE(
    "config.md#posix-platform-hooks 2, config.md#posix-platform-hooks 6: a timeout of zero is "
    "refused") {
  Container container;
  const std::string path = container.script("hook", "cat >/dev/null");
  container.must_refuse([&](Json& config) {
    config["hooks"]["createRuntime"] = {{{"path", path}, {"timeout", 0}}};
  });
}

TEST_CASE("config.md#posix-platform-hooks 2: a hook is ended after its timeout") {
  Container container;
  const std::string path = container.script("hook", "exec sleep 30");
  container.must_refuse([&](Json& config) {
    config["hooks"]["createRuntime"] = {{{"path", path}, {"timeout", 1}}};
  });
}

TEST_CASE(
    "config.md#posix-platform-hooks 3, config.md#posix-platform-hooks 4, config.md#prestart 3, "
    "config.md#prestart 4, runtime.md#lifecycle 5: prestart hooks are the host's, and run there") {
  check_runs_outside("prestart");
}

TEST_CASE(
    "config.md#posix-platform-hooks 7, config.md#posix-platform-hooks 8, "
    "config.md#createruntime-hooks 2, config.md#createruntime-hooks 3, runtime.md#lifecycle 7: "
    "createRuntime hooks are the host's, and run there") {
  check_runs_outside("createRuntime");
}

TEST_CASE(
    "config.md#posix-platform-hooks 9, config.md#posix-platform-hooks 10, "
    "config.md#createcontainer-hooks 3, config.md#createcontainer-hooks 4, runtime.md#lifecycle "
    "9: createContainer hooks are the host's, and run in the container's namespaces") {
  Container container;
  add_script(container, "createContainer", own_namespaces);
  container.must_create();
  CHECK(told(container, "namespaces") == namespaces_of(container.process()));
}

TEST_CASE(
    "config.md#posix-platform-hooks 11, config.md#posix-platform-hooks 12, "
    "config.md#startcontainer-hooks 2, config.md#startcontainer-hooks 3, runtime.md#lifecycle "
    "11: startContainer hooks are the container's, and run there") {
  Container container;
  add_inner_script(container,
                   "for kind in mnt net; do readlink /proc/self/ns/$kind; done >/namespaces");
  container.must_create();
  const std::string inside = namespaces_of(container.process());
  container.must_start();
  REQUIRE(container.ends());
  CHECK(read_file(container.rootfs() + "/namespaces") == inside + "\n");
}

TEST_CASE(
    "config.md#posix-platform-hooks 13, config.md#posix-platform-hooks 14, config.md#poststart "
    "2, config.md#poststart 3, runtime.md#lifecycle 14: poststart hooks are the host's, and run "
    "there") {
  check_runs_outside("poststart");
}

TEST_CASE(
    "config.md#posix-platform-hooks 15, config.md#posix-platform-hooks 16, config.md#poststop "
    "2, config.md#poststop 3, runtime.md#lifecycle 17: poststop hooks are the host's, and run "
    "there") {
  check_runs_outside("poststop");
}

TEST_CASE("config.md#posix-platform-hooks 17: prestart hooks are called in the listed order") {
  check_order("prestart");
}

TEST_CASE("config.md#posix-platform-hooks 17: createRuntime hooks are called in the listed order") {
  check_order("createRuntime");
}

TEST_CASE(
    "config.md#posix-platform-hooks 17: createContainer hooks are called in the listed order") {
  check_order("createContainer");
}

TEST_CASE(
    "config.md#posix-platform-hooks 17: startContainer hooks are called in the listed order") {
  check_order("startContainer");
}

TEST_CASE("config.md#posix-platform-hooks 17: poststart hooks are called in the listed order") {
  check_order("poststart");
}

TEST_CASE("config.md#posix-platform-hooks 17: poststop hooks are called in the listed order") {
  check_order("poststop");
}

TEST_CASE("config.md#posix-platform-hooks 18: prestart hooks get the state, creating") {
  check_state("prestart", "creating", true);
}

TEST_CASE("config.md#posix-platform-hooks 18: createRuntime hooks get the state, creating") {
  check_state("createRuntime", "creating", true);
}

TEST_CASE("config.md#posix-platform-hooks 18: createContainer hooks get the state, creating") {
  check_state("createContainer", "creating", false);
}

TEST_CASE("config.md#posix-platform-hooks 18: startContainer hooks get the state, created") {
  Container container;
  add_inner_script(container, "cat >/state");
  container.lives();
  const std::string text = read_file(container.rootfs() + "/state");
  const Json state = Json::parse(text, nullptr, false);
  REQUIRE_MESSAGE(state.is_object(), "no state, but: " << text);
  CHECK(state.value("id", "") == container.id());
  CHECK(state.value("status", "") == "created");
}

TEST_CASE("config.md#posix-platform-hooks 18: poststart hooks get the state, running") {
  check_state("poststart", "running", true);
}

TEST_CASE("config.md#posix-platform-hooks 18: poststop hooks get the state, stopped") {
  check_state("poststop", "stopped", false);
}

TEST_CASE("config.md#prestart 1: prestart hooks find the environment made, before pivot_root") {
  check_runs_before_pivot("prestart");
}

TEST_CASE("config.md#prestart 2: prestart hooks are called before createRuntime hooks") {
  Container container;
  add_script(container, "createRuntime", "echo -n createRuntime >>$d/order");
  add_script(container, "prestart", "echo -n prestart, >>$d/order");
  container.must_create();
  CHECK(told(container, "order") == "prestart,createRuntime");
}

TEST_CASE(
    "config.md#createruntime-hooks 1: createRuntime hooks find the environment made, before "
    "pivot_root") {
  check_runs_before_pivot("createRuntime");
}

TEST_CASE(
    "config.md#createcontainer-hooks 1: createContainer hooks find the environment made, before "
    "pivot_root") {
  Container container;
  add_mount(container.config, "/made", "tmpfs", "tmpfs", {});
  add_script(container, "createContainer",
             "grep -q ' [^ ]*/rootfs/made ' /proc/self/mountinfo && echo yes >$d/before");
  container.must_create();
  CHECK(told(container, "before") == "yes");
}

TEST_CASE(
    "config.md#createcontainer-hooks 2: createContainer hooks are called after createRuntime "
    "hooks") {
  Container container;
  add_script(container, "createContainer", "echo -n createContainer >>$d/order");
  add_script(container, "createRuntime", "echo -n createRuntime, >>$d/order");
  container.must_create();
  CHECK(told(container, "order") == "createRuntime,createContainer");
}

TEST_CASE(
    "config.md#startcontainer-hooks 1: startContainer hooks are called by start, before the "
    "program") {
  Container container;
  add_inner_script(container, "echo called >/called");
  container.probe("line /called");
  container.must_create();
  CHECK_FALSE(fs::exists(container.rootfs() + "/called"));
  container.must_start();
  REQUIRE(container.ends());
  CHECK(container.output().find("/called=called\n") != std::string::npos);
}

TEST_CASE("config.md#poststart 1: poststart hooks are called once the program runs") {
  Container container;
  add_script(container, "poststart", "readlink /proc/$pid/exe >$d/program");
  container.must_wait();
  CHECK(told(container, "program").ends_with("/probe"));
}

TEST_CASE("config.md#poststart 1: start returns after its poststart hooks") {
  Container container;
  add_script(container, "poststart", "sleep 0.3; echo yes >$d/called");
  container.probe("wait-signal");
  container.must_create();
  CHECK_FALSE(fs::exists(container.path("called")));
  container.must_start();
  CHECK(told(container, "called") == "yes");
}

TEST_CASE("config.md#poststop 1: poststop hooks are called once the container is deleted") {
  Container container;
  add_script(container, "poststop",
             coracle::test::runtime_binary() + " --root " + container.root() + " state " +
                 container.id() + " >/dev/null 2>&1; echo $? >$d/state");
  container.must_wait();
  container.must_end();
  CHECK_FALSE(fs::exists(container.path("state")));
  REQUIRE(container.remove().exit_code == 0);
  CHECK(told(container, "state") != "0");
  CHECK(told(container, "state") != "");
}

TEST_CASE("config.md#poststop 1: delete returns after its poststop hooks") {
  Container container;
  add_script(container, "poststop", "sleep 0.3; echo yes >$d/called");
  container.must_wait();
  container.must_end();
  REQUIRE(container.remove().exit_code == 0);
  CHECK(told(container, "called") == "yes");
}
