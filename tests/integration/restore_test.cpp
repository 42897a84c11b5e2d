// restore: what a container finds again, and what the one who restores gives it.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/checkpointed.hpp"
#include "tests/support/sockets.hpp"
#include "tests/support/summary.hpp"
#include "tests/support/text.hpp"

using namespace coracle::test;
namespace fs = std::filesystem;

namespace {

// A server that answers each line, at port 7777 of the container.
const std::string server = "exec nc -ll -p 7777 -e cat";

// CRIU before 4.2 asks every socket for what Linux 6.16 tells of Unix sockets alone.
bool cannot_dump_sockets(const Checkpointed& bundle, const std::vector<std::string>& flags = {}) {
  const Outcome outcome = bundle.checkpoint(flags);
  if (contains(outcome.err, "Can't get 1:16 opt")) {
    bundle.end();
    skip_case("this criu cannot dump sockets on this kernel: CRIU 4.2 can");
    return true;
  }
  REQUIRE_MESSAGE(outcome.exit_code == 0, outcome.text() << bundle.logs());
  return false;
}

bool answers(const Checkpointed& bundle) {
  return eventually([&] {
    return words(bundle.inside("-n", "echo hello | busybox nc -w 1 127.0.0.1 7777 || true").out) ==
           "hello";
  });
}

}  // namespace

// On a hybrid machine's v1 and v2 alone the container stays in the root of the other.
TEST_CASE("restore: all cgroups of a hierarchy are never taken for the container's") {
  if (cannot_run_criu()) return;
  if (const auto why = why_not(CgroupView::v1)) return skip_case(why->c_str());
  Checkpointed bundle;
  bundle.view = CgroupView::v1;
  bundle.launch();
  bundle.must_checkpoint();
  const Outcome outcome = bundle.restore();
  CHECK_MESSAGE(outcome.exit_code == 0, outcome.text() << bundle.logs());
  CHECK_MESSAGE(contains(outcome.err, "sub-cgroups are not restored"), outcome.text());
  CHECK(bundle.counts());
  bundle.end();
}

TEST_CASE("restore: a TCP listener keeps its socket, in a network namespace of its own") {
  if (cannot_run_criu()) return;
  Checkpointed bundle;
  bundle.script(server);
  bundle.launch();
  CHECK(answers(bundle));
  if (cannot_dump_sockets(bundle, {"--tcp-established"})) return;
  bundle.must_restore({"--detach", "--tcp-established"});
  CHECK(answers(bundle));
  bundle.end();
}

TEST_CASE("restore: a joined network namespace is joined again") {
  if (cannot_run_criu()) return;
  const NetworkHolder holder;
  const std::string network = holder.path();
  Checkpointed bundle;
  drop_namespace(bundle.config, "network");
  add_namespace(bundle.config, "network", network);
  bundle.script(server);
  bundle.launch();
  CHECK(answers(bundle));
  if (cannot_dump_sockets(bundle)) return;
  bundle.must_restore();
  CHECK(fs::read_symlink("/proc/" + std::to_string(bundle.pid()) + "/ns/net") ==
        fs::read_symlink(network));
  CHECK(answers(bundle));
  bundle.end();
}

TEST_CASE("restore: what was on pipes is on the pipes of the one who restores") {
  if (cannot_run_criu()) return;
  Checkpointed bundle;
  bundle.script("while read line; do echo got $line; done");
  const auto with_pipes = [&](std::vector<std::string> args, const std::string& name) {
    Program program = with_criu(bundle.program(args));
    const std::string shell = "fifo=$1 out=$2; shift 2\n\"$@\" <>\"$fifo\" > >(cat >\"$out\") 2>&1";
    REQUIRE(::mkfifo(bundle.path(name + ".in").c_str(), 0600) == 0);
    program.args.insert(program.args.begin(), {"bash", "-ec", shell, "bash",
                                               bundle.path(name + ".in"), bundle.path(name)});
    const Outcome outcome = run(program);
    REQUIRE_MESSAGE(outcome.exit_code == 0, outcome.text() << bundle.logs());
  };
  with_pipes({"run", "--detach", "--bundle", bundle.dir(), bundle.id()}, "first");
  write_file(bundle.path("first.in"), "one\n");
  CHECK(eventually([&] { return read_file(bundle.path("first")) == "got one\n"; }));
  bundle.must_checkpoint();
  with_pipes({"restore", "--detach", "--bundle", bundle.dir(), "--image-path", bundle.images(),
              bundle.id()},
             "second");
  write_file(bundle.path("second.in"), "two\n");
  CHECK(eventually([&] { return read_file(bundle.path("second")) == "got two\n"; }));
  bundle.end();
}

TEST_CASE("restore: a terminal's master comes anew to the console socket") {
  if (cannot_run_criu()) return;
  Checkpointed bundle;
  bundle.config["process"]["terminal"] = true;
  bundle.script("while read line; do echo got $line; done");
  const DeliverySocket socket(bundle.path("console"));
  REQUIRE(bundle.create({"--console-socket", bundle.path("console")}).exit_code == 0);
  Delivery console = socket.receive();
  REQUIRE(bundle.start().exit_code == 0);
  bundle.must_checkpoint();
  ::close(console.fd);
  bundle.must_restore({"--detach", "--console-socket", bundle.path("console")});
  console = socket.receive();
  REQUIRE(console.fd >= 0);
  REQUIRE(::write(console.fd, "typed\n\4", 7) == 7);
  CHECK(contains(read_terminal(console.fd), "got typed"));
  ::close(console.fd);
  bundle.end();
}

TEST_CASE("restore: in the foreground it exits as the container does, and deletes it") {
  if (cannot_run_criu()) return;
  Checkpointed bundle;
  bundle.script(after_go + "echo went; exit 7");
  bundle.launch();
  bundle.must_checkpoint();
  write_file(bundle.rootfs() + "/go", "");
  const Outcome outcome = bundle.restore({});
  CHECK_MESSAGE(outcome.exit_code == 7, outcome.text() << bundle.logs());
  CHECK(outcome.out == "went\n");
  CHECK(bundle.status() == "unknown");
}

TEST_CASE("restore: init is a child of the caller's reaper, and the pid file names it") {
  if (cannot_run_criu()) return;
  const Checkpointed bundle;
  bundle.launch();
  bundle.must_checkpoint();
  bundle.must_restore({"--detach", "--pid-file", bundle.path("pid")});
  CHECK(read_file(bundle.path("pid")) == std::to_string(bundle.pid()));
  const std::string status = read_file("/proc/" + std::to_string(bundle.pid()) + "/status");
  CHECK_MESSAGE(contains(status, "PPid:\t1\n"), status);
  bundle.end();
}

TEST_CASE("restore: binds are the host's, also nested, through links and with mounts below") {
  if (cannot_run_criu()) return;
  Checkpointed bundle;
  const std::string host = bundle.path("host");
  fs::create_directories(host + "/tree/sub");
  fs::create_directories(host + "/inner");
  fs::create_directories(bundle.rootfs() + "/real/conf");
  fs::create_symlink("/real/conf", bundle.rootfs() + "/conf");
  write_file(host + "/file", "of the host");
  add_mount(bundle.config, "/conf", "bind", host + "/tree", {"rbind", "ro"});
  add_mount(bundle.config, "/outer", "bind", host, {"bind"});
  add_mount(bundle.config, "/outer/deep/nested", "bind", host + "/inner", {"bind"});
  add_mount(bundle.config, "/run", "tmpfs", "tmpfs", {});
  add_mount(bundle.config, "/run/file", "bind", host + "/file", {"bind", "ro"});
  bundle.script(after_go + "cat /run/file /conf/sub/own >/dev/shm/seen; " +
                "touch /outer/deep/nested/here; sleep 60");
  REQUIRE(run({.args = {"mount", "-t", "tmpfs", "tmpfs", host + "/tree/sub"}}).exit_code == 0);
  write_file(host + "/tree/sub/own", ", of its tmpfs");
  bundle.launch();
  bundle.must_checkpoint();
  fs::remove_all(host + "/deep");
  bundle.must_restore();
  write_file(bundle.rootfs() + "/go", "");
  CHECK(eventually(
      [&] { return read_file(bundle.inner("/dev/shm/seen")) == "of the host, of its tmpfs"; }));
  CHECK(eventually([&] { return fs::exists(host + "/inner/here"); }));
  const std::string mounts = read_file("/proc/" + std::to_string(bundle.pid()) + "/mountinfo");
  CHECK_MESSAGE(contains(mounts, " /real/conf ro,"), mounts);
  bundle.end();
  CHECK(run({.args = {"umount", host + "/tree/sub"}}).exit_code == 0);
}

TEST_CASE("restore: masked and read-only paths stay so") {
  if (cannot_run_criu()) return;
  Checkpointed bundle;
  bundle.config["linux"]["maskedPaths"] = {"/proc/timer_list", "/proc/keys", "/proc/irq",
                                           "/sys/firmware", "/proc/nowhere"};
  bundle.config["linux"]["readonlyPaths"] = {"/proc/sys", "/proc/bus"};
  bundle.round_trip();
  const std::string look = "cat /proc/keys; ls /proc/irq; : >/proc/sys/kernel/hostname";
  const Outcome outcome = bundle.inside("-m", look + " || true");
  CHECK(outcome.out.empty());
  CHECK(contains(words(outcome.err), "ead-only file system"));
  bundle.end();
}

TEST_CASE("restore: cgroup mounts, with and without a cgroup namespace") {
  if (cannot_run_criu()) return;
  for (const bool own : {false, true}) {
    CAPTURE(own);
    Checkpointed bundle;
    if (own) add_namespace(bundle.config, "cgroup");
    add_mount(bundle.config, "/sys/fs/cgroup", "cgroup", "cgroup", {"ro", "nosuid", "noexec"});
    bundle.round_trip();
    bundle.end();
  }
}

TEST_CASE("restore: with --manage-cgroups-mode ignore into another cgroup") {
  if (cannot_run_criu()) return;
  Checkpointed bundle;
  const std::vector<std::string> ignore = {"--manage-cgroups-mode", "ignore"};
  bundle.launch();
  bundle.must_checkpoint(ignore);
  bundle.config["linux"]["cgroupsPath"] = parent_cgroup() + "/elsewhere";
  bundle.must_restore({"--detach", "--manage-cgroups-mode", "ignore"});
  const std::string cgroups = read_file("/proc/" + std::to_string(bundle.pid()) + "/cgroup");
  CHECK_MESSAGE(contains(cgroups, parent_cgroup() + "/elsewhere"), cgroups);
  CHECK_FALSE(contains(cgroups, bundle.cgroup()));
  bundle.end();
}

TEST_CASE("restore: without it also into another cgroup") {
  if (cannot_run_criu()) return;
  Checkpointed bundle;
  bundle.launch();
  bundle.must_checkpoint();
  bundle.config["linux"]["cgroupsPath"] = parent_cgroup() + "/elsewhere";
  bundle.must_restore();
  const std::string cgroups = read_file("/proc/" + std::to_string(bundle.pid()) + "/cgroup");
  CHECK_MESSAGE(contains(cgroups, parent_cgroup() + "/elsewhere"), cgroups);
  CHECK_FALSE(contains(cgroups, bundle.cgroup()));
  bundle.end();
}

TEST_CASE("restore: exec works in the restored container, in all of its namespaces") {
  if (cannot_run_criu()) return;
  const Checkpointed bundle;
  bundle.round_trip();
  const std::string init = "/proc/" + std::to_string(bundle.pid()) + "/ns/";
  const Outcome outcome = bundle.command(
      {"exec", bundle.id(), "/bin/sh", "-c", "cd /proc/self/ns; for n in *; do readlink $n; done"});
  REQUIRE_MESSAGE(outcome.exit_code == 0, outcome.text());
  for (const char* name : {"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"})
    CHECK(contains(outcome.out, fs::read_symlink(init + name).string()));
  bundle.end();
}

TEST_CASE("restore: a bind whose ids are mapped is mapped again") {
  if (cannot_run_criu()) return;
  Checkpointed bundle;
  const std::string host = bundle.path("host");
  fs::create_directories(host);
  write_file(host + "/file", "");
  bundle.map_ids(300'000);
  add_mount(bundle.config, "/mapped", "bind", host, {"bind", "idmap"});
  bundle.script(after_go + "stat -c %u /mapped/file >/dev/shm/seen; sleep 60");
  const Outcome created = bundle.create();
  if (contains(created.out, "cannot map ids")) return skip_case("this file system cannot map ids");
  REQUIRE_MESSAGE(created.exit_code == 0, created.text());
  REQUIRE(bundle.start().exit_code == 0);
  bundle.must_checkpoint();
  bundle.must_restore();
  write_file(bundle.rootfs() + "/go", "");
  CHECK(eventually([&] { return read_file(bundle.inner("/dev/shm/seen")) == "0\n"; }));
  bundle.end();
}

TEST_CASE("restore: netDevices move in again") {
  if (cannot_run_criu()) return;
  const NetworkHolder holder;
  const std::vector<std::string> enter = {"nsenter", "--net=" + holder.path()};
  const auto there = [&](Program program) {
    program.args.insert(program.args.begin(), enter.begin(), enter.end());
    return run(with_criu(std::move(program)));
  };
  const Program make_pair = {
      .args = {"ip", "link", "add", "moved", "type", "veth", "peer", "name", "stays"}};
  if (there(make_pair).exit_code != 0) return skip_case("needs ip(8) and veth devices");
  Checkpointed bundle;
  bundle.config["linux"]["netDevices"] = {{"moved", Json::object()}};
  const Outcome started =
      there(bundle.program({"run", "--detach", "--bundle", bundle.dir(), bundle.id()}));
  REQUIRE_MESSAGE(started.exit_code == 0, started.text());
  bundle.must_checkpoint();
  // The pair has gone with the container's namespace, sooner or later.
  REQUIRE(eventually([&] { return there(make_pair).exit_code == 0; }));
  const Outcome restored = there(bundle.program({"restore", "--detach", "--bundle", bundle.dir(),
                                                 "--image-path", bundle.images(), bundle.id()}));
  CHECK_MESSAGE(restored.exit_code == 0, restored.text() << bundle.logs());
  CHECK(contains(bundle.inside("-n", "ip link show moved").out, "moved@"));
  bundle.end();
}

TEST_CASE("restore: when CRIU fails nothing is left") {
  if (cannot_run_criu()) return;
  const Checkpointed bundle;
  bundle.launch();
  bundle.must_checkpoint();
  for (const fs::directory_entry& entry : fs::directory_iterator(bundle.images()))
    if (entry.path().filename().string().starts_with("core-")) fs::remove(entry.path());
  const Outcome outcome = bundle.restore();
  CHECK(outcome.exit_code == 1);
  CHECK_MESSAGE(contains(outcome.err, "restore.log"), outcome.text());
  CHECK(bundle.status() == "unknown");
}

TEST_CASE("restore: a directory without images is refused") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  const Checkpointed bundle;
  CHECK(contains(bundle.restore().err, "images: no such file or directory"));
  fs::create_directories(bundle.images());
  CHECK(contains(bundle.restore().err, "descriptors.json: no such file or directory"));
}
