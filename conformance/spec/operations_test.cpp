// runtime.md#operations and the sections below it: state, create, start, kill, delete.
#include <signal.h>

#include <filesystem>
#include <string>

#include <doctest/doctest.h>

#include "conformance/spec/container.hpp"

using namespace coracle::conformance;
namespace fs = std::filesystem;

namespace {

// The fields that state must have, and what they must be.
void check_state(const Container& container, const std::string& status) {
  const Json state = container.state();
  REQUIRE_MESSAGE(state.is_object(), "state has no object to tell");
  CHECK(state.value("ociVersion", "").find('.') != std::string::npos);
  CHECK(state.value("id", "") == container.id());
  CHECK(state.value("status", "") == status);
  CHECK(state.value("bundle", "") == container.dir());
}

}  // namespace

TEST_CASE("runtime.md#scope-of-a-container 1: a container takes each operation in turn") {
  Container container;
  CHECK(container.tells("ids").value("uid") == "0");
  CHECK(container.command({"state", container.id()}).exit_code != 0);
}

TEST_CASE("runtime.md#operations 1: state, create, start, kill and delete are there") {
  Container container;
  container.must_wait();
  CHECK(container.status() == "running");
  container.must_end();
  CHECK(container.remove().exit_code == 0);
}

TEST_CASE("runtime.md#query-state 1: state without an id is an error") {
  Container container;
  container.must_create();
  CHECK(container.command({"state"}).exit_code != 0);
  CHECK(container.status() == "created");
}

TEST_CASE("runtime.md#query-state 2: state of an unknown container is an error") {
  Container container;
  container.must_create();
  CHECK(container.command({"state", container.id() + "-unknown"}).exit_code != 0);
  CHECK(container.status() == "created");
}

TEST_CASE("runtime.md#query-state 3: state tells of a created, a running, a stopped container") {
  Container container;
  container.probe("wait-signal");
  container.must_create();
  check_state(container, "created");
  CHECK(container.pid() == container.process());
  container.must_start();
  REQUIRE(container.wrote("ready=1"));
  check_state(container, "running");
  CHECK(container.pid() == container.process());
  container.must_end();
  check_state(container, "stopped");
}

TEST_CASE("runtime.md#state 1: two containers have their own ids") {
  Container one;
  Container other;
  one.must_create();
  other.must_create();
  CHECK(one.state().value("id", "") == one.id());
  CHECK(other.state().value("id", "") == other.id());
  CHECK(one.pid() != other.pid());
}

TEST_CASE("runtime.md#state 2: the status is none but those that are defined") {
  Container container;
  container.must_wait();
  CHECK(container.status() == "running");
  container.must_end();
  CHECK(container.status() == "stopped");
}

TEST_CASE("runtime.md#state 3: state adheres to the schema of its document") {
  Container container;
  container.config["annotations"] = {{"org.example.key", "value"}};
  container.must_create();
  const Json state = container.state();
  REQUIRE(state.is_object());
  for (const char* field : {"ociVersion", "id", "status", "bundle"}) {
    CHECK_MESSAGE(state.value(field, Json()).is_string(), field);
  }
  CHECK(state.value("pid", Json()).is_number_integer());
  CHECK(state.value("annotations", Json()) == container.config["annotations"]);
}

TEST_CASE("runtime.md#create 1: create without an id is an error") {
  Container container;
  CHECK(container.command({"create", "--bundle", container.dir()}).exit_code != 0);
  container.must_create();
}

TEST_CASE("runtime.md#create 1: create without a bundle's path is an error") {
  Container container;
  // What is no bundle stands in for the path that a command line may take from where it is.
  CHECK(
      container.command({"create", "--bundle", container.path("none"), container.id()}).exit_code !=
      0);
  container.must_create();
}

TEST_CASE("runtime.md#create 2: an id that is taken is refused, and its container left alone") {
  Container container;
  container.must_create();
  const pid_t first = container.process();
  CHECK(container.create().exit_code != 0);
  CHECK(container.pid() == first);
  container.must_start();
}

TEST_CASE("runtime.md#create 2: an id that is no name of a file is refused") {
  Container container;
  for (const char* id : {"", "../outside", "a/b", ".."}) {
    CHECK_MESSAGE(container.command({"create", "--bundle", container.dir(), id}).exit_code != 0,
                  "the id '" << id << "'");
  }
  container.must_create();
}

TEST_CASE("runtime.md#create 3: create makes a container") {
  Container container;
  container.must_create();
  CHECK(container.status() == "created");
  CHECK(::kill(container.process(), 0) == 0);
}

TEST_CASE("runtime.md#create 5: args are not applied before start") {
  Container container;
  container.probe("touch /ran");
  container.must_create();
  CHECK_FALSE(fs::exists(container.rootfs() + "/ran"));
  container.must_start();
  REQUIRE(container.ends());
  CHECK(fs::exists(container.rootfs() + "/ran"));
}

TEST_CASE("runtime.md#create 6: a property that cannot be applied makes no container") {
  Container container;
  container.must_refuse([](Json& config) {
    config["linux"]["sysctl"] = {{"net.ipv4.no_such_setting", "1"}};
  });
}

TEST_CASE("runtime.md#start 1: start without an id is an error") {
  Container container;
  container.must_create();
  CHECK(container.command({"start"}).exit_code != 0);
  CHECK(container.status() == "created");
}

TEST_CASE("runtime.md#start 2: start of a running container is an error without effect") {
  Container container;
  container.must_wait();
  const pid_t first = container.process();
  CHECK(container.start().exit_code != 0);
  CHECK(container.status() == "running");
  CHECK(container.pid() == first);
}

TEST_CASE("runtime.md#start 2: start of a stopped container is an error without effect") {
  Container container;
  container.must_wait();
  container.must_end();
  CHECK(container.start().exit_code != 0);
  CHECK(container.status() == "stopped");
}

TEST_CASE("runtime.md#start 2: start of an unknown container is an error") {
  Container container;
  CHECK(container.start().exit_code != 0);
  container.must_create();
  container.must_start();
}

TEST_CASE("runtime.md#start 3: start runs the program with its arguments") {
  Container container;
  const Outcome seen = container.tells("args one two");
  CHECK(seen.value("arg.1") == "one");
  CHECK(seen.value("arg.2") == "two");
}

TEST_CASE("runtime.md#start 4: start without a process is an error") {
  Container container;
  container.must_refuse_to_run([](Json& config) { config.erase("process"); });
}

TEST_CASE("runtime.md#kill 1: kill without an id is an error") {
  Container container;
  container.must_wait();
  CHECK(container.command({"kill"}).exit_code != 0);
  CHECK(container.status() == "running");
}

TEST_CASE("runtime.md#kill 2: kill of a stopped container is an error without effect") {
  Container container;
  container.must_wait();
  container.must_end();
  CHECK(container.kill("TERM").exit_code != 0);
  CHECK(container.status() == "stopped");
}

TEST_CASE("runtime.md#kill 2: kill of an unknown container is an error") {
  Container container;
  CHECK(container.kill("TERM").exit_code != 0);
  container.must_wait();
}

TEST_CASE("runtime.md#kill 3: the container process gets the signal that is named") {
  Container container;
  container.must_wait();
  CHECK(container.kill("USR1").exit_code == 0);
  CHECK(container.wrote("caught=USR1"));
  CHECK(container.kill("HUP").exit_code == 0);
  CHECK(container.wrote("caught=HUP"));
}

TEST_CASE("runtime.md#kill 3: a created container takes signals too") {
  Container container;
  container.must_create();
  CHECK(container.kill("KILL").exit_code == 0);
  CHECK(container.ends());
  CHECK(container.reaches("stopped"));
}

TEST_CASE("runtime.md#delete 1: delete without an id is an error") {
  Container container;
  container.must_wait();
  container.must_end();
  CHECK(container.command({"delete"}).exit_code != 0);
  CHECK(container.status() == "stopped");
}

TEST_CASE("runtime.md#delete 2: delete of a running container is an error without effect") {
  Container container;
  container.must_wait();
  CHECK(container.remove().exit_code != 0);
  CHECK(container.status() == "running");
}

TEST_CASE("runtime.md#delete 2: delete of a created container is an error without effect") {
  Container container;
  container.must_create();
  CHECK(container.remove().exit_code != 0);
  CHECK(container.status() == "created");
}

TEST_CASE("runtime.md#delete 2: delete of an unknown container is an error") {
  Container container;
  CHECK(container.remove().exit_code != 0);
  container.must_create();
}
