// exec: what it leaves behind, in the container and on the host.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/leftovers.hpp"
#include "tests/support/summary.hpp"
#include "tests/support/waiting.hpp"

using namespace coracle::test;
namespace fs = std::filesystem;

namespace {

std::size_t descriptors_of(pid_t pid) {
  const auto entries = fs::directory_iterator("/proc/" + std::to_string(pid) + "/fd");
  return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

std::vector<std::string> names_in(const std::string& directory) {
  std::vector<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(directory))
    names.push_back(entry.path());
  std::ranges::sort(names);
  return names;
}

}  // namespace

TEST_CASE("exec safety: another user does not take the host's /dev/null") {
  struct stat before = {};
  REQUIRE(::stat("/dev/null", &before) == 0);
  for (const Owner owner : {Owner::root, Owner::mapped}) {
    Waiting container(owner);
    container.launch();
    Program program = container.program({"-u", "1000:1000"}, {"/probe", "ids"});
    program.out_path = "/dev/null";
    CHECK(run(program).exit_code == 0);
    struct stat after = {};
    REQUIRE(::stat("/dev/null", &after) == 0);
    CHECK(after.st_uid == before.st_uid);
    CHECK(after.st_gid == before.st_gid);
    CHECK(after.st_mode == before.st_mode);
  }
}

TEST_CASE("exec safety: 200 of them leave no process, descriptor or file") {
  for (const Owner owner : {Owner::root, Owner::mapped, Owner::user}) {
    Waiting container(owner);
    container.launch();
    const Bundle& bundle = container.bundle;
    const pid_t init = bundle.pid();
    const std::size_t descriptors = descriptors_of(init);
    const std::vector<std::string> state = names_in(bundle.root());
    const Outcome outcome = often(container.program({}, {"/probe", "exit", "0"}), 200);
    CHECK_MESSAGE(outcome.exit_code == 0, outcome.text());
    CHECK(descriptors_of(init) == descriptors);
    CHECK(names_in(bundle.root()) == state);
    const Outcome inside = container.report("ls /proc");
    const auto processes = std::ranges::count_if(inside.values("entry"), [](const std::string& e) {
      return std::ranges::all_of(e, [](char c) { return c >= '0' && c <= '9'; });
    });
    CHECK(processes == 2);  // init, and who asks
  }
}

TEST_CASE("exec safety: a failed one leaves no process") {
  Waiting container;
  container.launch();
  const Bundle& bundle = container.bundle;
  for (const auto& flags : std::vector<std::vector<std::string>>{
           {"--cwd", "/absent"}, {"--pid-file", "/absent/pid"}, {"--cgroup", "absent"}}) {
    CHECK(container.exec(flags, {"/probe", "sleep", "20"}).exit_code == 255);
    CHECK(eventually([&] { return processes_of(bundle.id(), bundle.cgroup()).size() == 1; }));
  }
  CHECK(container.exec({"--detach"}, {"/nope"}).exit_code == 255);
  CHECK(processes_of(bundle.id(), bundle.cgroup()).size() == 1);
}

TEST_CASE("exec safety: a runtime that is killed before its process runs takes it along") {
  if (testing_old_runc()) return skip_case("runc 1.1 leaves it");
  Waiting container;
  container.launch();
  const Bundle& bundle = container.bundle;
  REQUIRE(bundle.command({"pause", bundle.id()}).exit_code == 0);
  {
    const Running waits(container.program({"--ignore-paused"}, {"/probe", "sleep", "20"}));
    CHECK(eventually([&] { return processes_of(bundle.id(), bundle.cgroup()).size() >= 3; }));
  }
  REQUIRE(bundle.command({"resume", bundle.id()}).exit_code == 0);
  CHECK(eventually([&] { return processes_of(bundle.id(), bundle.cgroup()).size() == 1; }));
}
