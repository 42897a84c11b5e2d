// A container that nests cgroups deeper than a path is long, and than a process has descriptors.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <sstream>
#include <string>

#include <doctest/doctest.h>

#include "tests/support/container_cgroup.hpp"
#include "tests/support/leftovers.hpp"
#include "tests/support/soft_limit.hpp"
#include "tests/support/text.hpp"
#include "tests/support/waiting.hpp"

using namespace coracle::test;

namespace {

// Cgroups below `top`, each in the one before it; what is left of them, and of the processes in
// the deepest, goes with this object.
class Nest {
 public:
  explicit Nest(const std::string& top) : fd_(::open(top.c_str(), flags)) {
    REQUIRE_MESSAGE(fd_ >= 0, top);
    for (int i = 0; i < levels; ++i) {
      REQUIRE(::mkdirat(fd_, name, 0755) == 0);
      move_to(::openat(fd_, name, flags));
    }
  }
  Nest(const Nest&) = delete;
  Nest& operator=(const Nest&) = delete;
  ~Nest() {
    std::istringstream left(read_file("/proc/self/fd/" + std::to_string(fd_) + "/cgroup.procs"));
    for (pid_t pid = 0; left >> pid;) ::kill(pid, SIGKILL);
    for (int i = 0; i < levels && fd_ >= 0; ++i) {
      move_to(::openat(fd_, "..", flags));
      eventually([&] { return ::unlinkat(fd_, name, AT_REMOVEDIR) == 0 || errno != EBUSY; });
    }
    ::close(fd_);
  }

  // Into the deepest.
  void take(pid_t pid) const {
    const int file = ::openat(fd_, "cgroup.procs", O_WRONLY | O_CLOEXEC);
    const std::string text = std::to_string(pid);
    CHECK(::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    ::close(file);
  }

 private:
  void move_to(int fd) {
    ::close(fd_);
    fd_ = fd;
  }

  static constexpr int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  static constexpr int levels = 1100;
  static constexpr const char* name = "nested";
  int fd_;
};

// Where processes are looked for: the freezer's of v1, or that of v2.
std::string telling_directory(const Bundle& bundle) {
  const std::string freezer = cgroup_directory(bundle, "freezer");
  return freezer.starts_with("/") ? freezer : cgroup_directories(bundle.cgroup()).front();
}

}  // namespace

TEST_CASE("deep cgroups: their processes are listed and killed, and they go with the container") {
  const SoftLimit few_descriptors(RLIMIT_NOFILE, 256);
  for (const CgroupView view : {CgroupView::machine, CgroupView::v2}) {
    if (why_not(view)) continue;
    Waiting container(Owner::root, view);
    Bundle& bundle = container.bundle;
    drop_namespace(bundle.config, "pid");  // others outlive init
    container.launch();
    const pid_t pid = container.detached();
    const Nest nest(telling_directory(bundle));
    nest.take(pid);
    const Outcome listed = bundle.command({"ps", "--format", "json", bundle.id()});
    CHECK_MESSAGE(contains(listed.out, std::to_string(pid)), listed.text());
    const Outcome killed = bundle.command({"kill", "--all", bundle.id(), "KILL"});
    CHECK_MESSAGE(killed.exit_code == 0, killed.text());
    CHECK(eventually([&] { return read_file("/proc/" + std::to_string(pid) + "/cmdline") == ""; }));
    REQUIRE(bundle.reaches("stopped"));
    const Outcome removed = bundle.remove();
    CHECK_MESSAGE(removed.exit_code == 0, removed.text());
  }
}
