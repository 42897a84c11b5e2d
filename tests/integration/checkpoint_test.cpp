// checkpoint and restore, by the criu of $CRIU or PATH.  Without one that works on this kernel
// its cases are skipped: contrib/criu-for-tests fetches one.
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/bundle.hpp"
#include "tests/support/sockets.hpp"
#include "tests/support/summary.hpp"
#include "tests/support/text.hpp"

using namespace coracle::test;
namespace test = coracle::test;
namespace fs = std::filesystem;

namespace {

// PATH with the directory of $CRIU in front.
std::string path_with_criu() {
  const char* criu = ::getenv("CRIU");
  const std::string path = ::getenv("PATH");
  return criu && *criu ? fs::path(criu).parent_path().string() + ":" + path : path;
}

Program with_criu(Program program) {
  program.environment.push_back("PATH=" + path_with_criu());
  return program;
}

// Why criu is of no use here; empty when it works.
std::string why_no_criu() {
  const Outcome version = run(with_criu({.args = {"sh", "-c", "criu --version"}}));
  if (version.exit_code != 0) return "needs criu: see contrib/criu-for-tests";
  const Outcome check = run(with_criu({.args = {"unshare", "-m", "criu", "check"}}));
  if (check.exit_code == 0) return "";
  const std::string why = check.err.substr(0, check.err.find('\n'));
  return words(version.out) + " does not work on this kernel: " + why;
}

bool cannot_run() {
  static const std::string why = testing_old_runc() ? "newer than runc 1.1" : why_no_criu();
  if (why.empty()) return false;
  skip_case(why.c_str());
  return true;
}

// Counts in a shell's variable, and shows how far it is.
constexpr const char* counter =
    "i=0; while :; do i=$((i+1)); echo $i >/dev/shm/count; sleep 0.02; done";

// Nothing is open while it waits.
const std::string after_go = "until [ -e /go ]; do sleep 0.02; done; ";

// A container of BusyBox's shell, and the images of its checkpoint.
struct Checkpointed : Bundle {
  Checkpointed() {
    add_busybox();
    script(counter);
  }

  void script(const std::string& text) { config["process"]["args"] = {"/bin/sh", "-ec", text}; }

  std::string images() const { return path("images"); }

  Outcome checkpoint(const std::vector<std::string>& flags = {}) const {
    return with_images("checkpoint", flags, {});
  }
  Outcome restore(const std::vector<std::string>& flags = {"--detach"}) const {
    return with_images("restore", flags, {"--bundle", dir()});
  }

  // A file inside, as the host sees it.
  std::string inner(const std::string& file) const {
    return "/proc/" + std::to_string(pid()) + "/root" + file;
  }
  int count() const { return ::atoi(read_file(inner("/dev/shm/count")).c_str()); }
  bool counts() const {
    const int before = count();
    return eventually([&] { return count() > before; });
  }

  // The last lines of CRIU's logs.
  std::string logs() const {
    return test::run({.args = {"sh", "-c", "tail -n 30 " + images() + "/*.log"}}).out;
  }

  void must_checkpoint(const std::vector<std::string>& flags = {}) const {
    const Outcome outcome = checkpoint(flags);
    REQUIRE_MESSAGE(outcome.exit_code == 0, outcome.text() << logs());
  }
  void must_restore(const std::vector<std::string>& flags = {"--detach"}) const {
    const Outcome outcome = restore(flags);
    REQUIRE_MESSAGE(outcome.exit_code == 0, outcome.text() << logs());
    CHECK(status() == "running");
  }
  void round_trip(std::vector<std::string> flags = {}) const {
    launch();
    CHECK(counts());
    const int before = count();
    must_checkpoint(flags);
    CHECK(status() == "unknown");
    flags.push_back("--detach");
    must_restore(flags);
    CHECK(counts());
    CHECK(count() > before);
    CHECK(count() < before + 1000);
  }
  void end() const {
    const Outcome outcome = remove({"--force"});
    CHECK_MESSAGE(outcome.exit_code == 0, outcome.text());
  }

  // `text` of a shell in the namespaces `kinds` of init.
  Outcome inside(const std::string& kinds, const std::string& text) const {
    return test::run(
        {.args = {"nsenter", "-t", std::to_string(pid()), kinds, "/bin/sh", "-ec", text}});
  }

 private:
  Outcome with_images(const std::string& command, const std::vector<std::string>& flags,
                      const std::vector<std::string>& more) const {
    std::vector<std::string> args = {command, "--image-path", images()};
    args.insert(args.end(), more.begin(), more.end());
    args.insert(args.end(), flags.begin(), flags.end());
    args.push_back(id());
    Program wanted = with_criu(program(args));
    // CRIU opens its stdio anew, in a user namespace as the mapped root.
    for (std::string* file : {&wanted.out_path, &wanted.err_path}) {
      *file = path(file == &wanted.out_path ? "stdout" : "stderr");
      write_file(*file, "");
      ::chmod(file->c_str(), 0666);
    }
    return test::run(wanted);
  }
};

// A network namespace that lives with a process of its own; lo is up, for CRIU tries TCP there.
class NetworkHolder {
 public:
  NetworkHolder()
      : process_({.args = {"unshare", "-n", "sh", "-ec", "ip link set lo up; sleep 60"}}) {
    REQUIRE(eventually([&] {
      return contains(run({.args = {"nsenter", "--net=" + path(), "ip", "link"}}).out,
                      "LOOPBACK,UP");
    }));
  }
  std::string path() const { return "/proc/" + std::to_string(process_.pid()) + "/ns/net"; }

 private:
  Running process_;
};

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

TEST_CASE("checkpoint: a counter goes on where it was, twice") {
  if (cannot_run()) return;
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
  if (cannot_run()) return;
  for (const CgroupView view : {CgroupView::v1, CgroupView::v2, CgroupView::hybrid}) {
    CAPTURE(name(view));
    if (why_not(view)) continue;
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

// On a hybrid machine's v1 and v2 alone the container stays in the root of the other.
TEST_CASE("restore: all cgroups of a hierarchy are never taken for the container's") {
  if (cannot_run()) return;
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

TEST_CASE("checkpoint: a TCP listener keeps its socket, in a network namespace of its own") {
  if (cannot_run()) return;
  Checkpointed bundle;
  bundle.script(server);
  bundle.launch();
  CHECK(answers(bundle));
  if (cannot_dump_sockets(bundle, {"--tcp-established"})) return;
  bundle.must_restore({"--detach", "--tcp-established"});
  CHECK(answers(bundle));
  bundle.end();
}

TEST_CASE("checkpoint: a joined network namespace is joined again") {
  if (cannot_run()) return;
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

TEST_CASE("checkpoint: a container in a user namespace keeps its ids") {
  if (cannot_run()) return;
  Checkpointed bundle;
  bundle.map_ids(300'000);
  bundle.round_trip();
  struct stat status = {};
  REQUIRE(::stat(("/proc/" + std::to_string(bundle.pid())).c_str(), &status) == 0);
  CHECK(status.st_uid == 300'000);
  bundle.end();
}

TEST_CASE("checkpoint: --leave-running lets it run on, and the images can be restored later") {
  if (cannot_run()) return;
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
  if (cannot_run()) return;
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
  if (cannot_run()) return;
  const Checkpointed bundle;
  bundle.launch();
  CHECK(contains(bundle.checkpoint({"--parent-path", bundle.path("before")}).err,
                 "--parent-path must be relative"));
  CHECK(contains(bundle.checkpoint({"--parent-path", "../before"}).err, "invalid --parent-path"));
  CHECK(bundle.counts());
  bundle.end();
}

TEST_CASE("checkpoint: a paused container can be saved, and runs when it is restored") {
  if (cannot_run()) return;
  const Checkpointed bundle;
  bundle.launch();
  CHECK(bundle.counts());
  REQUIRE(bundle.command({"pause", bundle.id()}).exit_code == 0);
  bundle.must_checkpoint();
  bundle.must_restore();
  CHECK(bundle.counts());
  bundle.end();
}

TEST_CASE("checkpoint: what was on pipes is on the pipes of the one who restores") {
  if (cannot_run()) return;
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

TEST_CASE("checkpoint: a terminal's master comes anew to the console socket") {
  if (cannot_run()) return;
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
  if (cannot_run()) return;
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
  if (cannot_run()) return;
  const Checkpointed bundle;
  bundle.launch();
  bundle.must_checkpoint();
  bundle.must_restore({"--detach", "--pid-file", bundle.path("pid")});
  CHECK(read_file(bundle.path("pid")) == std::to_string(bundle.pid()));
  const std::string status = read_file("/proc/" + std::to_string(bundle.pid()) + "/status");
  CHECK_MESSAGE(contains(status, "PPid:\t1\n"), status);
  bundle.end();
}

TEST_CASE("checkpoint: binds are the host's, also nested, through links and with mounts below") {
  if (cannot_run()) return;
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

TEST_CASE("checkpoint: masked and read-only paths stay so") {
  if (cannot_run()) return;
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

TEST_CASE("checkpoint: cgroup mounts, with and without a cgroup namespace") {
  if (cannot_run()) return;
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
  if (cannot_run()) return;
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
  if (cannot_run()) return;
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

TEST_CASE("checkpoint: hooks run as for a new container and for one that is deleted") {
  if (cannot_run()) return;
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
  if (cannot_run()) return;
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

TEST_CASE("restore: exec works in the restored container, in all of its namespaces") {
  if (cannot_run()) return;
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

// CRIU 4.2's page server fails on Linux 6.18 as soon as a page is asked for ("splice: Bad file
// descriptor"), with runc too: the restoring side is left out.
TEST_CASE("checkpoint: --status-fd tells when lazy pages are served, and a failure is no loss") {
  if (cannot_run()) return;
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

TEST_CASE("checkpoint: a bind whose ids are mapped is mapped again") {
  if (cannot_run()) return;
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
  if (cannot_run()) return;
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

TEST_CASE("checkpoint: a container that has not started is refused") {
  if (cannot_run()) return;
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
  if (cannot_run()) return;
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

TEST_CASE("restore: when CRIU fails nothing is left") {
  if (cannot_run()) return;
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

TEST_CASE("restore: an option without its value is told in the words that Podman looks for") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  const Checkpointed bundle;
  const Outcome outcome = bundle.command({"restore", "--lsm-mount-context"});
  CHECK(outcome.exit_code == 1);
  CHECK(contains(outcome.out + outcome.err, "flag needs an argument"));
  CHECK(bundle.command({"checkpoint", "--help"}).exit_code == 0);
  CHECK(bundle.command({"restore", "--help"}).exit_code == 0);
}
