// config-linux.md#namespaces and what belongs to them: names, network, time, sysctl.
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

const char* file_of(const std::string& type) {
  if (type == "network") return "net";
  return type == "mount" ? "mnt" : type.c_str();
}

std::string of_process(const std::string& pid, const std::string& type) {
  return fs::read_symlink("/proc/" + pid + "/ns/" + file_of(type)).string();
}

}  // namespace

TEST_CASE("namespaces: a listed one is new, another is the host's") {
  Bundle bundle;
  drop_namespace(bundle.config, "network");
  drop_namespace(bundle.config, "ipc");
  drop_mount(bundle.config, "/sys");
  const Outcome outcome = bundle.report("ns");
  for (const char* type : {"mount", "pid", "uts"}) {
    CHECK(outcome.value(std::string("ns.") + file_of(type)) != of_process("self", type));
  }
  for (const char* type : {"network", "ipc", "user", "time"}) {
    CHECK(outcome.value(std::string("ns.") + file_of(type)) == of_process("self", type));
  }
}

TEST_CASE("namespaces: a cgroup namespace has the container's cgroup as root") {
  Bundle bundle;
  add_namespace(bundle.config, "cgroup");
  const Outcome outcome = bundle.report("ns -- cat /proc/self/cgroup");
  CHECK(outcome.value("ns.cgroup") != of_process("self", "cgroup"));
  CHECK_FALSE(contains(outcome.out, bundle.id()));
}

TEST_CASE("namespaces: one is joined by path") {
  Bundle holder;
  holder.probe("wait-signal");
  holder.launch();
  const std::string pid = std::to_string(holder.pid());
  for (const char* type : {"network", "ipc", "uts", "pid"}) {
    Bundle joiner;
    joiner.config.erase("hostname");
    drop_namespace(joiner.config, type);
    add_namespace(joiner.config, type, "/proc/" + pid + "/ns/" + file_of(type));
    CHECK(joiner.report("ns").value(std::string("ns.") + file_of(type)) == of_process(pid, type));
  }
  CHECK(holder.remove({"--force"}).exit_code == 0);
}

TEST_CASE("namespaces: a path that is none, or one of another type, is refused") {
  Bundle bundle;
  drop_namespace(bundle.config, "network");
  Json& namespaces = bundle.config["linux"]["namespaces"];
  namespaces.push_back({{"type", "network"}, {"path", "/no/such"}});
  CHECK(bundle.run().exit_code == 1);
  namespaces.back()["path"] = "/proc/self/ns/uts";
  CHECK(bundle.run().exit_code == 1);
}

TEST_CASE("namespaces: the same type twice, or an unknown one, is refused") {
  Bundle bundle;
  add_namespace(bundle.config, "ipc");
  CHECK(bundle.run().exit_code == 1);
  bundle.config = default_config();
  bundle.config["linux"]["cgroupsPath"] = bundle.cgroups_path();
  add_namespace(bundle.config, "weather");
  CHECK(bundle.run().exit_code == 1);
}

TEST_CASE("namespaces: the host's PID namespace keeps the container's processes in sight") {
  Bundle bundle;
  drop_namespace(bundle.config, "pid");
  const std::string pid = bundle.report("pids").value("pid");
  CHECK_MESSAGE(std::stoi(pid) > 1, pid);
}

TEST_CASE("hostname and domainname: they are set in the namespace only") {
  const std::string before = read_file("/proc/sys/kernel/hostname");
  Bundle bundle;
  bundle.config["hostname"] = "a.name";
  CHECK(bundle.report("hostname").value("hostname") == "a.name");
  CHECK(read_file("/proc/sys/kernel/hostname") == before);
  if (testing_old_runc()) return;
  bundle.config["domainname"] = "a.domain";
  CHECK(bundle.report("domainname").value("domainname") == "a.domain");
}

TEST_CASE("hostname: without a namespace for it, it is refused") {
  Bundle bundle;
  drop_namespace(bundle.config, "uts");
  CHECK(bundle.run().exit_code == 1);
  CHECK(read_file("/proc/sys/kernel/hostname") != "probe\n");
}

TEST_CASE("network: the loopback of a new namespace is up, and alone") {
  Bundle bundle;
  const Outcome outcome = bundle.report("lo -- links");
  CHECK(outcome.value("lo") == "up");
  CHECK(contains(outcome.out, "link=lo\n"));
  CHECK_FALSE(contains(outcome.out, "link=eth0"));
}

TEST_CASE("time: the offsets are those of the configuration") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  Bundle bundle;
  const long ours = std::stol(bundle.report("time").value("monotonic"));
  add_namespace(bundle.config, "time");
  bundle.config["linux"]["timeOffsets"] = {{"monotonic", {{"secs", 7881}, {"nanosecs", 2718281}}},
                                           {"boottime", {{"secs", 1337}, {"nanosecs", 3141519}}}};
  const Outcome outcome = bundle.report("time -- ns");
  const long shifted = std::stol(outcome.value("monotonic")) - ours;
  CHECK_MESSAGE((shifted >= 7881 && shifted < 7881 + 30), shifted);
  CHECK(outcome.value("ns.time") != of_process("self", "time"));
  CHECK(outcome.value("ns.time") == "time" + outcome.value("ns.time_for_children").substr(4));
}

TEST_CASE("time: offsets hold in a user namespace too") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  Bundle bundle;
  bundle.map_ids(1'000'000);
  const long ours = std::stol(bundle.report("time").value("boottime"));
  add_namespace(bundle.config, "time");
  bundle.config["linux"]["timeOffsets"] = {{"boottime", {{"secs", 1337}}}};
  CHECK(std::stol(bundle.report("time").value("boottime")) >= ours + 1337);
}

TEST_CASE("time: offsets without the namespace are refused") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  Bundle bundle;
  bundle.config["linux"]["timeOffsets"] = {{"boottime", {{"secs", 1}}}};
  CHECK(bundle.run().exit_code == 1);
}

TEST_CASE("sysctl: it is set in the container's namespace only") {
  const std::string before = read_file("/proc/sys/net/ipv4/ip_unprivileged_port_start");
  Bundle bundle;
  bundle.config["linux"]["sysctl"] = {{"net.ipv4.ip_unprivileged_port_start", "81"},
                                      {"kernel.shm_rmid_forced", "1"}};
  const Outcome outcome =
      bundle.report("sysctl net.ipv4.ip_unprivileged_port_start -- sysctl kernel.shm_rmid_forced");
  CHECK(outcome.value("net.ipv4.ip_unprivileged_port_start") == "81");
  CHECK(outcome.value("kernel.shm_rmid_forced") == "1");
  CHECK(read_file("/proc/sys/net/ipv4/ip_unprivileged_port_start") == before);
}

TEST_CASE("sysctl: one of a namespace that is the host's, or of none, is refused") {
  Bundle bundle;
  bundle.config["linux"]["sysctl"] = {{"kernel.core_pattern", "x"}};
  CHECK(bundle.run().exit_code == 1);
  bundle.config["linux"]["sysctl"] = {{"net.ipv4.ip_forward", "1"}};
  drop_namespace(bundle.config, "network");
  drop_mount(bundle.config, "/sys");
  const std::string before = read_file("/proc/sys/net/ipv4/ip_forward");
  CHECK(bundle.run().exit_code == 1);
  CHECK(read_file("/proc/sys/net/ipv4/ip_forward") == before);
}
