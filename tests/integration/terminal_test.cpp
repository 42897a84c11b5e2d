// process.terminal: the console socket, the pty inside, and commands that run on a terminal.
#include <pty.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <string>

#include <doctest/doctest.h>

#include "tests/support/bundle.hpp"
#include "tests/support/sockets.hpp"
#include "tests/support/summary.hpp"
#include "tests/support/text.hpp"

using namespace coracle::test;

namespace {

// What `commands` of the probe write to a terminal, received at a console socket.
Outcome on_terminal(Bundle& bundle, const std::string& commands) {
  bundle.config["process"]["terminal"] = true;
  bundle.probe(commands);
  const DeliverySocket socket(bundle.path("console"));
  const Outcome created = bundle.create({"--console-socket", bundle.path("console")});
  REQUIRE_MESSAGE(created.exit_code == 0, created.text());
  const Delivery console = socket.receive();
  REQUIRE(console.fd >= 0);
  CHECK(::isatty(console.fd) == 1);
  CHECK(bundle.start().exit_code == 0);
  const std::string text = read_terminal(console.fd);
  ::close(console.fd);
  CHECK(bundle.reaches("stopped"));
  CHECK(bundle.remove().exit_code == 0);
  return {.exit_code = 0, .out = text, .err = ""};
}

}  // namespace

TEST_CASE("terminal: the console socket receives the master, the container has the other side") {
  Bundle bundle;
  const Outcome outcome = on_terminal(bundle, "tty -- fds");
  CHECK(outcome.value("isatty") == "111");
  CHECK(outcome.value("ttyname") == "/dev/pts/0");
  CHECK(outcome.value("session.leader") == "1");
  CHECK(outcome.value("foreground") == "1");
  CHECK(outcome.values("fd.0") == outcome.values("fd.2"));
  CHECK(outcome.values("fd.3").empty());
}

TEST_CASE("terminal: it has the configured size") {
  Bundle bundle;
  bundle.config["process"]["consoleSize"] = {{"height", 41}, {"width", 117}};
  const Outcome outcome = on_terminal(bundle, "tty");
  CHECK(outcome.value("rows") == "41");
  CHECK(outcome.value("columns") == "117");
}

TEST_CASE("terminal: /dev/console is the same pty") {
  Bundle bundle;
  const Outcome outcome = on_terminal(bundle, "stat /dev/pts/0 -- stat /dev/console");
  const auto devices = outcome.values("rdev");
  REQUIRE(devices.size() == 2);
  CHECK(devices[0] == devices[1]);
  CHECK(devices[0].starts_with("136:"));
}

TEST_CASE("terminal: it belongs to the user of the process") {
  Bundle bundle;
  bundle.config["process"]["user"] = {{"uid", 1000}, {"gid", 1000}};
  const Outcome outcome = on_terminal(bundle, "stat /dev/pts/0 -- open /dev/pts/0");
  CHECK(outcome.value("uid") == "1000");
  CHECK(outcome.value("open.write") == "ok");
}

TEST_CASE("terminal: it works in a user namespace") {
  Bundle bundle;
  bundle.map_ids(1'000'000);
  const Outcome outcome = on_terminal(bundle, "tty -- stat /dev/pts/0");
  CHECK(outcome.value("isatty") == "111");
  CHECK(outcome.value("uid") == "0");
}

TEST_CASE("terminal: it works with a read-only root") {
  Bundle bundle;
  bundle.config["root"]["readonly"] = true;
  CHECK(on_terminal(bundle, "tty").value("isatty") == "111");
}

TEST_CASE("terminal: create without a console socket is refused") {
  Bundle bundle;
  bundle.config["process"]["terminal"] = true;
  const Outcome outcome = bundle.create();
  CHECK(outcome.exit_code == 1);
  CHECK_MESSAGE(contains(outcome.out, "without setting console socket"), outcome.text());
}

TEST_CASE("terminal: a console socket without a terminal is refused") {
  Bundle bundle;
  const DeliverySocket socket(bundle.path("console"));
  CHECK(bundle.create({"--console-socket", bundle.path("console")}).exit_code == 1);
}

TEST_CASE("terminal: a console socket that nobody listens at is an error") {
  Bundle bundle;
  bundle.config["process"]["terminal"] = true;
  const Outcome outcome = bundle.create({"--console-socket", bundle.path("nobody")});
  CHECK(outcome.exit_code == 1);
  CHECK_MESSAGE(contains(outcome.out, "no such file or directory"), outcome.text());
}

TEST_CASE("terminal: run relays between the caller's terminal and the container's") {
  Bundle bundle;
  bundle.config["process"]["terminal"] = true;
  bundle.probe("tty -- stdin");
  const Program program = bundle.program({"run", "--bundle", bundle.dir(), bundle.id()});
  const winsize size = {.ws_row = 33, .ws_col = 99, .ws_xpixel = 0, .ws_ypixel = 0};
  int master = -1;
  const pid_t pid = ::forkpty(&master, nullptr, nullptr, &size);
  REQUIRE(pid >= 0);
  if (pid == 0) {
    ::execlp(program.args[0].c_str(), program.args[0].c_str(), "--root", bundle.root().c_str(),
             "run", "--bundle", bundle.dir().c_str(), bundle.id().c_str(), nullptr);
    ::_exit(125);
  }
  REQUIRE(::write(master, "typed\n", 6) == 6);
  const Outcome outcome = {.exit_code = 0, .out = read_terminal(master), .err = ""};
  ::close(master);
  CHECK(outcome.value("isatty") == "111");
  CHECK(outcome.value("stdin") == "typed");
  // The caller's terminal makes line ends, once: "\n" alone would be a staircase.
  CHECK_MESSAGE(contains(outcome.out, "isatty=111\r\n"), outcome.out);
  if (!testing_old_runc()) {  // it sets the size when the program runs already
    CHECK(outcome.value("rows") == "33");
    CHECK(outcome.value("columns") == "99");
  }
  CHECK(eventually([&] { return bundle.status() == "unknown"; }));
}

TEST_CASE("terminal: run with a terminal needs none on its own stdin") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  Bundle bundle;
  bundle.config["process"]["terminal"] = true;
  bundle.probe("tty");
  const Outcome outcome = bundle.run();
  CHECK_MESSAGE(outcome.exit_code == 0, outcome.text());
  CHECK(outcome.value("isatty") == "111");
}
