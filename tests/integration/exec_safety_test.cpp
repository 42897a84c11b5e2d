// exec: what the container's own processes can do to it, and what it leaves behind.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/leftovers.hpp"
#include "tests/support/summary.hpp"
#include "tests/support/text.hpp"
#include "tests/support/waiting.hpp"

using namespace coracle::test;
namespace fs = std::filesystem;

namespace {

// The same program as often as that, one after the other.
Outcome exec_often(const Program& program, int times) {
  Program loop = program;
  loop.args.insert(
      loop.args.begin(),
      {"sh", "-c",
       "n=$1; busy=0; shift; while [ $n -gt 0 ]; do \"$@\"; s=$?; "
       // The shell's own word for ETXTBSY: while a racer's attempt to open the file for writing is
       // being refused, the kernel lets nobody execute it.
       "if [ $s = 126 ]; then busy=$((busy + 1)); [ $busy -lt 1000 ] || exit 98; continue; fi; "
       "[ $s = 0 ] || exit 99; n=$((n - 1)); done",
       "sh", std::to_string(times)});
  loop.limit_s = 300;
  return run(loop);
}

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
  const Outcome outcome = exec_often(program, times);
  CHECK_MESSAGE(outcome.exit_code == 0, outcome.text());
  return end_race(container);
}

std::string copy_of_runtime(const Bundle& bundle) {
  const std::string copy = bundle.path(fs::path(runtime_binary()).filename().string());
  fs::copy_file(runtime_binary(), copy);
  return copy;
}

std::string lines(const std::vector<std::string>& all) {
  std::string text;
  for (const std::string& line : all) text += "\n  " + line;
  return text;
}

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

TEST_CASE("exec safety: processes inside open nothing of 500 newcomers that is not theirs") {
  Waiting container;
  const std::string runtime = copy_of_runtime(container.bundle);
  const std::string before = read_file(runtime);
  const Race seen = race(container, runtime, 500);
  CHECK_MESSAGE(seen.foreign.empty(), lines(seen.foreign));
  // Else the race was none.
  CHECK_MESSAGE(seen.met >= 500, seen.met);
  CHECK_MESSAGE(seen.denied > 0, seen.denied);
  CHECK(read_file(runtime) == before);
}

TEST_CASE("exec safety: nor in a user namespace, CAP_SYS_PTRACE or not") {
  for (const Owner owner : {Owner::mapped, Owner::user}) {
    Waiting container(owner);
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
    "exec safety: with CAP_SYS_PTRACE and no user namespace nothing of the host's is opened") {
  Waiting container;
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

TEST_CASE("exec safety: in a created container init has nothing of the caller's") {
  for (const Owner owner : {Owner::root, Owner::mapped, Owner::user}) {
    CAPTURE(name(owner));
    Waiting container(owner);
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

TEST_CASE("exec safety: only 0, 1 and 2 are open inside, whatever the caller left open") {
  for (const Owner owner : {Owner::root, Owner::mapped, Owner::user}) {
    Waiting container(owner);
    container.launch();
    Program program = container.program({}, {"/probe", "fds"});
    program.args.insert(program.args.begin(),
                        {"sh", "-c", "exec \"$@\" 5</etc 7</etc/passwd 9</proc/self/ns/mnt", "sh"});
    const Outcome outcome = run(program);
    CHECK(outcome.exit_code == 0);
    CHECK(outcome.values("fd.0").size() == 1);
    for (int fd = 3; fd < 64; ++fd) CHECK(outcome.values("fd." + std::to_string(fd)).empty());
  }
}

TEST_CASE("exec safety: a working directory that is a descriptor of the runtime is refused") {
  for (const Owner owner : {Owner::root, Owner::mapped, Owner::user}) {
    Waiting container(owner);
    fs::create_symlink("/proc/self/fd/7", container.bundle.rootfs() + "/link");
    container.launch();
    for (int fd = 3; fd < 64; ++fd) {
      const std::string cwd = "/proc/self/fd/" + std::to_string(fd);
      const Outcome outcome = container.exec({"--cwd", cwd}, {"/probe", "cwd", "--", "ls", ".."});
      CHECK_MESSAGE(outcome.exit_code == 255, cwd << ": " << outcome.text());
    }
    CHECK(container.exec({"--cwd", "/link"}, {"/probe", "cwd"}).exit_code == 255);
    Program given = container.program({"--preserve-fds", "1", "--cwd", "/proc/self/fd/3"},
                                      {"/probe", "ls", "."});
    given.args.insert(given.args.begin(), {"sh", "-c", "exec \"$@\" 3</etc", "sh"});
    CHECK(run(given).exit_code == 255);
  }
}

TEST_CASE("exec safety: /proc/self/exe as program or interpreter leaves the binary as it is") {
  Waiting container;
  const std::string runtime = copy_of_runtime(container.bundle);
  const std::string before = read_file(runtime);
  fs::create_symlink("/proc/self/exe", container.bundle.rootfs() + "/entry");
  write_file(container.bundle.rootfs() + "/script", "#!/proc/self/exe\n");
  fs::permissions(container.bundle.rootfs() + "/script", fs::perms(0755));
  container.launch();
  for (const char* name : {"/proc/self/exe", "/entry", "/script"}) {
    Program program = container.program({}, {name, "--version"});
    program.args[0] = runtime;
    run(program);
  }
  CHECK(read_file(runtime) == before);
}

TEST_CASE("exec safety: a /dev/pts/ptmx that is none gets no terminal") {
  if (testing_old_runc()) return skip_case("not every runc 1.1 checks");
  Waiting container;
  drop_mount(container.bundle.config, "/dev/pts");
  container.launch();
  const Outcome outcome = container.exec({"-t"}, {"/probe", "tty"});
  CHECK(outcome.exit_code == 255);
}

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
    const Outcome outcome = exec_often(container.program({}, {"/probe", "exit", "0"}), 200);
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
