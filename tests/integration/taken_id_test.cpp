// An id that was deleted and taken again names another container: who made the first leaves that
// one alone.
#include <signal.h>

#include <string>

#include <doctest/doctest.h>

#include "tests/support/bundle.hpp"
#include "tests/support/process.hpp"

using namespace coracle::test;

TEST_CASE("run: at its end it leaves alone who has taken its container's id meanwhile") {
  Bundle bundle;
  bundle.probe("wait-signal");
  Running run(bundle.program({"run", "--bundle", bundle.dir(), bundle.id()}));
  REQUIRE(bundle.reaches("running"));
  REQUIRE(::kill(run.pid(), SIGSTOP) == 0);  // it learns of nothing for now
  REQUIRE(bundle.remove({"--force"}).exit_code == 0);
  // Where all of a container's cgroup are killed, and the first one's cgroup would not be in the way.
  drop_namespace(bundle.config, "pid");
  bundle.config["linux"]["cgroupsPath"] = bundle.cgroups_path() + "-other";
  bundle.launch();
  const pid_t pid = bundle.pid();
  REQUIRE(::kill(run.pid(), SIGCONT) == 0);
  const Outcome outcome = run.wait();
  CHECK_MESSAGE(outcome.exit_code == 128 + SIGKILL, outcome.text());
  CHECK(bundle.status() == "running");
  CHECK(bundle.pid() == pid);
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}
