// Advisories about the runtime's own binary: overwritten from inside, or more privileged than it
// needs to be, or made to load what the container has.
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/attack.hpp"
#include "tests/support/text.hpp"

using namespace coracle::test;
namespace fs = std::filesystem;

namespace {

// Loader and libraries that the runtime needs to be executed inside; a static one needs none.
void add_libraries(const Bundle& bundle) {
  const Outcome listed = run({.args = {"ldd", runtime_binary()}});
  std::istringstream words(listed.out);
  for (std::string word; words >> word;) {
    if (!word.starts_with("/")) continue;
    fs::create_directories(fs::path(bundle.rootfs() + word).parent_path());
    fs::copy_file(word, bundle.rootfs() + word, fs::copy_options::skip_existing);
  }
}

// What an image can say to have the runtime executed inside.
void add_entries(const Bundle& bundle) {
  add_libraries(bundle);
  fs::create_symlink("/proc/self/exe", bundle.rootfs() + "/entry");
  write_file(bundle.rootfs() + "/script", "#!/proc/self/exe\n");
  fs::permissions(bundle.rootfs() + "/script", fs::perms(0755));
}

constexpr std::array entries = {"/proc/self/exe", "/entry", "/script"};

// A container whose processes write to every program that is not theirs.
void add_racers(Waiting& container) {
  fs::copy_file(CORACLE_PEEK_BINARY, container.bundle.rootfs() + "/peek");
  container.bundle.config["process"]["args"] = {"/peek", "2"};
  add_entries(container.bundle);
}

// Whether the inode behind `path` can be the runtime's, writable by anybody who may open it.
bool is_writable_original(const std::string& path) {
  struct stat ours = {};
  struct stat theirs = {};
  struct statvfs where = {};
  REQUIRE(::stat(runtime_binary().c_str(), &ours) == 0);
  REQUIRE(::stat(path.c_str(), &theirs) == 0);
  const int fd = ::open(path.c_str(), O_PATH | O_CLOEXEC);
  REQUIRE(::fstatvfs(fd, &where) == 0);
  ::close(fd);
  const bool is_original = ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino;
  return is_original && (where.f_flag & ST_RDONLY) == 0;
}

// What the host's C library would load for names of users, and what its loader reads.
constexpr std::array libraries = {"/etc/ld.so.preload",
                                  "/etc/ld.so.cache",
                                  "/etc/nsswitch.conf",
                                  "/lib/libnss_poison.so.2",
                                  "/lib64/ld-linux-x86-64.so.2",
                                  "/lib/libc.so.6",
                                  "/lib/x86_64-linux-gnu/libc.so.6",
                                  "/usr/lib/x86_64-linux-gnu/libnss_poison.so.2"};

// Counts who opens any of `libraries` in the root file system, wherever that is mounted.
class OpenCount {
 public:
  explicit OpenCount(const Bundle& bundle) : fd_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
    for (const char* name : libraries) {
      const std::string path = bundle.rootfs() + name;
      fs::create_directories(fs::path(path).parent_path());
      write_file(path, contains(name, "nsswitch") ? "passwd: poison\n" : "poison\n");
      REQUIRE(::inotify_add_watch(fd_, path.c_str(), IN_OPEN) >= 0);
    }
  }
  OpenCount(const OpenCount&) = delete;
  OpenCount& operator=(const OpenCount&) = delete;
  ~OpenCount() { ::close(fd_); }

  long count() const {
    alignas(inotify_event) std::array<char, 4096> events = {};
    long bytes = 0;
    for (long more = 0; (more = ::read(fd_, events.data(), events.size())) > 0;) bytes += more;
    return bytes / static_cast<long>(sizeof(inotify_event));
  }

 private:
  int fd_;
};

}  // namespace

TEST_CASE("CVE-2019-5736: /proc/self/exe as entrypoint, or as interpreter") {
  for (const Way& way : ways_with_users()) {
    Attack attack(way);
    attack.runtime = copy_of_runtime(attack.bundle);
    const std::string before = read_file(attack.runtime);
    add_entries(attack.bundle);
    for (const char* entry : entries) {
      attack.bundle.config["process"]["args"] = {entry, "--version"};
      attack.attempt();
    }
    CHECK_MESSAGE(read_file(attack.runtime) == before, way.text());
  }
}

TEST_CASE("CVE-2019-5736: processes inside write to the program that exec was made to run") {
  for (const Owner owner : {Owner::root, Owner::mapped, Owner::user}) {
    CAPTURE(std::string(name(owner)));
    Besieged container(owner);
    add_racers(container);
    give_to(container.bundle, owner);
    const std::string runtime = copy_of_runtime(container.bundle);
    const std::string before = read_file(runtime);
    container.launch();
    for (int i = 0; i < 40; ++i) {
      for (const char* entry : entries) {
        Program program = container.program({}, {entry, "--version"});
        program.args[0] = runtime;
        run(program);
      }
    }
    CHECK(container.bundle.kill("TERM").exit_code == 0);
    CHECK(container.bundle.reaches("stopped"));
    CHECK_FALSE(contains(container.bundle.output(), "foreign.written"));
    CHECK(read_file(runtime) == before);
  }
}

TEST_CASE("CVE-2019-5736: they write to that of a container that shares their processes") {
  for (const Command command : {Command::run, Command::create}) {
    Besieged container;
    add_racers(container);
    container.launch();
    Attack attack({.command = command});
    attack.runtime = copy_of_runtime(attack.bundle);
    const std::string before = read_file(attack.runtime);
    add_entries(attack.bundle);
    drop_namespace(attack.bundle.config, "pid");
    add_namespace(attack.bundle.config, "pid",
                  "/proc/" + std::to_string(container.bundle.pid()) + "/ns/pid");
    for (int i = 0; i < 30; ++i) {
      for (const char* entry : entries) {
        attack.bundle.config["process"]["args"] = {entry, "--version"};
        attack.attempt();
      }
    }
    CHECK(container.bundle.kill("TERM").exit_code == 0);
    CHECK(container.bundle.reaches("stopped"));
    CHECK_FALSE(contains(container.bundle.output(), "foreign.written"));
    CHECK(read_file(attack.runtime) == before);
  }
}

TEST_CASE("CVE-2022-0847: the program of a created init is a copy or cannot be written to") {
  for (const Owner owner : {Owner::root, Owner::mapped, Owner::user}) {
    Besieged container(owner);
    container.create();
    CHECK_FALSE(is_writable_original("/proc/" + std::to_string(container.bundle.pid()) + "/exe"));
  }
}

TEST_CASE("CVE-2017-5985, CVE-2022-47952: the binary is neither set-uid nor has capabilities") {
  struct stat facts = {};
  REQUIRE(::stat(runtime_binary().c_str(), &facts) == 0);
  CHECK((facts.st_mode & (S_ISUID | S_ISGID)) == 0);
  CHECK(::getxattr(runtime_binary().c_str(), "security.capability", nullptr, 0) < 0);
}

TEST_CASE("CVE-2019-14271: nothing of the image is loaded by the runtime, nor by its C library") {
  for (const Way& way : ways_with_users()) {
    Attack attack(way);
    const OpenCount opened(attack.bundle);
    attack.bundle.config["process"]["user"] = {
        {"uid", 0},
        {"gid", 0},
        {"additionalGids", way.owner == Owner::user ? Json::array() : Json{7}}};
    const Outcome outcome = attack.attempt();
    CHECK_MESSAGE(outcome.exit_code == 0, way.text(), outcome.text());
    CHECK_MESSAGE(opened.count() == 0, way.text());
  }
}

TEST_CASE("CVE-2019-14271: nor by exec") {
  for (const Owner owner : {Owner::root, Owner::mapped}) {
    Besieged container(owner);
    const OpenCount opened(container.bundle);
    container.launch();
    CHECK(container.exec({"--user", "5:5"}, {"/probe", "ids"}).value("uid") == "5");
    CHECK(opened.count() == 0);
  }
}

TEST_CASE("CVE-2019-14271: a program of the image that is executed there is seen to do so") {
  Attack attack({});
  fs::copy_file("/bin/true", attack.bundle.rootfs() + "/true");
  const OpenCount opened(attack.bundle);
  const std::string loader = "/lib64/ld-linux-x86-64.so.2";
  fs::copy_file(loader, attack.bundle.rootfs() + loader, fs::copy_options::overwrite_existing);
  CHECK(opened.count() > 0);  // ours
  CHECK(opened.count() == 0);
  run({.args = {"chroot", attack.bundle.rootfs(), "/true"}});
  CHECK(opened.count() > 0);
}
