// `pause` and `resume`, on each arrangement of cgroups.
#include <string>

#include <doctest/doctest.h>

#include "tests/support/container_cgroup.hpp"
#include "tests/support/text.hpp"

using namespace coracle::test;

namespace {

// Writes a line whenever the processor is its own.
void launch_writer(Bundle& bundle) {
  bundle.add_busybox();
  bundle.config["process"]["args"] = {"/bin/sh", "-c", "while :; do echo on; usleep 1000; done"};
  bundle.launch();
  REQUIRE(bundle.wrote("on"));
}

bool writes_on(const Bundle& bundle) {
  const std::size_t before = bundle.output().size();
  return eventually([&] { return bundle.output().size() > before; }, 1);
}

void check_refused(const Outcome& outcome, const char* reason) {
  CHECK(outcome.exit_code == 1);
  CHECK_MESSAGE(contains(outcome.err, reason), outcome.text());
}

}  // namespace

TEST_CASE("pause: every process stands still until resume") {
  for (const CgroupView view : possible_views()) {
    Bundle bundle;
    bundle.view = view;
    launch_writer(bundle);
    const Outcome paused = bundle.command({"pause", bundle.id()});
    CHECK_MESSAGE(paused.exit_code == 0, name(view), ": ", paused.text());
    CHECK(bundle.status() == "paused");
    CHECK_FALSE(writes_on(bundle));
    const Outcome resumed = bundle.command({"resume", bundle.id()});
    CHECK_MESSAGE(resumed.exit_code == 0, name(view), ": ", resumed.text());
    CHECK(bundle.status() == "running");
    CHECK(writes_on(bundle));
    CHECK(bundle.remove({"--force"}).exit_code == 0);
  }
}

TEST_CASE("pause: a created container can be paused, and started after resume") {
  Bundle bundle;
  bundle.probe("wait-signal");
  REQUIRE(bundle.create().exit_code == 0);
  CHECK(bundle.command({"pause", bundle.id()}).exit_code == 0);
  CHECK(bundle.status() == "paused");
  check_refused(bundle.start(), "cannot start a container in the paused state");
  CHECK(bundle.command({"resume", bundle.id()}).exit_code == 0);
  CHECK(bundle.status() == "created");
  CHECK(bundle.start().exit_code == 0);
  CHECK(bundle.wrote("ready=1"));
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("pause: only what runs is paused, only what is paused resumed") {
  Bundle bundle;
  check_refused(bundle.command({"pause", bundle.id()}), "container does not exist");
  check_refused(bundle.command({"resume", bundle.id()}), "container does not exist");
  bundle.probe("wait-signal");
  bundle.launch();
  check_refused(bundle.command({"resume", bundle.id()}), "container not paused");
  CHECK(bundle.command({"pause", bundle.id()}).exit_code == 0);
  check_refused(bundle.command({"pause", bundle.id()}), "container not running");
  CHECK(bundle.command({"resume", bundle.id()}).exit_code == 0);
  CHECK(bundle.kill("KILL").exit_code == 0);
  REQUIRE(bundle.reaches("stopped"));
  check_refused(bundle.command({"pause", bundle.id()}), "container not running");
  check_refused(bundle.command({"resume", bundle.id()}), "container not paused");
  CHECK(bundle.remove().exit_code == 0);
}

TEST_CASE("pause: a signal waits for resume, but not KILL") {
  for (const CgroupView view : possible_views()) {
    Bundle bundle;
    bundle.view = view;
    bundle.probe("wait-signal");
    bundle.launch();
    REQUIRE(bundle.wrote("ready=1"));
    CHECK(bundle.command({"pause", bundle.id()}).exit_code == 0);
    CHECK(bundle.kill("USR1").exit_code == 0);
    CHECK_FALSE(writes_on(bundle));
    CHECK(bundle.command({"resume", bundle.id()}).exit_code == 0);
    CHECK(bundle.wrote("caught=USR1"));
    CHECK(bundle.command({"pause", bundle.id()}).exit_code == 0);
    CHECK(bundle.kill("KILL").exit_code == 0);
    CHECK_MESSAGE(bundle.reaches("stopped"), name(view));
    CHECK(bundle.remove().exit_code == 0);
  }
}

TEST_CASE("pause: delete --force takes a paused container too") {
  for (const CgroupView view : possible_views()) {
    Bundle bundle;
    bundle.view = view;
    launch_writer(bundle);
    CHECK(bundle.command({"pause", bundle.id()}).exit_code == 0);
    CHECK(bundle.remove().exit_code == 1);
    CHECK_MESSAGE(bundle.remove({"--force"}).exit_code == 0, name(view));
  }
}
