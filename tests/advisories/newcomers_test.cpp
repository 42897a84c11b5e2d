// CVE-2016-9962: what processes of a container get hold of while the runtime brings in another.
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/attack.hpp"
#include "tests/support/text.hpp"

using namespace coracle::test;
namespace fs = std::filesystem;

namespace {

// What four racing processes inside saw of so many newcomers.
struct Race {
  std::vector<std::string> foreign;  // lines
  long met = 0;
  long denied = 0;
};

Race end_race(const Waiting& container) {
  CHECK(container.bundle.kill("TERM").exit_code == 0);
  CHECK(container.bundle.reaches("stopped"));
  const Outcome seen = {.exit_code = 0, .out = container.bundle.output(), .err = ""};
  Race race;
  for (const char* kind : {"exe", "fd", "root", "cwd", "environ", "written"}) {
    for (const std::string& what : seen.values("foreign." + std::string(kind)))
      race.foreign.push_back(kind + (" " + what));
  }
  std::ranges::sort(race.foreign);  // the four saw the same
  race.foreign.erase(std::ranges::unique(race.foreign).begin(), race.foreign.end());
  for (const std::string& met : seen.values("met")) race.met += std::stol(met);
  for (const std::string& denied : seen.values("denied")) race.denied += std::stol(denied);
  return race;
}

// `runtime`, a copy that may be spoilt, executes a short program `times` times.
Race race(Waiting& container, const std::string& runtime, int times) {
  Bundle& bundle = container.bundle;
  fs::copy_file(CORACLE_PEEK_BINARY, bundle.rootfs() + "/peek");
  bundle.config["process"]["args"] = {"/peek", "4"};
  container.launch();
  Program program = container.program({}, {"/probe", "exit", "0"});
  program.args[0] = runtime;
  program.environment = {"CALLER=outside"};
  const Outcome outcome = often(program, times);
  CHECK_MESSAGE(outcome.exit_code == 0, outcome.text());
  return end_race(container);
}

std::string lines(const std::vector<std::string>& all) {
  std::string text;
  for (const std::string& line : all) text += "\n  " + line;
  return text;
}

}  // namespace

TEST_CASE("CVE-2016-9962: processes inside open nothing of 500 newcomers that is not theirs") {
  Besieged container;
  const std::string runtime = copy_of_runtime(container.bundle);
  const std::string before = read_file(runtime);
  const Race seen = race(container, runtime, 500);
  CHECK_MESSAGE(seen.foreign.empty(), lines(seen.foreign));
  // Else the race was none.
  CHECK_MESSAGE(seen.met >= 500, seen.met);
  CHECK_MESSAGE(seen.denied > 0, seen.denied);
  CHECK(read_file(runtime) == before);
}

TEST_CASE("CVE-2016-9962: nor in a user namespace, CAP_SYS_PTRACE or not") {
  for (const Owner owner : {Owner::mapped, Owner::user}) {
    Besieged container(owner);
    set_capabilities(container.bundle.config, {"CAP_SYS_PTRACE", "CAP_KILL"});
    const std::string runtime = copy_of_runtime(container.bundle);
    const std::string before = read_file(runtime);
    const Race seen = race(container, runtime, 100);
    CHECK_MESSAGE(seen.foreign.empty(), lines(seen.foreign));
    CHECK_MESSAGE(seen.denied > 0, seen.denied);
    CHECK(read_file(runtime) == before);
  }
}

// Its own program, which cannot be written to, and the ends of pipes and sockets are all that a
// newcomer has for those who may look at anything.
TEST_CASE(
    "CVE-2016-9962: with CAP_SYS_PTRACE and no user namespace nothing of the host's is opened") {
  Besieged container;
  set_capabilities(container.bundle.config, {"CAP_SYS_PTRACE", "CAP_KILL", "CAP_DAC_OVERRIDE"});
  const std::string runtime = copy_of_runtime(container.bundle);
  const std::string before = read_file(runtime);
  Race seen = race(container, runtime, 500);
  CHECK(read_file(runtime) == before);
  CHECK_MESSAGE(seen.met >= 500, seen.met);
  MESSAGE("with CAP_SYS_PTRACE could be seen:", lines(seen.foreign));
  std::erase_if(seen.foreign, [](const std::string& line) {
    return line == "fd pipe" || line == "fd socket" || line.starts_with("exe ");
  });
  CHECK_MESSAGE(seen.foreign.empty(), lines(seen.foreign));
}

TEST_CASE("CVE-2016-9962: in a created container init has nothing of the caller's") {
  for (const Owner owner : {Owner::root, Owner::mapped, Owner::user}) {
    CAPTURE(std::string(name(owner)));
    Besieged container(owner);
    Bundle& bundle = container.bundle;
    set_capabilities(bundle.config, {"CAP_SYS_PTRACE", "CAP_KILL"});
    Program create = bundle.program({"create", "--bundle", bundle.dir(), bundle.id()});
    create.environment = {"CALLER=outside"};
    create.out_path = bundle.path("output");
    REQUIRE(run(create).exit_code == 0);
    const Outcome inside = container.report("cat /proc/1/environ -- ls /proc/1/root");
    CHECK_FALSE(contains(inside.out, "CALLER"));
    // Else there was nothing to see: the capability is good for the user namespace alone, and the
    // host's memory is not of that.
    CHECK(contains(inside.out, "entry=probe\n") == (owner != Owner::mapped));
  }
}

TEST_CASE("CVE-2016-9962: a created container's init is not dumpable") {
  Bundle bundle;
  bundle.map_ids(1'000'000);
  REQUIRE(bundle.create().exit_code == 0);
  // Only of a dumpable process does /proc/PID/fd belong to its user.
  struct stat facts = {};
  REQUIRE(::stat(("/proc/" + std::to_string(bundle.pid()) + "/fd").c_str(), &facts) == 0);
  CHECK(facts.st_uid == 0);
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}
