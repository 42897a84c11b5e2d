// Where systemd is looked for, and calls to one that does not answer.
#include "runtime/cgroup/systemd.hpp"

#include <dlfcn.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <tuple>

#include <doctest/doctest.h>

#include "runtime/base/strings.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/proc_stat.hpp"
#include "runtime/sys/sockets.hpp"
#include "tests/support/summary.hpp"
#include "tests/unit/temporary_tree.hpp"

using namespace coracle;
using namespace coracle::cgroup;
using namespace coracle::cgroup::systemd;
using namespace std::chrono_literals;

namespace {

std::vector<std::string> texts(const std::vector<dbus::Address>& all) {
  std::vector<std::string> found;
  for (const dbus::Address& address : all)
    found.push_back((address.has_daemon ? "bus " : "direct ") + address.text);
  return found;
}

using Texts = std::vector<std::string>;

sys::Fd listen_at(const std::string& path) {
  sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  sys::Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(socket.get(), 1) == 0);
  const timeval patience = {.tv_sec = 60, .tv_usec = 0};  // of accept(2) too
  REQUIRE(::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0);
  return socket;
}

// Lets a client in, as D-Bus's "Authentication Protocol" says; the connection stays open.
sys::Fd welcome(const sys::Fd& listening) {
  sys::Fd client(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC));
  std::string asked;
  char chunk[256];
  while (asked.find("BEGIN\r\n") == std::string::npos) {
    const ssize_t size = ::read(client.get(), chunk, sizeof chunk);
    if (size <= 0) break;
    asked.append(chunk, static_cast<std::size_t>(size));
  }
  // Older ones say who they are at once, newer ones when they are asked.
  const bool wants_to_be_asked = asked.find("DATA\r\n") != std::string::npos;
  const std::string answer = std::string(wants_to_be_asked ? "DATA\r\n" : "") +
                             "OK 0123456789abcdef0123456789abcdef\r\nAGREE_UNIX_FD\r\n";
  std::ignore = ::write(client.get(), answer.data(), answer.size());
  return client;
}

dbus::Deadline in(std::chrono::milliseconds time) {
  return std::chrono::steady_clock::now() + time;
}

dbus::Call some_call() {
  return {.method = {.destination = "org.example",
                     .path = "/org/example",
                     .interface = "org.example.Manager",
                     .name = "Call"},
          .arguments = {},
          .reply = ""};
}

// Who lets one client in, and then says no more.
struct Silent {
  Result<Bus> connect() {
    std::thread server([this] { peer = welcome(socket); });
    const dbus::Address addresses[] = {{.text = "unix:path=" + path, .has_daemon = false}};
    auto bus = Bus::connect(addresses, in(60s));
    server.join();
    return bus;
  }

  test::TemporaryTree tree = test::TemporaryTree({});
  std::string path = tree.path() + "/private";
  sys::Fd socket = listen_at(path);
  sys::Fd peer;
};

bool has_library() {
  void* library = ::dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL);
  if (library != nullptr) ::dlclose(library);
  return library != nullptr;
}

}  // namespace

TEST_CASE("systemd: PID 1 listens itself, and on the system's bus") {
  CHECK(
      texts(addresses(Whose::system, {.runtime_dir = "/run/user/0"})) ==
      Texts{"direct unix:path=/run/systemd/private", "bus unix:path=/run/dbus/system_bus_socket"});
  CHECK(texts(addresses(Whose::system, {.system_bus = "unix:path=/other"})).back() ==
        "bus unix:path=/other");
}

TEST_CASE("systemd: a user's manager is in its runtime directory, or on its bus") {
  CHECK(
      texts(addresses(Whose::user, {.runtime_dir = "/run/user/1000"})) ==
      Texts{"direct unix:path=/run/user/1000/systemd/private", "bus unix:path=/run/user/1000/bus"});
  CHECK(texts(addresses(Whose::user, {.session_bus = "unix:abstract=x", .runtime_dir = "/r"})) ==
        Texts{"direct unix:path=/r/systemd/private", "bus unix:abstract=x"});
  CHECK(addresses(Whose::user, {}).empty());
}

TEST_CASE("systemd: a path in an address has no bytes that mean something there") {
  CHECK(texts(addresses(Whose::user, {.runtime_dir = "/a b,c;"})).front() ==
        "direct unix:path=/a%20b%2cc%3b/systemd/private");
}

TEST_CASE("systemd: the version is the number in front") {
  CHECK(version_from("257.13-1~deb13u1") == 257);
  CHECK(version_from("v245.4-1.fc32") == 245);
  CHECK(version_from("239") == 239);
  CHECK(version_from("dev") == -1);
}

TEST_CASE("sd-bus: who takes the connection and never answers is waited for until the deadline") {
  if (!has_library()) return coracle::test::skip_case("libsystemd.so.0 is not installed");
  const test::TemporaryTree tree({});
  const std::string path = tree.path() + "/bus";
  const sys::Fd socket = listen_at(path);
  const dbus::Address addresses[] = {{.text = "unix:path=" + path}};
  const auto bus = Bus::connect(addresses, in(10ms));
  REQUIRE_FALSE(bus.has_value());
  CHECK(bus.error().code == ETIMEDOUT);
  CHECK(bus.error().text() == "unix:path=" + path + ": wait for D-Bus: connection timed out");
}

TEST_CASE("sd-bus: who answers no call, and sends no signal, is waited for until the deadline") {
  if (!has_library()) return coracle::test::skip_case("libsystemd.so.0 is not installed");
  Silent systemd;
  const auto bus = systemd.connect();
  REQUIRE_MESSAGE(bus.has_value(), bus.error().text());
  const auto called = bus->call(some_call(), in(10ms));
  REQUIRE_FALSE(called.has_value());
  CHECK(called.error().code == ETIMEDOUT);
  const auto signal = bus->next_signal(
      {.interface = "org.example.Manager", .name = "Done", .types = "s"}, in(10ms));
  REQUIRE_FALSE(signal.has_value());
  CHECK(signal.error().code == ETIMEDOUT);
}

TEST_CASE("sd-bus: the error of the last address is the one that is reported") {
  if (!has_library()) return coracle::test::skip_case("libsystemd.so.0 is not installed");
  const dbus::Address addresses[] = {{.text = "unix:path=/nonexistent/a"},
                                     {.text = "unix:path=/nonexistent/b"}};
  const auto bus = Bus::connect(addresses, in(1s));
  REQUIRE_FALSE(bus.has_value());
  CHECK(bus.error().text() == "unix:path=/nonexistent/b: connect: no such file or directory");
}

TEST_CASE("sd-bus: its program ends with the connection") {
  if (!has_library()) return coracle::test::skip_case("libsystemd.so.0 is not installed");
  Silent systemd;
  {
    const auto bus = systemd.connect();
    REQUIRE_MESSAGE(bus.has_value(), bus.error().text());
    CHECK(::waitpid(-1, nullptr, WNOHANG) == 0);  // it runs
  }
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
  CHECK(errno == ECHILD);
}

TEST_CASE("sd-bus: its program ends with who asked it, also in the middle of a call") {
  if (!has_library()) return coracle::test::skip_case("libsystemd.so.0 is not installed");
  const test::TemporaryTree tree({});
  const std::string path = tree.path() + "/private";
  const sys::Fd socket = listen_at(path);
  auto numbers = sys::make_pipe().value();
  const pid_t asking = ::fork();
  if (asking == 0) {
    const dbus::Address addresses[] = {{.text = "unix:path=" + path, .has_daemon = false}};
    const auto bus = Bus::connect(addresses, in(60s));
    const std::string children = "/proc/self/task/" + std::to_string(::getpid()) + "/children";
    std::ignore = sys::write_all(numbers.write, sys::read_file(children).value_or(""));
    numbers.write.reset();
    if (bus) std::ignore = bus->call(some_call(), in(600s));
    ::_exit(1);
  }
  const sys::Fd peer = welcome(socket);  // stays, and says no more
  numbers.write.reset();
  const std::string number = sys::read_all(numbers.read).value();
  const auto program = parse_number<pid_t>(trim(number));
  std::this_thread::sleep_for(100ms);  // usually it is in that call by then
  REQUIRE(::kill(asking, SIGKILL) == 0);
  REQUIRE(::waitpid(asking, nullptr, 0) == asking);
  REQUIRE(program.has_value());
  bool ended = false;
  for (int i = 0; i < 1000 && !ended; ++i) {
    const auto facts = sys::process_facts(*program);
    ended = !facts || facts->ended();
    if (!ended) std::this_thread::sleep_for(10ms);
  }
  CHECK(ended);
}
