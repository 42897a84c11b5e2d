// config-linux.md#devices, #default-devices and #allowed-device-list, runtime-linux.md.
#include <string>

#include <doctest/doctest.h>

#include "conformance/spec/container.hpp"
#include "tests/support/sockets.hpp"

using namespace coracle::conformance;

namespace {

Json device(const std::string& path, int major, int minor) {
  return {{"path", path}, {"type", "c"}, {"major", major}, {"minor", minor}};
}

Json rule(bool allow, const Json& numbers) {
  Json made = {{"allow", allow}, {"access", "rwm"}};
  made.update(numbers);
  return made;
}

const Json one_device = {{"type", "c"}, {"major", 10}, {"minor", 229}};  // fuse

// What opening /dev/node, which is such a device, comes to with these rules.
std::string opened(const Json& rules) {
  Container container;
  container.config["linux"]["devices"] = {device("/dev/node", 10, 229)};
  container.config["linux"]["resources"]["devices"] = rules;
  return container.tells("open /dev/node").value("open.read");
}

}  // namespace

TEST_CASE("config-linux.md#devices 1: a device has its type, numbers, mode and owner") {
  Container container;
  Json wanted = device("/dev/node", 1, 11);
  wanted.update({{"fileMode", 0640}, {"uid", 7}, {"gid", 8}});
  container.config["linux"]["devices"] = {wanted};
  const Outcome seen = container.tells("stat /dev/node");
  CHECK(seen.value("type") == "char");
  CHECK(seen.value("rdev") == "1:11");
  CHECK(seen.value("mode") == "0640");
  CHECK(seen.value("uid") == "7");
  CHECK(seen.value("gid") == "8");
}

TEST_CASE("config-linux.md#devices 2: a file at the path that is no such device is an error") {
  Container container;
  write_file(container.rootfs() + "/taken", "");
  container.config["linux"]["devices"] = {device("/free", 1, 11)};
  container.must_refuse(
      [](Json& config) { config["linux"]["devices"].push_back(device("/taken", 1, 11)); });
}

TEST_CASE(
    "config-linux.md#default-devices 1: null, zero, full, random, urandom and tty are there") {
  struct {
    const char* path;
    const char* numbers;
  } const wanted[] = {{"/dev/null", "1:3"},   {"/dev/zero", "1:5"},    {"/dev/full", "1:7"},
                      {"/dev/random", "1:8"}, {"/dev/urandom", "1:9"}, {"/dev/tty", "5:0"}};
  Container container;
  for (const auto& each : wanted) {
    CHECK(container.tells(std::string("stat ") + each.path).value("rdev") == each.numbers);
  }
}

TEST_CASE("config-linux.md#default-devices 1: /dev/ptmx is that of /dev/pts") {
  Container container;
  const Outcome seen = container.tells("readlink /dev/ptmx -- stat /dev/ptmx -- mount /dev/ptmx");
  // A bind mount or a link.
  const bool is_link = seen.value("link") == "/dev/pts/ptmx" || seen.value("link") == "pts/ptmx";
  const bool is_bound = seen.value("mount.root") == "/ptmx" && seen.value("rdev") == "5:2";
  CHECK_MESSAGE((is_link || is_bound), seen.text());
}

TEST_CASE("config-linux.md#default-devices 1: with a terminal /dev/console is the terminal") {
  Container container;
  const coracle::test::DeliverySocket socket(container.path("console"));
  container.config["process"]["terminal"] = true;
  container.probe("stat /dev/console -- tty");
  REQUIRE(container
              .create({"--pid-file", container.path("pid"), "--console-socket",
                       container.path("console")})
              .exit_code == 0);
  const coracle::test::Delivery delivery = socket.receive();
  container.must_start();
  const std::string text = coracle::test::read_terminal(delivery.fd);
  CHECK_MESSAGE(text.find("rdev=136:") != std::string::npos, text);
  CHECK_MESSAGE(text.find("isatty=111") != std::string::npos, text);
}

TEST_CASE(
    "config-linux.md#allowed-device-list 1: a later rule that allows overrides one that denies") {
  CHECK(opened(Json::array({rule(false, Json::object())})) == "EPERM");
  CHECK(opened(Json::array({rule(false, Json::object()), rule(true, one_device)})) == "ok");
}

TEST_CASE(
    "config-linux.md#allowed-device-list 1: a later rule that denies overrides one that allows") {
  CHECK(opened(Json::array({rule(true, one_device)})) == "ok");
  CHECK(opened(Json::array({rule(true, one_device), rule(false, Json::object())})) == "EPERM");
}

TEST_CASE(
    "runtime-linux.md#dev-symbolic-links 1: /dev/fd, stdin, stdout and stderr lead to /proc") {
  struct {
    const char* path;
    const char* target;
  } const wanted[] = {{"/dev/fd", "/proc/self/fd"},
                      {"/dev/stdin", "/proc/self/fd/0"},
                      {"/dev/stdout", "/proc/self/fd/1"},
                      {"/dev/stderr", "/proc/self/fd/2"}};
  Container container;
  for (const auto& each : wanted) {
    CHECK(container.tells(std::string("readlink ") + each.path).value("link") == each.target);
  }
}
