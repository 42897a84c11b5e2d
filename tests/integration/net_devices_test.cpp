// config-linux.md#network-devices.  The runtime runs in a network namespace of its own, where
// the devices are made: the machine's is left alone.
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/bundle.hpp"
#include "tests/support/summary.hpp"
#include "tests/support/text.hpp"

using namespace coracle::test;
namespace fs = std::filesystem;

namespace {

const std::string make_pair = "ip link add moved type veth peer name stays\n";

bool cannot_run() {
  if (testing_old_runc()) {
    skip_case("newer than runc 1.1");
    return true;
  }
  if (run({.args = {"unshare", "-n", "sh", "-c", make_pair}}).exit_code == 0) return false;
  skip_case("needs ip(8) and veth devices");
  return true;
}

// A network namespace that lives with a process of its own.
class NetworkNamespace {
 public:
  NetworkNamespace() : holder_({.args = {"unshare", "-n", "sleep", "60"}}) {
    const auto ours = fs::read_symlink("/proc/self/ns/net");
    REQUIRE(eventually([&] { return fs::read_symlink(path()) != ours; }));
  }
  std::string path() const { return "/proc/" + std::to_string(holder_.pid()) + "/ns/net"; }
  // `script` of a shell in it; it must work.
  std::string shell(const std::string& script) const {
    const Outcome outcome = run({.args = {"nsenter", "--net=" + path(), "sh", "-ec", script}});
    CHECK_MESSAGE(outcome.exit_code == 0, outcome.text());
    return outcome.out;
  }

 private:
  Running holder_;
};

// A bundle whose container runs `script` of BusyBox's shell.
struct NetBundle : Bundle {
  NetBundle() {
    add_busybox();
    config["linux"]["netDevices"] = {{"moved", Json::object()}};
    script("ip addr");
  }

  void script(const std::string& text) { config["process"]["args"] = {"/bin/sh", "-ec", text}; }

  void join(const NetworkNamespace& network) {
    drop_namespace(config, "network");
    add_namespace(config, "network", network.path());
  }

  // `run`, after `before` and followed by `after`, in a new network namespace.
  Outcome run_between(const std::string& before, const std::string& after = "") const {
    Program program = this->program({"run", "--bundle", dir(), id()});
    const std::string shell =
        before + "\nstatus=0; \"$@\" || status=$?\n" + after + "\nexit $status";
    program.args.insert(program.args.begin(), {"unshare", "-n", "sh", "-ec", shell, "sh"});
    return coracle::test::run(program);
  }
};

void check_worked(const Outcome& outcome) {
  REQUIRE_MESSAGE(outcome.exit_code == 0, outcome.text());
}

void check_refused(const Outcome& outcome, const std::string& why) {
  CHECK(outcome.exit_code == 1);
  CHECK_MESSAGE(contains(outcome.err, why), outcome.text());
}

}  // namespace

TEST_CASE("netDevices: a device keeps name, MTU and MAC address, and is up") {
  if (cannot_run()) return;
  NetBundle bundle;
  bundle.script("cd /sys/class/net/moved; cat mtu address; ip link show moved");
  const Outcome outcome =
      bundle.run_between(make_pair + "ip link set moved mtu 1789 address 00:11:22:33:44:55");
  check_worked(outcome);
  CHECK(outcome.out.starts_with("1789\n00:11:22:33:44:55\n"));
  CHECK_MESSAGE(contains(outcome.out, ",UP"), outcome.text());
}

TEST_CASE("netDevices: a device gets its new name, also one that the host uses") {
  if (cannot_run()) return;
  NetBundle bundle;
  bundle.config["linux"]["netDevices"] = {{"moved", {{"name", "stays"}}}};
  bundle.script("ls /sys/class/net");
  const Outcome outcome = bundle.run_between(make_pair);
  check_worked(outcome);
  CHECK(words(outcome.out) == "lo stays");
}

TEST_CASE("netDevices: names can be exchanged") {
  if (cannot_run()) return;
  NetBundle bundle;
  bundle.config["linux"]["netDevices"] = {{"moved", {{"name", "stays"}}},
                                          {"stays", {{"name", "moved"}}}};
  bundle.script("cat /sys/class/net/moved/address /sys/class/net/stays/address");
  const Outcome outcome = bundle.run_between(make_pair +
                                             "ip link set moved address 02:00:00:00:00:01\n"
                                             "ip link set stays address 02:00:00:00:00:02\n");
  check_worked(outcome);
  CHECK(words(outcome.out) == "02:00:00:00:00:02 02:00:00:00:00:01");
}

TEST_CASE("netDevices: templates get the first free numbers") {
  if (cannot_run()) return;
  const NetworkNamespace network;
  network.shell("ip link add net0 type veth peer name net2");
  NetBundle bundle;
  bundle.join(network);
  bundle.config["linux"]["netDevices"] = {{"moved", {{"name", "net%d"}}},
                                          {"stays", {{"name", "net%d"}}}};
  bundle.script("ls /sys/class/net");
  const Outcome outcome = bundle.run_between(make_pair);
  check_worked(outcome);
  CHECK(words(outcome.out) == "lo net0 net1 net2 net3");
}

TEST_CASE("netDevices: permanent addresses of global scope go along, in order") {
  if (cannot_run()) return;
  NetBundle bundle;
  bundle.config["linux"]["netDevices"] = {{"moved", {{"name", "inside"}}}};
  const Outcome outcome = bundle.run_between(make_pair +
                                             "ip link set moved up\n"
                                             "ip link set stays up\n"
                                             "ip addr add 10.9.8.7/24 brd + dev moved\n"
                                             "ip addr add 10.9.8.6/24 dev moved\n"
                                             "ip addr add 10.7.0.1 peer 10.7.0.2/32 dev moved\n"
                                             "ip addr add 2001:db8::7/64 nodad dev moved\n");
  check_worked(outcome);
  const std::string text = words(outcome.out);
  for (const char* address :
       {"inet 10.9.8.7/24 brd 10.9.8.255 scope global inside",
        "inet 10.9.8.6/24 scope global secondary inside",
        "inet 10.7.0.1 peer 10.7.0.2/32 scope global inside", "inet6 2001:db8::7/64 scope global"})
    CHECK_MESSAGE(contains(text, address), outcome.text());
  CHECK_FALSE(contains(text, "tentative inet6 2001"));
}

TEST_CASE("netDevices: other addresses stay behind") {
  if (cannot_run()) return;
  NetBundle bundle;
  const Outcome outcome =
      bundle.run_between(make_pair +
                         "ip link set moved up\n"
                         "ip addr add 10.0.0.1/24 scope link dev moved\n"
                         "ip addr add 10.0.1.1/24 scope host dev moved\n"
                         "ip addr add 10.0.2.1/24 valid_lft 600 preferred_lft 600 dev moved\n"
                         "ip addr add 2001:db8::8/64 valid_lft 600 preferred_lft 600 dev moved\n");
  check_worked(outcome);
  CHECK(contains(outcome.out, "moved@"));
  CHECK_FALSE(contains(outcome.out, "inet 10."));
  CHECK_FALSE(contains(outcome.out, "2001:db8"));
}

TEST_CASE("netDevices: a missing device is named, and no other one is moved") {
  if (cannot_run()) return;
  NetBundle bundle;
  bundle.config["linux"]["netDevices"]["no-such"] = Json::object();
  const Outcome outcome = bundle.run_between(make_pair, "ip link show moved >/dev/null");
  check_refused(outcome, "no network device \\\"no-such\\\"");
}

TEST_CASE("netDevices: a name that is taken inside is refused, and nothing is moved") {
  if (cannot_run()) return;
  const NetworkNamespace network;
  network.shell("ip link add taken type veth peer name other");
  NetBundle bundle;
  bundle.join(network);
  bundle.config["linux"]["netDevices"] = {{"moved", Json::object()},
                                          {"stays", {{"name", "taken"}}}};
  const Outcome outcome = bundle.run_between(make_pair, "ip link show moved >/dev/null");
  check_refused(outcome, "taken");
  CHECK(words(network.shell("ls /sys/class/net | cat; ip -br link | wc -l")).ends_with("3"));
}

TEST_CASE("netDevices: two devices of one name are refused") {
  if (cannot_run()) return;
  NetBundle bundle;
  bundle.config["linux"]["netDevices"] = {{"moved", {{"name", "same"}}},
                                          {"stays", {{"name", "same"}}}};
  check_refused(bundle.run_between(make_pair, "ip link show moved >/dev/null"), "same");
}

TEST_CASE("netDevices: what cannot be moved is refused with the kernel's reason") {
  if (cannot_run()) return;
  NetBundle bundle;
  bundle.config["linux"]["netDevices"] = {{"lo", {{"name", "lo1"}}}};
  check_refused(bundle.run_between("ip link set lo up"), "move network device lo");
}

TEST_CASE("netDevices: the device outlives the container in a joined namespace, and can go back") {
  if (cannot_run()) return;
  const NetworkNamespace network;
  NetBundle bundle;
  bundle.join(network);
  bundle.script("true");
  // The runtime's namespace must live as long: its end is the end of the pair.
  const std::string inside = "nsenter --net=" + network.path() + " ip ";
  const Outcome outcome = bundle.run_between(
      make_pair + "ip addr add 10.9.8.7/24 dev moved",
      inside + "addr show moved\n" + inside + "link set moved netns $$\n" + "ip link show moved");
  check_worked(outcome);
  CHECK(contains(outcome.out, "inet 10.9.8.7/24"));
}

TEST_CASE("netDevices: the container's user namespace is no hindrance") {
  if (cannot_run()) return;
  NetBundle bundle;
  bundle.map_ids(1'000'000);
  const Outcome outcome = bundle.run_between(make_pair + "ip addr add 10.9.8.7/24 dev moved");
  check_worked(outcome);
  CHECK(contains(outcome.out, "inet 10.9.8.7/24"));
}

TEST_CASE("netDevices: without a network namespace they are refused") {
  if (cannot_run()) return;
  NetBundle bundle;
  drop_namespace(bundle.config, "network");
  check_refused(bundle.run_between(make_pair), "netDevices");
}

TEST_CASE("netDevices: the runtime's own network namespace is refused") {
  if (cannot_run()) return;
  NetBundle bundle;
  drop_namespace(bundle.config, "network");
  add_namespace(bundle.config, "network", "/proc/self/ns/net");
  check_refused(bundle.run_between(make_pair, "ip link show moved >/dev/null"),
                "shares the runtime's network namespace");
}
