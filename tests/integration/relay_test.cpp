// The relay between our stdio and a terminal of the container's: nobody who reads late, or never,
// keeps signals or the end from anybody.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/summary.hpp"
#include "tests/support/text.hpp"
#include "tests/support/waiting.hpp"

using namespace coracle::test;

namespace {

// The stdout of a program, which is read when the test likes.
class LazyReader {
 public:
  explicit LazyReader(std::string path) : path_(std::move(path)) {
    REQUIRE(::mkfifo(path_.c_str(), 0600) == 0);
    fd_ = ::open(path_.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
    REQUIRE(fd_ >= 0);
  }
  LazyReader(const LazyReader&) = delete;
  LazyReader& operator=(const LazyReader&) = delete;
  ~LazyReader() { leave(); }

  Program give_to(Program program) const {
    program.out_path = path_;
    return program;
  }
  bool is_full() const {
    pollfd room = {.fd = fd_, .events = POLLOUT, .revents = 0};
    return ::poll(&room, 1, 0) == 0;
  }
  std::string read_some() const {
    std::array<char, 65536> bytes;
    const ssize_t got = ::read(fd_, bytes.data(), bytes.size());
    return std::string(bytes.data(), got < 0 ? 0 : static_cast<std::size_t>(got));
  }
  void leave() {
    if (fd_ < 0) return;
    ::close(fd_);
    fd_ = -1;
    std::filesystem::remove(path_);
  }

 private:
  std::string path_;
  int fd_ = -1;
};

// Writes more than any pipe holds, and ends with 7 at SIGTERM.
const std::vector<std::string> chatter = {"/bin/sh", "-c", "trap 'exit 7' TERM; yes & wait"};

}  // namespace

TEST_CASE("relay: output that nobody reads stops neither signals nor the container's end") {
  if (testing_runc()) return skip_case("runc waits for the reader");
  Bundle bundle;
  bundle.add_busybox();
  bundle.config["process"]["terminal"] = true;
  bundle.config["process"]["args"] = chatter;
  LazyReader reader(bundle.path("stdout"));
  Running run(reader.give_to(bundle.program({"run", "--bundle", bundle.dir(), bundle.id()})));
  REQUIRE(eventually([&] { return reader.is_full(); }));
  REQUIRE(::kill(run.pid(), SIGTERM) == 0);
  CHECK(bundle.reaches("unknown"));
  reader.leave();
  CHECK(run.wait().exit_code == 7);
}

TEST_CASE("relay: of exec too") {
  if (testing_runc()) return skip_case("runc waits for the reader");
  Waiting container;
  container.bundle.add_busybox();
  container.launch();
  LazyReader reader(container.bundle.path("stdout"));
  Running exec(reader.give_to(container.program({"--tty"}, chatter)));
  REQUIRE(eventually([&] { return reader.is_full(); }));
  REQUIRE(::kill(exec.pid(), SIGTERM) == 0);
  const auto processes = [&] {
    return container.bundle.command({"ps", "--format", "json", container.bundle.id()}).out;
  };
  // The one that writes has lost its terminal with its shell.
  CHECK(eventually([&] { return words(processes()).find(',') == std::string::npos; }));
  reader.leave();
  CHECK(exec.wait().exit_code == 7);
}

TEST_CASE("relay: a late reader gets all that was written") {
  Bundle bundle;
  bundle.add_busybox();
  bundle.config["process"]["terminal"] = true;
  // More than a pipe holds.
  bundle.config["process"]["args"] = {"/bin/sh", "-c", "yes | head -n 60000; echo end"};
  LazyReader reader(bundle.path("stdout"));
  Running run(reader.give_to(bundle.program({"run", "--bundle", bundle.dir(), bundle.id()})));
  REQUIRE(eventually([&] { return reader.is_full(); }));
  std::string text;
  CHECK(eventually([&] {
    for (std::string more = reader.read_some(); !more.empty(); more = reader.read_some())
      text += more;
    return text.ends_with("end\n");
  }));
  CHECK(text.size() == 120'004);
  reader.leave();
  CHECK(run.wait().exit_code == 0);
}

TEST_CASE("relay: input that nobody reads stops no signals") {
  Bundle bundle;
  bundle.config["process"]["terminal"] = true;
  bundle.probe("wait-signal");
  Program program = bundle.program({"run", "--bundle", bundle.dir(), bundle.id()});
  program.out_path = bundle.path("output");
  for (int i = 0; i < 200'000; ++i) program.input += "line\n";
  Running run(program);
  REQUIRE(bundle.wrote("ready=1"));
  std::string former;
  REQUIRE(eventually([&] {  // it has taken what it can
    const std::string now = read_file("/proc/" + std::to_string(run.pid()) + "/fdinfo/0");
    return std::exchange(former, now) == now && !now.starts_with("pos:\t0\n");
  }));
  REQUIRE(::kill(run.pid(), SIGTERM) == 0);
  CHECK(run.wait().exit_code == 0);
}

TEST_CASE("relay: a container without a terminal hears nothing of our window's size") {
  Bundle bundle;
  bundle.probe("wait-signal");
  Program program = bundle.program({"run", "--bundle", bundle.dir(), bundle.id()});
  program.out_path = bundle.path("output");
  Running run(program);
  REQUIRE(bundle.wrote("ready=1"));
  REQUIRE(::kill(run.pid(), SIGWINCH) == 0);
  REQUIRE(::kill(run.pid(), SIGPWR) == 0);  // lower numbers overtake it
  CHECK(bundle.wrote("caught=PWR"));
  REQUIRE(::kill(run.pid(), SIGTERM) == 0);
  CHECK(run.wait().exit_code == 0);
  CHECK(words(bundle.output()) == "ready=1 caught=PWR caught=TERM");
}
