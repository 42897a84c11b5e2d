// config-linux.md#network-devices and #namespace-lifecycle-and-container-termination: in the
// suite's own network namespace, whose devices are the runtime's.
#include <string>

#include <doctest/doctest.h>

#include "conformance/spec/container.hpp"
#include "conformance/spec/tap.hpp"

using namespace coracle::conformance;
using coracle::test::Running;

namespace {

Outcome shell(const std::string& script) {
  return coracle::test::run({.args = {"sh", "-ec", script}});
}

// A container that gets the device "moved", one end of a pair whose other is "stays"; both are
// gone when it is dropped.
struct Moving : Container {
  Moving() {
    can = shell("ip link add moved type veth peer name stays").exit_code == 0;
    add_busybox();
    config["linux"]["netDevices"] = {{"moved", Json::object()}};
    config["process"]["args"] = {"/bin/sh", "-c", "ip addr"};
  }
  ~Moving() { shell("ip link del stays || true"); }

  // False, and the case skipped, where there are no such devices.
  bool is_possible() const {
    if (!can) skip("needs ip(8) and veth devices");
    return can;
  }
  void rename(const std::string& name) { config["linux"]["netDevices"]["moved"]["name"] = name; }

  bool can = false;
};

// A process in a network namespace of its own.
class OtherNetwork {
 public:
  OtherNetwork() : process_({.args = {"unshare", "--net", "sleep", "60"}}) {
    const std::string ours = namespace_of(::getpid(), "net");
    REQUIRE(eventually([&] { return namespace_of(process_.pid(), "net") != ours; }));
  }
  std::string path() const { return "/proc/" + std::to_string(process_.pid()) + "/ns/net"; }
  Outcome run(const std::string& script) const {
    return shell("nsenter --net=" + path() + " sh -ec '" + script + "'");
  }

 private:
  Running process_;
};

void join(Container& container, const OtherNetwork& network) {
  drop_namespace(container.config, "network");
  add_namespace(container.config, "network", network.path());
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("config-linux.md#network-devices 1: the device is in the container, and here no more") {
  Moving container;
  if (!container.is_possible()) return;
  CHECK(has(container.lives().out, "moved"));
  CHECK(shell("ip link show moved").exit_code != 0);
}

TEST_CASE("config-linux.md#network-devices 2: a device that cannot be moved is an error") {
  Moving container;
  if (!container.is_possible()) return;
  Container plain;
  plain.must_refuse([](Json& config) {
    config["linux"]["netDevices"] = {{"no-such-device", Json::object()}};
  });
  CHECK(has(container.lives().out, "moved"));
}

TEST_CASE("config-linux.md#network-devices 3: a name that is free in the container is taken") {
  const OtherNetwork network;
  Moving container;
  if (!container.is_possible()) return;
  join(container, network);
  container.rename("free");
  CHECK(has(container.lives().out, "free"));
}

TEST_CASE("config-linux.md#network-devices 3: a name that is taken in the container is an error") {
  const OtherNetwork network;
  REQUIRE(network.run("ip link add taken type veth peer name other").exit_code == 0);
  Container without;
  join(without, network);
  CHECK(without.tells("ids").value("uid") == "0");
  Moving container;
  if (!container.is_possible()) return;
  join(container, network);
  container.rename("taken");
  CHECK(container.create().exit_code != 0);
  CHECK(container.command({"state", container.id()}).exit_code != 0);
}

TEST_CASE("config-linux.md#network-devices 4: a name with %d becomes one that is free") {
  Moving container;
  if (!container.is_possible()) return;
  const OtherNetwork network;
  REQUIRE(network.run("ip link add net0 type veth peer name other").exit_code == 0);
  join(container, network);
  container.rename("net%d");
  CHECK(has(container.lives().out, "net1"));
}

TEST_CASE("config-linux.md#network-devices 5: MTU and addresses are kept") {
  Moving container;
  if (!container.is_possible()) return;
  REQUIRE(shell("ip link set moved mtu 1789 address 02:00:00:00:00:77\n"
                "ip addr add 10.9.8.7/24 dev moved\n"
                "ip addr add 2001:db8::7/64 nodad dev moved")
              .exit_code == 0);
  const std::string inside = container.lives().out;
  CHECK(shell("ip link show moved").exit_code != 0);
  for (const char* kept : {"mtu 1789", "02:00:00:00:00:77", "10.9.8.7/24", "2001:db8::7/64"}) {
    CHECK_MESSAGE(has(inside, kept), kept << " is not in: " << inside);
  }
}

TEST_CASE("config-linux.md#network-devices 6: the device is up") {
  Moving container;
  if (!container.is_possible()) return;
  container.config["process"]["args"] = {"/bin/sh", "-c", "ip link show moved"};
  CHECK(has(container.lives().out, ",UP"));
}

TEST_CASE(
    "config-linux.md#namespace-lifecycle-and-container-termination 1: what the container makes "
    "of the device stays") {
  Moving container;
  if (!container.is_possible()) return;
  container.config["process"]["args"] = {
      "/bin/sh", "-c",
      "ip link show moved | grep -q ,UP && ip link set moved down && ip link show moved"};
  coracle::test::set_capabilities(container.config, {"CAP_NET_ADMIN"});
  const std::string inside = container.lives().out;
  CHECK_MESSAGE(has(inside, ": moved"), inside);
  CHECK_FALSE(has(inside, ",UP"));
}

TEST_CASE(
    "config-linux.md#namespace-lifecycle-and-container-termination 2: delete leaves the device "
    "where it is") {
  Moving container;
  if (!container.is_possible()) return;
  const OtherNetwork network;
  join(container, network);
  CHECK(has(container.lives().out, "moved"));
  CHECK(network.run("ip link show moved").exit_code == 0);
  CHECK(shell("ip link show moved").exit_code != 0);
}
