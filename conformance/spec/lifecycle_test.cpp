// runtime.md#lifecycle, #errors and #warnings, and what is left after delete.
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "conformance/spec/container.hpp"
#include "tests/support/leftovers.hpp"

using namespace coracle::conformance;
using coracle::test::cgroup_directories;
using coracle::test::host_mounts;
using coracle::test::run;
namespace fs = std::filesystem;

namespace {

// What a container may have left on the host: nothing of it may be there.
void check_gone(const Container& container) {
  CHECK(container.command({"state", container.id()}).exit_code != 0);
  CHECK(cgroup_directories(container.cgroup()) == std::vector<std::string>{});
  CHECK(coracle::test::processes_of(container.id(), container.cgroup()) ==
        std::vector<std::string>{});
}

// A container whose hook of that kind fails, after the same without a hook has lived.
void add_failing_hook(Container& container, const std::string& kind) {
  CHECK(container.tells("ids").value("uid") == "0");
  fs::remove(container.path("output"));
  if (kind == "startContainer") {
    container.add_hook(kind, "/probe", {"probe", "exit", "1"});
  } else {
    container.add_hook(kind, container.script("failing", "cat >/dev/null; exit 1"));
  }
  container.add_hook(
      "poststop", container.script("last", "cat >/dev/null; echo >>" + container.path("poststop")));
}

void check_create_fails(Container& container) {
  CHECK(container.create().exit_code != 0);
  check_gone(container);
}

// Whether poststop hooks ran once whatever failed was cleared away, by us if it has to be.
bool poststop_hooks_ran(Container& container) {
  if (container.command({"state", container.id()}).exit_code == 0) {
    container.kill("KILL");
    container.reaches("stopped");
    container.remove();
  }
  return fs::exists(container.path("poststop"));
}

}  // namespace

TEST_CASE("runtime.md#lifecycle 1: create makes the environment that config.json describes") {
  Container container;
  container.config["hostname"] = "described";
  container.must_create();
  const std::string uts = "--uts=/proc/" + std::to_string(container.process()) + "/ns/uts";
  CHECK(run({.args = {"nsenter", uts, "hostname"}}).out == "described\n");
}

TEST_CASE("runtime.md#lifecycle 2: a root that is not there is an error") {
  Container container;
  container.must_refuse([](Json& config) { config["root"]["path"] = "no-such-directory"; });
}

TEST_CASE("runtime.md#lifecycle 3: create makes the resources and does not run the program") {
  Container container;
  container.probe("touch /ran");
  container.must_create();
  CHECK(cgroup_directories(container.cgroup()) != std::vector<std::string>{});
  CHECK(namespace_of(container.process(), "mnt") != namespace_of(::getpid(), "mnt"));
  CHECK_FALSE(fs::exists(container.rootfs() + "/ran"));
  container.must_start();
  REQUIRE(container.ends());
  CHECK(fs::exists(container.rootfs() + "/ran"));
}

TEST_CASE("runtime.md#lifecycle 4: an update of config.json after create has no effect") {
  Container container;
  container.probe("args created");
  container.must_create();
  container.probe("args updated");
  container.must_start();
  REQUIRE(container.ends());
  CHECK(container.output().find("arg.1=created\n") != std::string::npos);
}

TEST_CASE("runtime.md#lifecycle 6: a prestart hook that fails ends create with an error") {
  Container container;
  add_failing_hook(container, "prestart");
  check_create_fails(container);
}

TEST_CASE("runtime.md#lifecycle 8: a createRuntime hook that fails ends create with an error") {
  Container container;
  add_failing_hook(container, "createRuntime");
  check_create_fails(container);
}

TEST_CASE("runtime.md#lifecycle 10: a createContainer hook that fails ends create with an error") {
  Container container;
  add_failing_hook(container, "createContainer");
  check_create_fails(container);
}

TEST_CASE("runtime.md#lifecycle 12: a startContainer hook that fails ends start with an error") {
  Container container;
  add_failing_hook(container, "startContainer");
  container.must_create();
  CHECK(container.start().exit_code != 0);
  CHECK(container.ends());
  CHECK(container.output().find("uid=") == std::string::npos);
}

TEST_CASE("runtime.md#lifecycle 15: a poststart hook that fails ends start with an error") {
  Container container;
  add_failing_hook(container, "poststart");
  container.probe("wait-signal");
  container.must_create();
  CHECK(container.start().exit_code != 0);
  CHECK(container.ends());
}

TEST_CASE("runtime.md#lifecycle 12: a startContainer hook that fails leaves no container") {
  Container container;
  add_failing_hook(container, "startContainer");
  container.must_create();
  CHECK(container.start().exit_code != 0);
  check_gone(container);
}

TEST_CASE("runtime.md#lifecycle 15: a poststart hook that fails leaves no container") {
  Container container;
  add_failing_hook(container, "poststart");
  container.must_create();
  CHECK(container.start().exit_code != 0);
  check_gone(container);
}

TEST_CASE("runtime.md#lifecycle 6: poststop hooks follow a prestart hook that fails") {
  Container container;
  add_failing_hook(container, "prestart");
  CHECK(container.create().exit_code != 0);
  CHECK(poststop_hooks_ran(container));
}

TEST_CASE("runtime.md#lifecycle 8: poststop hooks follow a createRuntime hook that fails") {
  Container container;
  add_failing_hook(container, "createRuntime");
  CHECK(container.create().exit_code != 0);
  CHECK(poststop_hooks_ran(container));
}

TEST_CASE("runtime.md#lifecycle 10: poststop hooks follow a createContainer hook that fails") {
  Container container;
  add_failing_hook(container, "createContainer");
  CHECK(container.create().exit_code != 0);
  CHECK(poststop_hooks_ran(container));
}

TEST_CASE("runtime.md#lifecycle 12: poststop hooks follow a startContainer hook that fails") {
  Container container;
  add_failing_hook(container, "startContainer");
  container.must_create();
  CHECK(container.start().exit_code != 0);
  CHECK(poststop_hooks_ran(container));
}

TEST_CASE("runtime.md#lifecycle 15: poststop hooks follow a poststart hook that fails") {
  Container container;
  add_failing_hook(container, "poststart");
  container.must_create();
  CHECK(container.start().exit_code != 0);
  CHECK(poststop_hooks_ran(container));
}

TEST_CASE("runtime.md#lifecycle 13: start runs the program that process describes") {
  Container container;
  container.config["process"]["env"].push_back("DESCRIBED=yes");
  container.config["process"]["cwd"] = "/tmp";
  const Outcome seen = container.tells("env -- cwd");
  CHECK(seen.value("env.DESCRIBED") == "yes");
  CHECK(seen.value("cwd") == "/tmp");
}

TEST_CASE("runtime.md#lifecycle 16, runtime.md#delete 3: delete undoes what create has made") {
  Container container;
  const std::vector<std::string> mounts = host_mounts();
  container.must_wait();
  CHECK(cgroup_directories(container.cgroup()) != std::vector<std::string>{});
  container.must_end();
  REQUIRE(container.remove().exit_code == 0);
  check_gone(container);
  CHECK(host_mounts() == mounts);
}

TEST_CASE("runtime.md#lifecycle 18: after a poststop hook that fails the next is called") {
  Container container;
  container.add_hook("poststop", container.script("failing", "cat >/dev/null; exit 1"));
  container.add_hook("poststop",
                     container.script("next", "cat >/dev/null; echo >" + container.path("called")));
  container.must_wait();
  container.must_end();
  CHECK(container.remove().exit_code == 0);
  CHECK(fs::exists(container.path("called")));
  CHECK(container.command({"state", container.id()}).exit_code != 0);
}

TEST_CASE("runtime.md#delete 3: an id can be taken again after delete") {
  Container container;
  CHECK(container.tells("args first").value("arg.1") == "first");
  CHECK(container.tells("args second").value("arg.1") == "second");
}

TEST_CASE("runtime.md#delete 4: a network namespace that was joined outlives the container") {
  Container container;
  const coracle::test::Running holder({.args = {"unshare", "--net", "sleep", "60"}});
  const std::string ours = namespace_of(::getpid(), "net");
  REQUIRE(eventually([&] { return namespace_of(holder.pid(), "net") != ours; }));
  const std::string kept = container.path("kept");
  write_file(kept, "");
  const std::string source = "/proc/" + std::to_string(holder.pid()) + "/ns/net";
  REQUIRE(run({.args = {"mount", "--bind", source, kept}}).exit_code == 0);
  drop_namespace(container.config, "network");
  add_namespace(container.config, "network", kept);
  CHECK(container.tells("ns").value("ns.net") == namespace_of(holder.pid(), "net"));
  CHECK(run({.args = {"nsenter", "--net=" + kept, "true"}}).exit_code == 0);
  CHECK(run({.args = {"umount", kept}}).exit_code == 0);
}

TEST_CASE("runtime.md#delete 4: what was mounted from the host outlives the container") {
  Container container;
  fs::create_directory(container.path("source"));
  write_file(container.path("source/file"), "kept");
  add_mount(container.config, "/source", "bind", container.path("source"), {"rbind", "rw"});
  CHECK(container.tells("line /source/file").value("/source/file") == "kept");
  CHECK(read_file(container.path("source/file")) == "kept");
}

TEST_CASE("runtime.md#errors 1: a create that fails leaves nothing behind") {
  Container container;
  const std::vector<std::string> mounts = host_mounts();
  container.must_refuse([](Json& config) {
    config["linux"]["sysctl"] = {{"net.ipv4.no_such_setting", "1"}};
  });
  check_gone(container);
  CHECK(host_mounts() == mounts);
}

TEST_CASE("runtime.md#errors 1: after a create that failed the same id works") {
  Container container;
  const std::string root = container.config["root"]["path"];
  container.config["root"]["path"] = "no-such-directory";
  CHECK(container.create().exit_code != 0);
  container.config["root"]["path"] = root;
  CHECK(container.tells("ids").value("uid") == "0");
}

TEST_CASE("runtime.md#warnings 1: after what is a warning the container runs") {
  Container container;
  container.config["process"]["capabilities"]["bounding"].push_back("CAP_NO_SUCH_THING");
  CHECK(container.tells("status CapBnd").value("CapBnd") == "0000000020000420");
}
