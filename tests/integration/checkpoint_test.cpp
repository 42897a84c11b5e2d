// checkpoint: what is saved, what is refused, and what becomes of the container.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/checkpointed.hpp"
#include "tests/support/summary.hpp"
#include "tests/support/text.hpp"

using namespace coracle::test;
namespace fs = std::filesystem;

TEST_CASE("checkpoint: a counter goes on where it was, twice") {
  if (cannot_run_criu()) return;
  const Checkpointed bundle;
  bundle.round_trip();
  const Outcome outcome = bundle.checkpoint();
  CHECK(outcome.exit_code == 0);
  CHECK_MESSAGE((outcome.out + outcome.err).empty(), outcome.text());
  bundle.must_restore();
  CHECK(bundle.counts());
  bundle.end();
}

TEST_CASE("checkpoint: on v1, v2 and hybrid hosts") {
  if (cannot_run_criu()) return;
  for (const CgroupView view : possible_views()) {
    CAPTURE(name(view));
    Checkpointed bundle;
    bundle.view = view;
    if (view != CgroupView::v2 || v2_has("pids"))
      bundle.config["linux"]["resources"] = {{"pids", {{"limit", 100}}}};
    bundle.round_trip();
    const std::string cgroups = read_file("/proc/" + std::to_string(bundle.pid()) + "/cgroup");
    CHECK_MESSAGE(contains(cgroups, bundle.cgroup()), cgroups);
    bundle.end();
  }
}

TEST_CASE("checkpoint: a container in a user namespace keeps its ids") {
  if (cannot_run_criu()) return;
  Checkpointed bundle;
  bundle.map_ids(300'000);
  bundle.round_trip();
  struct stat status = {};
  REQUIRE(::stat(("/proc/" + std::to_string(bundle.pid())).c_str(), &status) == 0);
  CHECK(status.st_uid == 300'000);
  bundle.end();
}

TEST_CASE("checkpoint: --leave-running lets it run on, and the images can be restored later") {
  if (cannot_run_criu()) return;
  const Checkpointed bundle;
  bundle.launch();
  CHECK(bundle.counts());
  bundle.must_checkpoint({"--leave-running"});
  CHECK(bundle.status() == "running");
  CHECK(bundle.counts());
  bundle.end();
  bundle.must_restore();
  CHECK(bundle.counts());
  bundle.end();
}

TEST_CASE("checkpoint: --pre-dump saves memory alone, and is a parent for the next one") {
  if (cannot_run_criu()) return;
  const Checkpointed bundle;
  bundle.launch();
  const Outcome first = bundle.command({"checkpoint", "--help"});
  CHECK(first.exit_code == 0);
  const Outcome before = run(with_criu(bundle.program(
      {"checkpoint", "--pre-dump", "--image-path", bundle.path("before"), bundle.id()})));
  if (contains(before.err, "does not track")) {
    bundle.end();
    return skip_case("this kernel does not track changes of memory");
  }
  REQUIRE_MESSAGE(before.exit_code == 0, before.text());
  CHECK(bundle.status() == "running");
  CHECK(bundle.counts());
  bundle.must_checkpoint({"--parent-path", "../before"});
  CHECK(fs::read_symlink(bundle.images() + "/parent") == "../before");
  bundle.must_restore();
  CHECK(bundle.counts());
  bundle.end();
}

TEST_CASE("checkpoint: a parent that is absolute or missing is refused") {
  if (cannot_run_criu()) return;
  const Checkpointed bundle;
  bundle.launch();
  CHECK(contains(bundle.checkpoint({"--parent-path", bundle.path("before")}).err,
                 "--parent-path must be relative"));
  CHECK(contains(bundle.checkpoint({"--parent-path", "../before"}).err, "invalid --parent-path"));
  CHECK(bundle.counts());
  bundle.end();
}

TEST_CASE("checkpoint: a paused container can be saved, and runs when it is restored") {
  if (cannot_run_criu()) return;
  const Checkpointed bundle;
  bundle.launch();
  CHECK(bundle.counts());
  REQUIRE(bundle.command({"pause", bundle.id()}).exit_code == 0);
  bundle.must_checkpoint();
  bundle.must_restore();
  CHECK(bundle.counts());
  bundle.end();
}

TEST_CASE("checkpoint: hooks run as for a new container and for one that is deleted") {
  if (cannot_run_criu()) return;
  Checkpointed bundle;
  const std::string file = bundle.path("hooks");
  for (const char* name : {"prestart", "createRuntime", "poststop"}) {
    const std::string line = std::string(name) + " $(grep -o '\"status\":\"[a-z]*' -)";
    bundle.config["hooks"][name] = {
        {{"path", "/bin/sh"}, {"args", {"sh", "-c", "echo " + line + " >>" + file}}}};
  }
  bundle.launch();
  bundle.must_checkpoint();
  CHECK(words(read_file(file)) ==
        "prestart \"status\":\"creating createRuntime \"status\":\"creating "
        "poststop \"status\":\"stopped");
  fs::remove(file);
  bundle.must_restore();
  CHECK(words(read_file(file)) ==
        "prestart \"status\":\"creating createRuntime \"status\":\"creating");
  bundle.end();
}

TEST_CASE("checkpoint: the annotation org.criu.config names CRIU's configuration file") {
  if (cannot_run_criu()) return;
  Checkpointed bundle;
  write_file(bundle.path("criu.conf"), "log-file=other.log\n");
  bundle.config["annotations"]["org.criu.config"] = bundle.path("criu.conf");
  bundle.launch();
  bundle.must_checkpoint({"--work-path", bundle.path("work")});
  CHECK(fs::exists(bundle.path("work/other.log")));
  CHECK(fs::exists(bundle.images() + "/inventory.img"));
  bundle.must_restore({"--detach", "--work-path", bundle.path("work")});
  bundle.end();
}

// CRIU 4.2's page server fails on Linux 6.18 as soon as a page is asked for ("splice: Bad file
// descriptor"), with runc too: the restoring side is left out.
TEST_CASE("checkpoint: --status-fd tells when lazy pages are served, and a failure is no loss") {
  if (cannot_run_criu()) return;
  if (run(with_criu({.args = {"unshare", "-m", "criu", "check", "--feature", "uffd-noncoop"}}))
          .exit_code != 0)
    return skip_case("this kernel has no userfaultfd for criu");
  const Checkpointed bundle;
  bundle.launch();
  CHECK(bundle.counts());
  int ready[2];
  REQUIRE(::pipe(ready) == 0);
  Program dump = with_criu(bundle.program(
      {"checkpoint", "--lazy-pages", "--page-server", "127.0.0.1:27277", "--status-fd",
       std::to_string(ready[1]), "--image-path", bundle.images(), bundle.id()}));
  dump.inherited = {ready[1]};
  Running serving(dump);
  ::close(ready[1]);
  char byte = 1;
  REQUIRE(::read(ready[0], &byte, 1) == 1);
  CHECK(byte == 0);
  CHECK(::read(ready[0], &byte, 1) == 0);
  ::close(ready[0]);
  CHECK(fs::exists(bundle.images() + "/inventory.img"));
  run({.args = {"bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/27277; echo nonsense >&3"}});
  const Outcome outcome = serving.wait();
  CHECK(outcome.exit_code == 1);
  CHECK_MESSAGE(contains(outcome.err, "criu: dump failed"), outcome.text());
  CHECK(bundle.counts());
  bundle.end();
}

TEST_CASE("checkpoint: a descriptor for the status that cannot be written is refused") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  const Checkpointed bundle;
  CHECK(contains(bundle.checkpoint({"--status-fd", "0"}).err, "not open for writing"));
  CHECK(contains(bundle.checkpoint({"--status-fd", "77"}).err, "bad file descriptor"));
}

TEST_CASE("checkpoint: a container that has not started is refused") {
  if (cannot_run_criu()) return;
  const Checkpointed bundle;
  REQUIRE(bundle.create().exit_code == 0);
  const Outcome outcome = bundle.checkpoint();
  CHECK(outcome.exit_code == 1);
  CHECK_MESSAGE(contains(outcome.err, "cannot be checkpointed in the created state"),
                outcome.text());
  bundle.end();
}

TEST_CASE("checkpoint: without criu the error says which package has it") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  const Checkpointed bundle;
  bundle.launch();
  Program program = bundle.program({"checkpoint", "--image-path", bundle.images(), bundle.id()});
  program.environment = {"PATH=" + bundle.path("nowhere")};
  const Outcome outcome = run(program);
  CHECK(outcome.exit_code == 1);
  CHECK_MESSAGE(contains(outcome.err, "criu is not installed; Debian's package criu has it"),
                outcome.text());
  CHECK(bundle.status() == "running");
  bundle.end();
}

TEST_CASE("checkpoint: when CRIU refuses, its own words are shown and the container runs on") {
  if (cannot_run_criu()) return;
  Checkpointed bundle;
  bundle.script("echo text >/a; ln /a /b; exec 3</a; rm /a; while :; do sleep 1; done");
  bundle.launch();
  const Outcome outcome = bundle.checkpoint();
  CHECK(outcome.exit_code == 1);
  CHECK_MESSAGE(contains(outcome.err, "criu: dump failed"), outcome.text());
  CHECK_MESSAGE(contains(outcome.err, "link-remap"), outcome.text());
  CHECK(bundle.status() == "running");
  bundle.must_checkpoint({"--link-remap"});
  bundle.must_restore();
  bundle.end();
}

TEST_CASE("restore: an option without its value is told in the words that Podman looks for") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  const Checkpointed bundle;
  const Outcome outcome = bundle.command({"restore", "--lsm-mount-context"});
  CHECK(outcome.exit_code == 1);
  CHECK(contains(outcome.out + outcome.err, "flag needs an argument"));
  CHECK(bundle.command({"checkpoint", "--help"}).exit_code == 0);
  CHECK(bundle.command({"restore", "--help"}).exit_code == 0);
}
