// Where systemd is looked for, and calls to one that does not answer.
#include "runtime/cgroup/systemd.hpp"

#include <dlfcn.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>

#include <doctest/doctest.h>

#include "tests/support/summary.hpp"
#include "tests/unit/temporary_tree.hpp"

using namespace coracle;
using namespace coracle::cgroup;
using namespace coracle::cgroup::systemd;

namespace {

std::vector<std::string> texts(const std::vector<dbus::Address>& all) {
  std::vector<std::string> found;
  for (const dbus::Address& address : all)
    found.push_back((address.has_daemon ? "bus " : "direct ") + address.text);
  return found;
}

using Texts = std::vector<std::string>;

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
  sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
  const std::string path = tree.path() + "/bus";
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  const sys::Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(socket.get(), 1) == 0);
  const dbus::Address addresses[] = {{.text = "unix:path=" + path}};
  const auto bus = dbus::Bus::connect(
      addresses, std::chrono::steady_clock::now() + std::chrono::milliseconds(10));
  REQUIRE_FALSE(bus.has_value());
  CHECK(bus.error().code == ETIMEDOUT);
  CHECK(bus.error().text() == "unix:path=" + path + ": wait for D-Bus: connection timed out");
}

TEST_CASE("sd-bus: the error of the last address is the one that is reported") {
  if (!has_library()) return coracle::test::skip_case("libsystemd.so.0 is not installed");
  const dbus::Address addresses[] = {{.text = "unix:path=/nonexistent/a"},
                                     {.text = "unix:path=/nonexistent/b"}};
  const auto bus =
      dbus::Bus::connect(addresses, std::chrono::steady_clock::now() + std::chrono::seconds(1));
  REQUIRE_FALSE(bus.has_value());
  CHECK(bus.error().text() == "unix:path=/nonexistent/b: connect: no such file or directory");
}
