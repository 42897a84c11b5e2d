// An id that was deleted and taken again names another container: who made the first leaves that
// one alone.
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <string>

#include <doctest/doctest.h>

#include "tests/support/bundle.hpp"
#include "tests/support/checkpointed.hpp"
#include "tests/support/process.hpp"

using namespace coracle::test;

namespace {

// No command works on it any more, its maker included.
bool is_unlocked(const Bundle& bundle) {
  const std::string path = bundle.root() + "/" + bundle.id();
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool locked = ::flock(fd, LOCK_EX | LOCK_NB) == 0;
  ::close(fd);
  return locked;
}

// `first` waits for a container's end.  While it is stopped, and learns of nothing, the container
// is deleted and its id taken by another: that one has to outlive the first's end.
void check_other_is_left_alone(Bundle& bundle, Running first) {
  REQUIRE(bundle.reaches("running"));
  REQUIRE(eventually([&] { return is_unlocked(bundle); }));
  REQUIRE(::kill(first.pid(), SIGSTOP) == 0);
  REQUIRE(bundle.remove({"--force"}).exit_code == 0);
  // Where all of a container's cgroup are killed, and the first one's would not be in the way.
  drop_namespace(bundle.config, "pid");
  bundle.config["linux"]["cgroupsPath"] = bundle.cgroups_path() + "-other";
  bundle.launch();
  const pid_t pid = bundle.pid();
  REQUIRE(::kill(first.pid(), SIGCONT) == 0);
  const Outcome outcome = first.wait();
  CHECK_MESSAGE(outcome.exit_code == 128 + SIGKILL, outcome.text());
  CHECK(bundle.status() == "running");
  CHECK(bundle.pid() == pid);
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

}  // namespace

TEST_CASE("run: at its end it leaves alone who has taken its container's id meanwhile") {
  Bundle bundle;
  bundle.probe("wait-signal");
  check_other_is_left_alone(
      bundle, Running(bundle.program({"run", "--bundle", bundle.dir(), bundle.id()})));
}

TEST_CASE("restore: at its end it leaves alone who has taken its container's id meanwhile") {
  if (cannot_run_criu()) return;
  Checkpointed container;
  container.launch();
  container.must_checkpoint();
  Program restore = with_criu(container.program({"restore", "--image-path", container.images(),
                                                 "--bundle", container.dir(), container.id()}));
  restore.out_path = container.path("output");
  check_other_is_left_alone(container, Running(restore));
}
