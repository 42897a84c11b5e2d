// exec: where the process ends up, when it is refused, what becomes of it on the host.
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

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

void check_refused(const Outcome& outcome, std::string_view text) {
  CHECK(outcome.exit_code == 255);
  CHECK_MESSAGE(contains(outcome.err, text), outcome.text());
  CHECK(outcome.out == "");
}

pid_t parent_of(pid_t pid) {
  const std::string stat = read_file("/proc/" + std::to_string(pid) + "/stat");
  return static_cast<pid_t>(std::stol(stat.substr(stat.rfind(')') + 4)));
}

// Until dropped, processes that lose their parent become this process's.
class Subreaper {
 public:
  Subreaper() { ::prctl(PR_SET_CHILD_SUBREAPER, 1); }
  Subreaper(const Subreaper&) = delete;
  Subreaper& operator=(const Subreaper&) = delete;
  ~Subreaper() { ::prctl(PR_SET_CHILD_SUBREAPER, 0); }
};

}  // namespace

TEST_CASE("exec: a created container takes processes before it is started") {
  for (const CgroupView view : possible_views()) {
    for (const Owner owner : {Owner::root, Owner::mapped, Owner::user}) {
      Waiting container(owner, view);
      container.create();
      CHECK(container.report("ids -- hostname").value("hostname") == "probe");
      CHECK(container.bundle.status() == "created");
    }
  }
}

TEST_CASE("exec: a caller that ignores SIGCHLD gets the exit code all the same") {
  Waiting container;
  container.launch();
  for (const std::vector<std::string>& flags : std::vector<std::vector<std::string>>{{}, {"-d"}}) {
    Program program = container.program(flags, {"/probe", "exit", "5"});
    program.args.insert(program.args.begin(), {"env", "--ignore-signal=CHLD"});
    CHECK(run(program).exit_code == (flags.empty() ? 5 : 0));
  }
}

TEST_CASE("exec: a stopped container takes none") {
  Waiting container;
  container.bundle.probe("ids");
  container.bundle.launch();
  REQUIRE(container.bundle.reaches("stopped"));
  check_refused(container.exec({}, {"/probe", "ids"}), "cannot exec in a stopped container");
}

TEST_CASE("exec: an unknown container is refused") {
  const Waiting container;
  check_refused(container.exec({}, {"/probe", "ids"}), "container does not exist");
}

TEST_CASE("exec: a paused container takes none") {
  for (const CgroupView view : possible_views()) {
    Waiting container(Owner::root, view);
    container.launch();
    REQUIRE(container.bundle.command({"pause", container.bundle.id()}).exit_code == 0);
    check_refused(container.exec({}, {"/probe", "ids"}),
                  "cannot exec in a paused container (use --ignore-paused to override)");
    REQUIRE(container.bundle.command({"resume", container.bundle.id()}).exit_code == 0);
    container.report("ids");
  }
}

TEST_CASE("exec: --ignore-paused waits for the container to go on") {
  for (const CgroupView view : possible_views()) {
    Waiting container(Owner::root, view);
    container.launch();
    REQUIRE(container.bundle.command({"pause", container.bundle.id()}).exit_code == 0);
    Running waits(container.program({"--ignore-paused"}, {"/probe", "ids"}));
    // It is there, and frozen as the others are.
    CHECK(eventually([&] {
      return processes_of(container.bundle.id(), container.bundle.cgroup()).size() >= 3;
    }));
    CHECK(container.bundle.status() == "paused");
    REQUIRE(container.bundle.command({"resume", container.bundle.id()}).exit_code == 0);
    const Outcome outcome = waits.wait();
    CHECK(outcome.exit_code == 0);
    CHECK(outcome.value("uid") == "0");
  }
}

TEST_CASE("exec: its exit code is the process's, or 128 and the signal") {
  in_every_place([](Waiting& container) {
    container.launch();
    CHECK(container.exec({}, {"/probe", "exit", "7"}).exit_code == 7);
    CHECK(container.exec({}, {"/probe", "exit", "0"}).exit_code == 0);
    CHECK(container.exec({}, {"/probe", "signal", "9"}).exit_code == 137);
    CHECK(container.exec({}, {"/probe", "signal", "15"}).exit_code == 143);
  });
}

TEST_CASE("exec: a program that cannot be executed is told in the words that engines know") {
  for (const Owner owner : {Owner::root, Owner::mapped}) {
    Waiting container(owner);
    write_file(container.bundle.rootfs() + "/plain", "text\n");
    write_file(container.bundle.rootfs() + "/script", "#!/no/such/interpreter\n");
    fs::permissions(container.bundle.rootfs() + "/script", fs::perms(0755));
    container.launch();
    check_refused(container.exec({}, {"nope"}),
                  "exec: \\\"nope\\\": executable file not found in $PATH");
    check_refused(container.exec({}, {"/nope"}),
                  "exec: \\\"/nope\\\": stat /nope: no such file or directory");
    check_refused(container.exec({}, {"/plain"}), "exec: \\\"/plain\\\": permission denied");
    const Outcome directory = container.exec({}, {"/etc"});
    CHECK(directory.exit_code == 255);
    const std::string& text = directory.err;
    CHECK_MESSAGE(contains(text, "permission denied"), text);
    const Outcome script = container.exec({}, {"/script"});
    CHECK(script.exit_code == (testing_old_runc() ? 1 : 255));  // it thinks that the program ran
    CHECK_MESSAGE(contains(script.err, "exec /script: no such file or directory"), script.text());
  }
}

TEST_CASE("exec: what it refuses on its command line ends with 255 too") {
  Waiting container;
  container.launch();
  CHECK(container.exec({}, {}).exit_code == 255);
  CHECK(container.exec({"--process", "/nonexistent"}, {}).exit_code == 255);
  CHECK(container.exec({"--user", "nobody"}, {"/probe", "ids"}).exit_code == 255);
  CHECK(container.exec({"--preserve-fds", "7"}, {"/probe", "ids"}).exit_code == 255);
}

TEST_CASE("exec: a pid file that cannot be written fails it, and ends the process") {
  Waiting container;
  container.launch();
  const Outcome outcome =
      container.exec({"--detach", "--pid-file", "/nonexistent/dir/pid"}, {"/probe", "wait-signal"});
  CHECK(outcome.exit_code == 255);
  CHECK_MESSAGE(contains(outcome.err, "no such file or directory"), outcome.text());
  CHECK(eventually(
      [&] { return processes_of(container.bundle.id(), container.bundle.cgroup()).size() == 1; }));
}

TEST_CASE(
    "exec: the pid file has the process's number on the host, and counts from our directory") {
  Waiting container;
  container.launch();
  Program program =
      container.program({"--pid-file", "pid", "--detach"}, {"/probe", "pids", "--", "wait-signal"});
  program.directory = container.bundle.path("");
  program.out_path = container.bundle.path("exec-output");
  CHECK(run(program).exit_code == 0);
  const std::string pid = read_file(container.bundle.path("pid"));
  CHECK(std::to_string(std::stol(pid)) == pid);
  const std::string command("/probe\0pids\0--\0wait-signal\0", 27);
  CHECK(eventually([&] { return read_file("/proc/" + pid + "/cmdline") == command; }));
  CHECK(namespace_of(static_cast<pid_t>(std::stol(pid)), "pid") ==
        namespace_of(container.bundle.pid(), "pid"));
}

TEST_CASE("exec: --detach leaves the process to whoever adopts orphans") {
  for (const Owner owner : {Owner::root, Owner::mapped, Owner::user}) {
    Waiting container(owner);
    container.launch();
    const Subreaper subreaper;
    const pid_t pid = container.detached();
    CHECK(parent_of(pid) == ::getpid());
    REQUIRE(::kill(pid, SIGKILL) == 0);
    CHECK(::waitpid(pid, nullptr, 0) == pid);
  }
}

TEST_CASE("exec: signals to the runtime go on to the process") {
  in_every_place([](Waiting& container) {
    container.launch();
    Program program = container.program({}, {"/probe", "wait-signal"});
    program.out_path = container.bundle.path("exec-output");
    Running running(program);
    REQUIRE(eventually([&] { return contains(read_file(program.out_path), "ready=1"); }));
    ::kill(running.pid(), SIGUSR1);
    CHECK(eventually([&] { return contains(read_file(program.out_path), "caught=USR1"); }));
    ::kill(running.pid(), SIGTERM);
    const Outcome outcome = running.wait();
    CHECK(outcome.exit_code == 0);
    CHECK(contains(outcome.out, "caught=TERM"));
  });
}

TEST_CASE("exec: stdin, stdout and stderr are the caller's") {
  Waiting container;
  container.bundle.add_busybox();
  container.launch();
  Program typed = container.program({}, {"/probe", "stdin", "--", "stderr", "words"});
  typed.args.insert(typed.args.begin(), {"sh", "-c", "printf typed | \"$@\"", "sh"});
  const Outcome outcome = run(typed);
  CHECK(outcome.value("stdin") == "typed");
  CHECK(outcome.err == "words\n");
  Program large = container.program({}, {"cat"});
  large.args.insert(large.args.begin(),
                    {"sh", "-c", "head -c 3000000 /dev/zero | \"$@\" | wc -c", "sh"});
  CHECK(words(run(large).out) == "3000000");
}

TEST_CASE("exec: init ends, and so do the processes of its PID namespace") {
  Waiting container;
  container.launch();
  Program program = container.program({}, {"/probe", "wait-signal"});
  program.out_path = container.bundle.path("exec-output");
  Running running(program);
  REQUIRE(eventually([&] { return contains(read_file(program.out_path), "ready=1"); }));
  CHECK(container.bundle.kill("KILL").exit_code == 0);
  const Outcome ended = running.wait();
  CHECK_MESSAGE(ended.exit_code == 137, ended.text());
}
