// $NOTIFY_SOCKET: what a service manager hears from a container.
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/sockets.hpp"
#include "tests/support/summary.hpp"
#include "tests/support/text.hpp"
#include "tests/support/waiting.hpp"

using namespace coracle::test;

namespace {

// The runtime as a service whose manager listens in `bundle`.
Program service(const Bundle& bundle, const std::vector<std::string>& args) {
  Program program = bundle.program(args);
  program.environment.push_back("NOTIFY_SOCKET=" + bundle.path("manager"));
  return program;
}

// Its messages up to the one with MAINPID, as one text.
std::string readiness(const DatagramSocket& manager) {
  std::string all;
  while (!contains(all, "MAINPID=")) all += manager.receive();
  return all;
}

// The runtime stays until its message has been read.
void await_barrier(const DatagramSocket& manager) {
  if (!testing_old_runc()) CHECK(manager.receive() == "BARRIER=1");
}

}  // namespace

TEST_CASE("readiness: run tells the manager that the container is ready, with itself as main") {
  for (const Owner owner : {Owner::root, Owner::mapped, Owner::user}) {
    CAPTURE(name(owner));
    Waiting container(owner);
    Bundle& bundle = container.bundle;
    const DatagramSocket manager(bundle.path("manager"));
    bundle.probe("env -- notify STATUS=starting MAINPID=1 READY=1 -- wait-signal");
    Program program = service(bundle, {"run", "--bundle", bundle.dir(), bundle.id()});
    program.out_path = bundle.path("output");
    Running running(program);
    const std::string pid = std::to_string(running.pid());
    const std::string told = readiness(manager);
    CHECK_MESSAGE(contains(told, "READY=1\n"), told);
    CHECK_MESSAGE(contains(told, "MAINPID=" + pid + "\n"), told);
    CHECK_FALSE(contains(told, "STATUS"));
    CHECK(contains(bundle.output(), "env.NOTIFY_SOCKET=/run/notify/notify.sock\n"));
    REQUIRE(bundle.wrote("ready=1"));
    CHECK(bundle.kill("TERM").exit_code == 0);
    CHECK(running.wait().exit_code == 0);
  }
}

TEST_CASE("readiness: run --detach waits for it and tells the main process of the container") {
  for (const Owner owner : {Owner::root, Owner::mapped}) {
    Waiting container(owner);
    Bundle& bundle = container.bundle;
    const DatagramSocket manager(bundle.path("manager"));
    bundle.probe("sleep 1 -- notify READY=1 -- wait-signal");
    Program program = service(bundle, {"run", "--detach", "--bundle", bundle.dir(), bundle.id()});
    program.out_path = bundle.path("output");
    Running running(program);
    const std::string told = readiness(manager);
    const std::string pid = std::to_string(bundle.pid());
    CHECK_MESSAGE(contains(told, "READY=1\n"), told);
    CHECK_MESSAGE(contains(told, "MAINPID=" + pid + "\n"), told);
    await_barrier(manager);
    CHECK(running.wait().exit_code == 0);
    CHECK(bundle.status() == "running");
  }
}

TEST_CASE("readiness: the manager's socket may be an abstract one") {
  Waiting container;
  Bundle& bundle = container.bundle;
  const std::string address = "@" + bundle.path("manager");
  const DatagramSocket manager(address);
  bundle.probe("notify READY=1");
  Program program = bundle.program({"run", "--bundle", bundle.dir(), bundle.id()});
  program.environment = {"NOTIFY_SOCKET=" + address};
  Running running(program);
  CHECK(contains(readiness(manager), "READY=1\n"));
  CHECK(running.wait().exit_code == 0);
}

TEST_CASE("readiness: create offers the socket and start waits at it") {
  Waiting container;
  Bundle& bundle = container.bundle;
  const DatagramSocket manager(bundle.path("manager"));
  bundle.probe("notify READY=1 -- wait-signal");
  Program create = service(bundle, {"create", "--bundle", bundle.dir(), bundle.id()});
  create.out_path = bundle.path("output");
  REQUIRE(run(create).exit_code == 0);
  const std::string pid = std::to_string(bundle.pid());
  Running start(service(bundle, {"start", bundle.id()}));
  CHECK(contains(readiness(manager), "MAINPID=" + pid + "\n"));
  await_barrier(manager);
  CHECK(start.wait().exit_code == 0);
}

TEST_CASE("readiness: a container that ends without it keeps nobody waiting") {
  if (testing_old_runc()) return skip_case("runc 1.1 waits for ever");
  Bundle bundle;
  const DatagramSocket manager(bundle.path("manager"));
  bundle.probe("notify STOPPING=1 -- exit 0");
  Program program = service(bundle, {"run", "--detach", "--bundle", bundle.dir(), bundle.id()});
  program.out_path = bundle.path("output");
  CHECK(run(program).exit_code == 0);
  CHECK(bundle.reaches("stopped"));
  CHECK(bundle.remove().exit_code == 0);
  bundle.probe("exit 3");
  CHECK(run(service(bundle, {"run", "--bundle", bundle.dir(), bundle.id()})).exit_code == 3);
  CHECK(manager.is_empty());
}

TEST_CASE(
    "readiness: the socket's directory is read-only and exec'd processes know nothing of it") {
  Waiting container;
  Bundle& bundle = container.bundle;
  const DatagramSocket manager(bundle.path("manager"));
  bundle.probe("notify READY=1 -- wait-signal");
  Program program = service(bundle, {"run", "--detach", "--bundle", bundle.dir(), bundle.id()});
  program.out_path = bundle.path("output");
  Running running(program);
  readiness(manager);
  await_barrier(manager);
  REQUIRE(running.wait().exit_code == 0);
  const Outcome inside = container.report("env -- mountinfo");
  CHECK(inside.values("env.NOTIFY_SOCKET").empty());
  CHECK(contains(inside.out, " /run/notify ro,nosuid,nodev,noexec"));
}

TEST_CASE("readiness: start without what create was given does not wait") {
  if (testing_old_runc()) return skip_case("runc 1.1 fails");
  Waiting container;
  const Bundle& bundle = container.bundle;
  const DatagramSocket manager(bundle.path("manager"));
  container.create();
  CHECK(run(service(bundle, {"start", bundle.id()})).exit_code == 0);
  CHECK(manager.is_empty());
}

TEST_CASE("readiness: a manager that is not there is no reason to fail") {
  Bundle bundle;
  bundle.probe("exit 4");
  const Outcome outcome = run(service(bundle, {"run", "--bundle", bundle.dir(), bundle.id()}));
  CHECK_MESSAGE(outcome.exit_code == 4, outcome.text());
}
