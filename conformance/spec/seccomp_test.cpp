// config-linux.md#seccomp and #the-container-process-state.
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <string>

#include <doctest/doctest.h>

#include "conformance/spec/container.hpp"
#include "tests/support/sockets.hpp"

using namespace coracle::conformance;
using coracle::test::Delivery;
using coracle::test::DeliverySocket;
using coracle::test::Running;
using coracle::test::seccomp;

namespace {

const std::string number = std::to_string(SYS_getpriority);

Json rule(const std::string& action) {
  return {{"names", {"getpriority"}}, {"action", action}};
}

// A container whose call of getpriority(2) the agent answers with EXDEV.
struct Notifying : Container {
  Notifying() {
    config["linux"]["seccomp"] = seccomp(Json::array({rule("SCMP_ACT_NOTIFY")}));
    config["linux"]["seccomp"]["listenerPath"] = path("agent");
    config["linux"]["seccomp"]["listenerMetadata"] = "some words";
    probe("seccomp " + number + " 0 0");
  }
};

// create and start, in the background: the filter may be loaded by either.
coracle::test::Program life(const Container& container) {
  const std::string runtime = coracle::test::runtime_binary() + " --root " + container.root();
  const std::string create = runtime + " create --bundle " + container.dir() + " --pid-file " +
                             container.path("pid") + " " + container.id();
  // Written as a command would write it.
  container.program({});
  return {.args = {"sh", "-c", create + " && " + runtime + " start " + container.id()},
          .out_path = container.path("output")};
}

void answer(int listener) {
  seccomp_notif call = {};
  REQUIRE(::ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) == 0);
  CHECK(call.data.nr == SYS_getpriority);
  seccomp_notif_resp reply = {.id = call.id, .val = 0, .error = -EXDEV, .flags = 0};
  CHECK(::ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &reply) == 0);
}

// A listening socket that tests accept from by themselves.
class Agent {
 public:
  explicit Agent(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(fd_, 8) == 0);
    const timeval limit = {.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;
  ~Agent() { ::close(fd_); }

  // All bytes of the next connection until its end, or 10 s of silence.
  struct Bytes {
    std::string text;
    bool ended = false;
  };
  Bytes receive() const {
    Bytes bytes;
    const int connection = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
    REQUIRE(connection >= 0);
    const timeval limit = {.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    char part[4096];
    ssize_t count = 0;
    // The descriptors that come along are dropped: nothing in these cases is answered.
    while ((count = ::recv(connection, part, sizeof part, 0)) > 0) {
      bytes.text.append(part, static_cast<std::size_t>(count));
    }
    bytes.ended = count == 0;
    ::close(connection);
    return bytes;
  }
  bool has_more() const {
    ::fcntl(fd_, F_SETFL, O_NONBLOCK);
    const int connection = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection >= 0) ::close(connection);
    return connection >= 0;
  }

 private:
  int fd_;
};

}  // namespace

TEST_CASE(
    "config-linux.md#seccomp 1: defaultErrnoRet with an action that has no errno is refused") {
  Container container;
  container.config["linux"]["seccomp"] = seccomp(Json::array({rule("SCMP_ACT_ERRNO")}));
  container.must_refuse([](Json& config) { config["linux"]["seccomp"]["defaultErrnoRet"] = 1; });
}

TEST_CASE("config-linux.md#seccomp 2: the listener is a stream socket of AF_UNIX") {
  Notifying container;
  const DeliverySocket agent(container.path("agent"));
  Running living(life(container));
  const Delivery delivery = agent.receive();
  CHECK(delivery.fd >= 0);
  ::close(delivery.fd);
}

TEST_CASE("config-linux.md#seccomp 3: a connection carries one state, and there is no second") {
  Notifying container;
  container.probe("ids");
  const Agent agent(container.path("agent"));
  Running living(life(container));
  const Agent::Bytes bytes = agent.receive();
  CHECK(Json::parse(bytes.text, nullptr, false).is_object());
  REQUIRE(living.wait().exit_code == 0);
  REQUIRE(container.ends());
  CHECK_FALSE(agent.has_more());
}

TEST_CASE("config-linux.md#seccomp 4: the connection is closed after the state") {
  Notifying container;
  container.probe("ids");
  const Agent agent(container.path("agent"));
  Running living(life(container));
  const Agent::Bytes bytes = agent.receive();
  CHECK(bytes.ended);
  CHECK(bytes.text.find("pid") != std::string::npos);
  CHECK(living.wait().exit_code == 0);
}

TEST_CASE("config-linux.md#seccomp 5: a listener that does not listen is an error") {
  Container container;
  container.probe("ids");
  container.must_refuse_to_run([&](Json& config) {
    config["linux"]["seccomp"] = seccomp(Json::array({rule("SCMP_ACT_NOTIFY")}));
    config["linux"]["seccomp"]["listenerPath"] = container.path("nobody");
  });
}

TEST_CASE("config-linux.md#seccomp 6: listenerMetadata without listenerPath is refused") {
  Container container;
  container.config["linux"]["seccomp"] = seccomp(Json::array({rule("SCMP_ACT_ERRNO")}));
  container.must_refuse(
      [](Json& config) { config["linux"]["seccomp"]["listenerMetadata"] = "some words"; });
}

TEST_CASE("config-linux.md#seccomp 7: a rule without a name is refused") {
  Container container;
  container.config["linux"]["seccomp"] = seccomp(Json::array({rule("SCMP_ACT_ERRNO")}));
  container.must_refuse(
      [](Json& config) { config["linux"]["seccomp"]["syscalls"][0]["names"] = Json::array(); });
}

TEST_CASE("config-linux.md#seccomp 8: errnoRet with an action that has no errno is refused") {
  Container container;
  container.config["linux"]["seccomp"] = seccomp(Json::array({rule("SCMP_ACT_KILL")}));
  container.must_refuse(
      [](Json& config) { config["linux"]["seccomp"]["syscalls"][0]["errnoRet"] = 1; });
}

TEST_CASE(
    "config-linux.md#the-container-process-state 1: the state is JSON, and the descriptor comes "
    "by SCM_RIGHTS") {
  Notifying container;
  const DeliverySocket agent(container.path("agent"));
  Running living(life(container));
  const Delivery delivery = agent.receive();
  const Json state = Json::parse(delivery.text, nullptr, false);
  REQUIRE(state.is_object());
  CHECK(state.contains("ociVersion"));
  CHECK(state.value("fds", Json()) == Json::array({"seccompFd"}));
  CHECK(state.value("metadata", "") == "some words");
  CHECK(state.value("/state/id"_json_pointer, "") == container.id());
  REQUIRE(delivery.fd >= 0);
  answer(delivery.fd);
  ::close(delivery.fd);
  CHECK(container.wrote("syscall." + number + "=EXDEV"));
  REQUIRE(living.wait().exit_code == 0);
  CHECK(state.value("pid", 0) == container.process());
}

TEST_CASE(
    "config-linux.md#the-container-process-state 2: the descriptor comes with the first bytes") {
  Notifying container;
  const DeliverySocket agent(container.path("agent"));
  Running living(life(container));
  const Delivery delivery = agent.receive();
  CHECK(delivery.text.starts_with("{"));
  CHECK(delivery.fd >= 0);
  ::close(delivery.fd);
}
