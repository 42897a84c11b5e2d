// --cgroup-manager: containers in the cgroups of their caller.
#include <unistd.h>

#include <sstream>
#include <string>

#include <doctest/doctest.h>

#include "tests/support/bundle.hpp"
#include "tests/support/captured.hpp"
#include "tests/support/container_cgroup.hpp"
#include "tests/support/leftovers.hpp"
#include "tests/support/summary.hpp"
#include "tests/support/text.hpp"
#include "tests/support/waiting.hpp"

using namespace coracle::test;

namespace {

Outcome without_cgroups(const Bundle& bundle, std::vector<std::string> command) {
  std::vector<std::string> args = {"--log", bundle.path("log"), "--cgroup-manager", "disabled"};
  args.insert(args.end(), command.begin(), command.end());
  args.push_back(bundle.id());
  return bundle.command(args);
}

Outcome create_without(const Bundle& bundle) {
  Program create = bundle.program({"--log", bundle.path("log"), "--cgroup-manager", "disabled",
                                   "create", "--bundle", bundle.dir(), bundle.id()});
  create.out_path = bundle.path("output");
  return run(create);
}

// A container without cgroups that waits for signals; false where `view` cannot be shown.
bool launch_without(Bundle& bundle, CgroupView view) {
  if (!shows(bundle, view)) return false;
  bundle.probe("wait-signal");
  bundle.config["linux"]["resources"]["pids"]["limit"] = 42;
  const Outcome created = create_without(bundle);
  REQUIRE_MESSAGE(created.exit_code == 0, created.text() << read_file(bundle.path("log")));
  REQUIRE(bundle.start().exit_code == 0);
  return true;
}

void check_life(Bundle& bundle) {
  CHECK(cgroups_of(bundle.pid()) == cgroups_of(::getpid()));
  CHECK(cgroup_directories(bundle.cgroup()).empty());
  CHECK(bundle.status() == "running");
  CHECK(contains(read_file(bundle.path("log")),
                 "/linux/resources: not applied, because the cgroup manager is disabled"));
  const Outcome inside = bundle.command({"exec", bundle.id(), "/probe", "ids"});
  CHECK_MESSAGE(inside.value("uid") == "0", inside.text());
  CHECK(bundle.command({"kill", "--all", bundle.id(), "KILL"}).exit_code == 0);
  CHECK(bundle.reaches("stopped"));
  CHECK(bundle.remove().exit_code == 0);
}

}  // namespace

TEST_CASE("cgroup manager: no program that asks systemd starts where systemd is not asked") {
  Bundle bundle;
  bundle.probe("ids");
  Program program = bundle.program(
      {"--cgroup-manager", "cgroupfs", "run", "--bundle", bundle.dir(), bundle.id()});
  program.args.insert(program.args.begin(), {CORACLE_WITHOUT_BINARY, "execveat"});
  const Outcome outcome = run(program);
  CHECK_MESSAGE(outcome.exit_code == 0, outcome.text());
  CHECK(outcome.err == "");
}

TEST_CASE("cgroup manager disabled: on v1 a container lives in the cgroups of its caller") {
  Bundle bundle;
  if (launch_without(bundle, CgroupView::v1)) check_life(bundle);
}

TEST_CASE("cgroup manager disabled: on v2 a container lives in the cgroup of its caller") {
  Bundle bundle;
  if (launch_without(bundle, CgroupView::v2)) check_life(bundle);
}

TEST_CASE("cgroup manager disabled: on hybrid a container lives in the cgroups of its caller") {
  Bundle bundle;
  if (launch_without(bundle, CgroupView::hybrid)) check_life(bundle);
}

TEST_CASE("cgroup manager disabled: what only cgroups can do is refused with a reason") {
  Bundle bundle;
  if (!launch_without(bundle, CgroupView::machine)) return;
  CHECK(contains(bundle.command({"pause", bundle.id()}).err, "no cgroup that can be frozen"));
  CHECK(contains(bundle.command({"ps", bundle.id()}).err, "has no cgroup that would tell"));
  CHECK(contains(bundle.command({"events", "--stats", bundle.id()}).err, "has no cgroup that"));
  CHECK(contains(bundle.command({"update", "--pids-limit", "9", bundle.id()}).err,
                 "the container has no cgroup in "));
  CHECK(contains(bundle.command({"exec", "--cgroup", "x", bundle.id(), "/probe", "ids"}).err,
                 "--cgroup: the container has no cgroups"));
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("cgroup manager disabled: a container in a user namespace runs and is removed") {
  Bundle bundle;
  bundle.map_ids(1'000'000);
  add_namespace(bundle.config, "cgroup");
  bundle.probe("ids");
  const Outcome outcome = without_cgroups(bundle, {"run", "--bundle", bundle.dir()});
  CHECK_MESSAGE(outcome.value("uid") == "0", outcome.text());
}

TEST_CASE("cgroup manager disabled: Podman's --cgroups=disabled configurations run") {
  for (const char* engine : {"podman4.3", "podman5.4"}) {
    CAPTURE(engine);
    Bundle bundle;
    const NamespaceHolder holder;
    bundle.config = captured_config(std::string(engine) + "-ascrun-cgroups-disabled");
    make_busybox_rootfs(bundle, mapped_root(bundle.config));
    adapt(bundle.config, bundle, holder);
    lower_rlimits(bundle.config);
    bundle.config["process"]["terminal"] = false;
    bundle.config["process"]["args"] = {"/bin/probe", "ids"};
    const Outcome outcome = without_cgroups(bundle, {"run", "--bundle", bundle.dir()});
    CHECK_MESSAGE(outcome.value("uid") == "0", outcome.text() << read_file(bundle.path("log")));
  }
}

TEST_CASE("cgroup manager: cgroupfs is what is done without the option") {
  Bundle bundle;
  bundle.probe("wait-signal");
  Program create = bundle.program(
      {"--cgroup-manager", "cgroupfs", "create", "--bundle", bundle.dir(), bundle.id()});
  create.out_path = bundle.path("output");
  REQUIRE(run(create).exit_code == 0);
  CHECK_FALSE(cgroup_directories(bundle.cgroup()).empty());
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}
