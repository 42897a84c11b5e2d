// Root file systems that work against the runtime: links out of them, and directories that are
// exchanged while it works.  The verdict is the host's: its mounts and the victim's files.
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
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

// With openat2(2), and with the walk that stands in for it.
const std::vector<std::vector<std::string>> ways = {{}, {CORACLE_WITHOUT_BINARY, "openat2"}};

// A directory of the host that everybody may write to.
std::string make_victim(const Bundle& bundle) {
  const std::string path = bundle.path("victim");
  fs::create_directory(path);
  fs::permissions(path, fs::perms(0777));
  write_file(path + "/null", "the host's\n");
  return path;
}

bool is_untouched(const std::string& victim) {
  const auto entries = fs::directory_iterator(victim);
  return std::distance(begin(entries), end(entries)) == 1 &&
         read_file(victim + "/null") == "the host's\n";
}

Outcome run_by(const std::vector<std::string>& way, const Bundle& bundle) {
  Program program = bundle.program({"run", "--bundle", bundle.dir(), bundle.id()});
  program.args.insert(program.args.begin(), way.begin(), way.end());
  return run(program);
}

// `name` of the root file system becomes a link to `target`.
void replace_by_link(const Bundle& bundle, const std::string& name, const std::string& target) {
  fs::remove_all(bundle.rootfs() + name);
  fs::create_symlink(target, bundle.rootfs() + name);
}

// Exchanges two names as fast as it can, until dropped.
class Racer {
 public:
  Racer(const std::string& one, const std::string& other) : pid_(::fork()) {
    REQUIRE(pid_ >= 0);
    if (pid_ > 0) return;
    const pid_t parent = ::getppid();
    while (::getppid() == parent)
      ::renameat2(AT_FDCWD, one.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE);
    ::_exit(0);
  }
  Racer(const Racer&) = delete;
  Racer& operator=(const Racer&) = delete;
  ~Racer() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

 private:
  pid_t pid_;
};

}  // namespace

TEST_CASE("hostile: directories of the root file system that lead out of it") {
  if (testing_old_runc()) return skip_case("runc 1.1 has this hole");
  for (const auto& way : ways) {
    for (const char* name : {"/proc", "/sys", "/dev", "/dev/pts", "/etc"}) {
      for (const bool userns : {false, true}) {
        Bundle bundle;
        const std::string victim = make_victim(bundle);
        replace_by_link(bundle, name, "../../../../../../../../.." + victim);
        if (userns) bundle.map_ids(1'000'000);
        if (name == std::string("/dev")) {
          for (const char* mount : {"/dev", "/dev/pts", "/dev/shm"})
            drop_mount(bundle.config, mount);
        }
        add_mount(bundle.config, "/etc/made/deep", "tmpfs", "tmpfs", {});
        bundle.config["linux"]["maskedPaths"] = {"/etc/null", "/dev/null", "/sys/firmware"};
        bundle.config["linux"]["readonlyPaths"] = {"/etc", "/proc/sys"};
        run_by(way, bundle);
        CHECK_MESSAGE(is_untouched(victim), name << (userns ? " with" : " without") << " userns");
      }
    }
  }
}

TEST_CASE("hostile: links where the runtime makes files, devices and links") {
  if (testing_old_runc()) return skip_case("runc 1.1 has this hole");
  for (const auto& way : ways) {
    for (const bool userns : {false, true}) {
      Bundle bundle;
      const std::string victim = make_victim(bundle);
      for (const char* name : {"/dev", "/dev/pts", "/dev/shm"}) drop_mount(bundle.config, name);
      for (const char* name : {"/null", "/full", "/zero", "/fd", "/stdin", "/ptmx", "/console"})
        replace_by_link(bundle, std::string("/dev") + name, victim + name);
      replace_by_link(bundle, "/etc/file", victim + "/made");
      replace_by_link(bundle, "/etc/chain", "/etc/chain2");
      replace_by_link(bundle, "/etc/chain2", "../.." + victim + "/../victim/other");
      write_file(bundle.path("source"), "text\n");
      add_mount(bundle.config, "/etc/file", "bind", bundle.path("source"), {"bind"});
      add_mount(bundle.config, "/etc/chain", "tmpfs", "tmpfs", {});
      bundle.config["process"]["cwd"] = "/etc/chain/down";
      if (userns) bundle.map_ids(1'000'000);
      run_by(way, bundle);
      CHECK(is_untouched(victim));
    }
  }
}

TEST_CASE("hostile: a directory that is exchanged for a link while mounts are made in it") {
  if (testing_old_runc()) return skip_case("runc 1.1 has this hole");
  for (const auto& way : ways) {
    for (const bool userns : {false, true}) {
      Bundle bundle;
      const std::string victim = make_victim(bundle);
      fs::create_directory(bundle.rootfs() + "/race");
      fs::create_directory_symlink("../../../../../../../../.." + victim,
                                   bundle.rootfs() + "/link");
      for (int i = 0; i < 100; ++i)
        add_mount(bundle.config, "/race/" + std::to_string(i), "tmpfs", "tmpfs", {"size=4k"});
      bundle.config["linux"]["maskedPaths"] = {"/race/1", "/race/2", "/race/null"};
      bundle.config["linux"]["readonlyPaths"] = {"/race", "/race/3"};
      if (userns) bundle.map_ids(1'000'000);
      const std::vector<std::string> before = host_mounts();
      const Racer racer(bundle.rootfs() + "/race", bundle.rootfs() + "/link");
      for (int i = 0; i < 8; ++i) run_by(way, bundle);
      CHECK(is_untouched(victim));
      CHECK(host_mounts() == before);
    }
  }
}
