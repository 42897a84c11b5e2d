// What a container must not get hold of: descriptors, the runtime's binary, the host's files.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/bundle.hpp"
#include "tests/support/summary.hpp"
#include "tests/support/text.hpp"

using namespace coracle::test;
namespace fs = std::filesystem;

namespace {

// A directory of the host that a malicious root file system points to.
std::string make_victim(const Bundle& bundle) {
  const std::string path = bundle.path("victim");
  fs::create_directory(path);
  write_file(path + "/ptmx", "the host's\n");
  return path;
}

bool is_untouched(const std::string& victim) {
  const auto entries = fs::directory_iterator(victim);
  return std::distance(begin(entries), end(entries)) == 1 &&
         read_file(victim + "/ptmx") == "the host's\n";
}

// The first descriptors of a test are taken: a high number is surely free.
int open_as(const char* path, int number) {
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  REQUIRE(fd >= 0);
  if (fd == number) return fd;
  REQUIRE(::dup3(fd, number, O_CLOEXEC) == number);
  ::close(fd);
  return number;
}

}  // namespace

TEST_CASE("safety: only 0, 1 and 2 are open inside, whatever the caller left open") {
  Bundle bundle;
  bundle.probe("fds");
  Program program = bundle.program({"run", "--bundle", bundle.dir(), bundle.id()});
  program.inherited = {open_as("/etc", 5), open_as("/etc/passwd", 37)};
  const Outcome outcome = run(program);
  for (const int fd : program.inherited) ::close(fd);
  CHECK(outcome.exit_code == 0);
  for (int fd = 3; fd < 64; ++fd) CHECK(outcome.values("fd." + std::to_string(fd)).empty());
  CHECK(outcome.values("fd.0").size() == 1);
}

TEST_CASE("safety: --preserve-fds keeps so many and no more, and LISTEN_FDS as well") {
  Bundle bundle;
  bundle.probe("fds -- env");
  Program program =
      bundle.program({"run", "--preserve-fds", "1", "--bundle", bundle.dir(), bundle.id()});
  program.inherited = {open_as("/etc/passwd", 3), open_as("/etc/group", 4), open_as("/etc", 5)};
  const Outcome one = run(program);
  // Addressed to the runtime's pid, as service managers do.
  const std::vector<std::string> shell = {"/bin/sh", "-c", "LISTEN_FDS=1 LISTEN_PID=$$ exec \"$@\"",
                                          "sh"};
  program.args.insert(program.args.begin(), shell.begin(), shell.end());
  const Outcome two = run(program);
  for (const int fd : program.inherited) ::close(fd);
  CHECK(one.value("fd.3") == "/etc/passwd");
  CHECK(one.values("fd.4").empty());
  CHECK(one.values("fd.5").empty());
  CHECK(two.value("fd.4") == "/etc/group");
  CHECK(two.values("fd.5").empty());
  CHECK(two.value("env.LISTEN_FDS") == "1");
}

TEST_CASE("safety: the program of a created container's init is not the runtime's own file") {
  Bundle bundle;
  REQUIRE(bundle.create().exit_code == 0);
  const std::string exe = "/proc/" + std::to_string(bundle.pid()) + "/exe";
  struct stat ours = {};
  struct stat theirs = {};
  struct statvfs where = {};
  REQUIRE(::stat(runtime_binary().c_str(), &ours) == 0);
  REQUIRE(::stat(exe.c_str(), &theirs) == 0);
  const int fd = ::open(exe.c_str(), O_PATH | O_CLOEXEC);
  REQUIRE(::fstatvfs(fd, &where) == 0);
  ::close(fd);
  const bool is_copy = ours.st_dev != theirs.st_dev || ours.st_ino != theirs.st_ino;
  const bool is_readonly = (where.f_flag & ST_RDONLY) != 0;
  CHECK((is_copy || is_readonly));
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("safety: /proc/self/exe as entrypoint, or as interpreter, leaves the binary as it is") {
  const std::string before = read_file(runtime_binary());
  Bundle bundle;
  bundle.config["process"]["args"] = {"/proc/self/exe", "--version"};
  bundle.run();
  fs::create_symlink("/proc/self/exe", bundle.rootfs() + "/entry");
  bundle.config["process"]["args"] = {"/entry", "--version"};
  bundle.run();
  write_file(bundle.rootfs() + "/script", "#!/proc/self/exe\n");
  fs::permissions(bundle.rootfs() + "/script", fs::perms(0755));
  bundle.config["process"]["args"] = {"/script"};
  bundle.run();
  CHECK(read_file(runtime_binary()) == before);
}

TEST_CASE("safety: a working directory that is a descriptor of the runtime is refused") {
  for (const bool userns : {false, true}) {
    Bundle bundle;
    if (userns) bundle.map_ids(1'000'000);
    fs::create_symlink("/proc/self/fd/7", bundle.rootfs() + "/link");
    bundle.probe("cwd -- ls ../../..");
    for (int fd = 3; fd < 24; ++fd) {
      bundle.config["process"]["cwd"] = "/proc/self/fd/" + std::to_string(fd);
      CHECK_MESSAGE(bundle.run().exit_code != 0, fd);
    }
    bundle.config["process"]["cwd"] = "/link";
    CHECK(bundle.run().exit_code != 0);
  }
}

TEST_CASE("safety: a destination through a symlink stays inside the root file system") {
  for (const char* way : {"", "/../../../../..", "../../../../../../../.."}) {
    Bundle bundle;
    const std::string victim = make_victim(bundle);
    fs::create_symlink(way + victim, bundle.rootfs() + "/etc/evil");
    add_mount(bundle.config, "/etc/evil/dir", "tmpfs", "tmpfs", {});
    add_mount(bundle.config, "/etc/evil/file", "bind", bundle.dir() + "/config.json", {"bind"});
    bundle.run();
    CHECK(is_untouched(victim));
  }
}

TEST_CASE("safety: a root file system with /proc or /sys as symlink is refused") {
  for (const char* name : {"proc", "sys"}) {
    Bundle bundle;
    const std::string victim = make_victim(bundle);
    fs::remove(bundle.rootfs() + "/" + name);
    fs::create_symlink(victim, bundle.rootfs() + "/" + name);
    const Outcome outcome = bundle.run();
    CHECK(outcome.exit_code == 1);
    CHECK_MESSAGE(contains(outcome.err, "must be mounted on ordinary directory"), outcome.text());
    CHECK(is_untouched(victim));
  }
}

TEST_CASE("safety: a volume may not cover /proc") {
  Bundle bundle;
  add_mount(bundle.config, "/proc", "tmpfs", "tmpfs", {});
  CHECK(bundle.run().exit_code == 1);
  bundle.config = default_config();
  bundle.config["linux"]["cgroupsPath"] = bundle.cgroups_path();
  fs::create_directory(bundle.path("volume"));
  add_mount(bundle.config, "/proc/self", "bind", bundle.path("volume"), {"bind"});
  CHECK(bundle.run().exit_code == 1);
}

TEST_CASE("safety: a root file system with /dev as symlink does not reach the host's files") {
  if (testing_old_runc()) return skip_case("runc 1.1 has this hole");
  for (const bool terminal : {false, true}) {
    Bundle bundle;
    const std::string victim = make_victim(bundle);
    for (const char* name : {"/dev", "/dev/pts", "/dev/shm"}) drop_mount(bundle.config, name);
    fs::remove(bundle.rootfs() + "/dev");
    fs::create_symlink(victim, bundle.rootfs() + "/dev");
    bundle.config["process"]["terminal"] = terminal;
    bundle.run();
    CHECK(is_untouched(victim));
  }
}

TEST_CASE("safety: a /dev/null that is none is not bound on masked paths") {
  if (testing_old_runc()) return skip_case("not every runc 1.1 checks");
  Bundle bundle;
  const std::string pattern = read_file("/proc/sys/kernel/core_pattern");
  const std::string devices = bundle.path("devices");
  fs::create_directory(devices);
  fs::create_symlink("/proc/sys/kernel/core_pattern", devices + "/null");
  for (const char* name : {"/dev", "/dev/pts", "/dev/shm"}) drop_mount(bundle.config, name);
  add_mount(bundle.config, "/dev", "bind", devices, {"bind"});
  write_file(bundle.rootfs() + "/etc/secret", "text\n");
  bundle.config["linux"]["maskedPaths"] = {"/etc/secret"};
  bundle.probe("cat /etc/secret -- write /etc/secret x");
  const Outcome outcome = bundle.run();
  CHECK_FALSE(contains(outcome.out, "text"));
  CHECK(read_file("/proc/sys/kernel/core_pattern") == pattern);
}

TEST_CASE("safety: a sysctl's value or name smuggles no second one") {
  Bundle bundle;
  const std::string pattern = read_file("/proc/sys/kernel/core_pattern");
  bundle.config["linux"]["sysctl"] = {{"kernel.shm_rmid_forced", "1\nkernel.core_pattern=x"}};
  bundle.run();
  bundle.config["linux"]["sysctl"] = {{"net.../../kernel/core_pattern", "x"}};
  CHECK(bundle.run().exit_code == 1);
  CHECK(read_file("/proc/sys/kernel/core_pattern") == pattern);
}

TEST_CASE("safety: a created container's init is not dumpable") {
  Bundle bundle;
  bundle.map_ids(1'000'000);
  REQUIRE(bundle.create().exit_code == 0);
  // Only of a dumpable process does /proc/PID/fd belong to its user.
  struct stat facts = {};
  REQUIRE(::stat(("/proc/" + std::to_string(bundle.pid()) + "/fd").c_str(), &facts) == 0);
  CHECK(facts.st_uid == 0);
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}
