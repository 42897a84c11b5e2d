// exec: terminals, and the process.json files that real engines wrote.
#include <pty.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/captured.hpp"
#include "tests/support/sockets.hpp"
#include "tests/support/summary.hpp"
#include "tests/support/text.hpp"
#include "tests/support/waiting.hpp"

using namespace coracle::test;
namespace fs = std::filesystem;

namespace {

// What a detached process writes to the terminal that comes through a console socket.
Outcome on_terminal(const Waiting& container, std::vector<std::string> flags,
                    const std::vector<std::string>& command) {
  const std::string path = container.bundle.path("console");
  const DeliverySocket socket(path);
  if (container.bundle.user != 0)
    REQUIRE(::chown(path.c_str(), container.bundle.user, container.bundle.user) == 0);
  flags.insert(flags.begin(), {"--detach", "--console-socket", path});
  const Outcome started = container.exec(flags, command);
  fs::remove(path);
  CHECK_MESSAGE(started.exit_code == 0, started.text());
  if (started.exit_code != 0) return started;
  const Delivery console = socket.receive();
  REQUIRE(console.fd >= 0);
  Outcome outcome = {.exit_code = 0, .out = read_terminal(console.fd), .err = ""};
  ::close(console.fd);
  return outcome;
}

// The process.json that the engine wrote in the lab under `name`.  Only what this machine lacks is
// changed: an LSM, and capabilities that it withholds from everybody.
Json captured_process(const fs::path& file) {
  Json process = Json::parse(read_file(file));
  if (!has_apparmor_profile(process)) process.erase("apparmorProfile");
  return process;
}

// In a container such as the engine's: BusyBox, and a user namespace where the engine remaps.
struct EngineContainer {
  explicit EngineContainer(bool mapped) : waiting(mapped ? Owner::mapped : Owner::root) {
    make_busybox_rootfs(waiting.bundle, mapped ? 1'000'000 : 0);
    waiting.bundle.config["process"]["args"] = {"/bin/probe", "wait-signal"};
    waiting.launch();
  }
  Waiting waiting;
};

// As the engine gives them: podman has --tty beside --process, all detach.
std::vector<std::string> engine_flags(const std::string& engine, const Waiting& container,
                                      const Json& process) {
  const std::string file = container.file_of(process);
  const std::string pid_file = container.bundle.path("exec.pid");
  if (engine.starts_with("podman4") && process.value("terminal", false))
    return {"--pid-file", pid_file, "--process", file, "--tty"};
  if (engine.starts_with("podman")) return {"--pid-file", pid_file, "--process", file};
  return {"--process", file, "--pid-file", pid_file};
}

Outcome exec_as_engine(const std::string& engine, const Waiting& container, const Json& process) {
  const std::vector<std::string> flags = engine_flags(engine, container, process);
  if (process.value("terminal", false)) return on_terminal(container, flags, {});
  Program program = container.program(flags, {});
  program.args.insert(program.args.end() - 1, "--detach");
  program.out_path = container.bundle.path("exec-output");
  program.err_path = container.bundle.path("exec-errors");
  Outcome outcome = run(program);
  if (outcome.exit_code != 0) return outcome;
  const std::string pid = read_file(container.bundle.path("exec.pid"));
  CHECK(std::to_string(std::stol(pid)) == pid);
  CHECK(eventually([&] { return read_file("/proc/" + pid + "/cmdline").empty(); }));
  outcome.out = read_file(program.out_path);
  return outcome;
}

// A group that is named twice may come once.
bool is_expected(const std::string& output, const Json& process) {
  const std::string program = process["args"][0];
  if (program == "tty") return output == "/dev/pts/0";
  if (program == "sh") return output == "uid=1000(user) gid=1000(user) /etc b";
  if (!process["user"].contains("additionalGids")) return output == "uid=0(root) gid=0(root)";
  return output == "uid=0(root) gid=0(root) groups=0(root),1,2,10(wheel)" ||
         output == "uid=0(root) gid=0(root) groups=0(root),0(root),1,2,10(wheel)";
}

}  // namespace

TEST_CASE("exec terminal: the console socket receives the master, the process has the other side") {
  for (const Owner owner : {Owner::root, Owner::mapped, Owner::user}) {
    Waiting container(owner);
    container.launch();
    const Outcome outcome = on_terminal(container, {"--tty"}, {"/probe", "tty", "--", "fds"});
    CHECK(outcome.value("isatty") == "111");
    CHECK(outcome.value("ttyname").starts_with("/dev/pts/"));
    CHECK(outcome.value("session.leader") == "1");
    CHECK(outcome.value("foreground") == "1");
    CHECK(outcome.values("fd.3").empty());
  }
}

TEST_CASE("exec terminal: it belongs to the user, has the size, and both come from process.json") {
  Waiting container;
  container.launch();
  Json process = probe_process("tty -- stat /dev/pts/0");
  process["terminal"] = true;
  process["user"] = {{"uid", 1000}, {"gid", 1000}};
  process["consoleSize"] = {{"height", 41}, {"width", 117}};
  const Outcome outcome = on_terminal(container, {"--process", container.file_of(process)}, {});
  CHECK(outcome.value("uid") == "1000");
  if (testing_old_runc()) return;
  CHECK(outcome.value("rows") == "41");
  CHECK(outcome.value("columns") == "117");
}

TEST_CASE("exec terminal: without a console socket a detached one is refused, and the reverse") {
  Waiting container;
  container.launch();
  const Outcome without = container.exec({"--tty", "--detach"}, {"/probe", "ids"});
  CHECK(without.exit_code == 255);
  CHECK_MESSAGE(contains(without.err, "without setting console socket"), without.text());
  const DeliverySocket socket(container.bundle.path("console"));
  CHECK(container
            .exec({"--detach", "--console-socket", container.bundle.path("console")},
                  {"/probe", "ids"})
            .exit_code == 255);
}

TEST_CASE("exec terminal: in the foreground it relays between two terminals") {
  Waiting container;
  container.launch();
  const Program program = container.program({"-t"}, {"/probe", "tty", "--", "stdin"});
  const winsize size = {.ws_row = 33, .ws_col = 99, .ws_xpixel = 0, .ws_ypixel = 0};
  int master = -1;
  const pid_t pid = ::forkpty(&master, nullptr, nullptr, &size);
  REQUIRE(pid >= 0);
  if (pid == 0) {
    std::vector<char*> args;
    for (const std::string& arg : program.args) args.push_back(const_cast<char*>(arg.c_str()));
    args.push_back(nullptr);
    ::execvp(args[0], args.data());
    ::_exit(125);
  }
  REQUIRE(::write(master, "typed\n", 6) == 6);
  const Outcome outcome = {.exit_code = 0, .out = read_terminal(master), .err = ""};
  ::close(master);
  CHECK(outcome.value("isatty") == "111");
  CHECK(outcome.value("stdin") == "typed");
  if (testing_old_runc()) return;  // it sets the size when the program runs already
  CHECK(outcome.value("rows") == "33");
  CHECK(outcome.value("columns") == "99");
}

TEST_CASE("exec engines: what Docker, containerd and Podman wrote runs as it is") {
  for (const auto& entry : fs::directory_iterator(CORACLE_TEST_DATA "/captured-process")) {
    const std::string engine = entry.path().stem();
    CAPTURE(engine);
    // CAP_SYS_RESOURCE, which this kind of machine withholds.
    if (testing_old_runc() && engine == "docker20.10-exec-privileged") continue;
    const EngineContainer container(contains(engine, "remap"));
    const Json process = captured_process(entry.path());
    const Outcome outcome = exec_as_engine(engine, container.waiting, process);
    if (contains(engine, "notfound")) {
      CHECK(outcome.exit_code == 255);
      CHECK_MESSAGE(contains(outcome.err,
                             "exec: \\\"/nonexistent\\\": stat /nonexistent: "
                             "no such file or directory"),
                    outcome.text());
      continue;
    }
    CHECK_MESSAGE(outcome.exit_code == 0, outcome.text());
    CHECK_MESSAGE(is_expected(words(outcome.out), process), outcome.text());
  }
}
