// The `linux` object.
#include <doctest/doctest.h>

#include "oci-spec/parse.hpp"
#include "oci-spec/write.hpp"
#include "tests/unit/oci-spec/minimal.hpp"

using namespace coracle::oci;
using test::error_of;
using test::with_linux;

namespace {

std::string refusal(const std::string& object) {
  return error_of(parse_spec(with_linux(object)));
}

Linux read_object(const std::string& object) {
  return parse_spec(with_linux(object)).value().linux_;
}

// The object as it is written again.
std::string rewritten(const std::string& object) {
  const std::string whole = write_spec(parse_spec(with_linux(object)).value(), false);
  const std::size_t start = whole.find(R"("linux":)");
  if (start == std::string::npos) return {};
  return whole.substr(start + 8, whole.size() - start - 9);
}

}  // namespace

TEST_CASE("linux: every field is read and written again") {
  const std::string text =
      R"({"uidMappings":[{"containerID":0,"hostID":100000,"size":65536}],)"
      R"("gidMappings":[{"containerID":0,"hostID":200000,"size":65536}],)"
      R"("sysctl":{"net.ipv4.ip_forward":"1"},"resources":{},"cgroupsPath":"/c",)"
      R"("namespaces":[{"type":"pid"},{"type":"network","path":"/n"},{"type":"time"}],)"
      R"("devices":[{"type":"c","path":"/dev/x","major":1,"minor":3,"fileMode":438,"uid":1,"gid":2}],)"
      R"("netDevices":{"eth0":{"name":"in0"},"eth1":{}},"rootfsPropagation":"rslave",)"
      R"("maskedPaths":["/proc/kcore"],"readonlyPaths":["/proc/sys"],"mountLabel":"l",)"
      R"("intelRdt":{"closID":"c","schemata":["L3:0=f"],"l3CacheSchema":"L3:0=f",)"
      R"("memBwSchema":"MB:0=20","enableMonitoring":true},)"
      R"("memoryPolicy":{"mode":"MPOL_BIND","nodes":"0-1","flags":["MPOL_F_STATIC_NODES"]},)"
      R"("personality":{"domain":"LINUX32"},)"
      R"("timeOffsets":{"boottime":{"secs":-2,"nanosecs":5},"monotonic":{"secs":1}}})";
  CHECK(rewritten(text) == text);
}

TEST_CASE("linux: an empty object is left out") {
  CHECK(rewritten("{}").empty());
  CHECK(rewritten("null").empty());
}

TEST_CASE("linux: an id mapping holds uint32 alone") {
  CHECK(refusal(R"({"uidMappings": [{"containerID": 0, "hostID": 0, "size": 4294967296}]})") ==
        "config.json: /linux/uidMappings/0/size: 4294967296 is not a uint32");
  CHECK(refusal(R"({"gidMappings": [{"containerID": 0, "size": 1}]})") ==
        "config.json: /linux/gidMappings/0/hostID: missing, expected a uint32");
}

TEST_CASE("linux: an unknown namespace type is refused") {
  CHECK(refusal(R"({"namespaces": [{"type": "net"}]})") ==
        "config.json: /linux/namespaces/0/type: \"net\" is not one of pid, network, mount, ipc, "
        "uts, user, cgroup, time");
}

TEST_CASE("linux: rootfsPropagation takes each word with and without r") {
  const auto propagation = [](const std::string& word) {
    return *read_object(R"({"rootfsPropagation": ")" + word + "\"}").rootfs_propagation;
  };
  CHECK(propagation("shared").type == Propagation::shared);
  CHECK_FALSE(propagation("shared").recursive);
  CHECK(propagation("rprivate").type == Propagation::private_);
  CHECK(propagation("rprivate").recursive);
  CHECK(propagation("runbindable").type == Propagation::unbindable);
  CHECK_FALSE(read_object(R"({"rootfsPropagation": ""})").rootfs_propagation.has_value());
  CHECK(refusal(R"({"rootfsPropagation": "rrslave"})") ==
        "config.json: /linux/rootfsPropagation: \"rrslave\" is not one of shared, slave, private, "
        "unbindable, each also with an r before it");
}

TEST_CASE("linux: a device needs its numbers unless it is a FIFO") {
  CHECK(read_object(R"({"devices": [{"type": "p", "path": "/f"}]})").devices.at(0).type ==
        DeviceType::fifo);
  CHECK(read_object(R"({"devices": [{"type": "u", "path": "/f", "major": 1, "minor": 2}]})")
            .devices.at(0)
            .type == DeviceType::character);
  CHECK(refusal(R"({"devices": [{"type": "b", "path": "/f", "major": 1}]})") ==
        "config.json: /linux/devices/0/minor: missing, expected an int64");
  CHECK(refusal(R"({"devices": [{"type": "x", "path": "/f"}]})") ==
        "config.json: /linux/devices/0/type: \"x\" is not one of c, u, b, p");
}

TEST_CASE("linux: a personality names its domain and no flag") {
  CHECK(read_object(R"({"personality": {"domain": "LINUX", "flags": []}})").personality ==
        PersonalityDomain::linux64);
  CHECK(refusal(R"({"personality": {}})") ==
        "config.json: /linux/personality/domain: missing, expected a string");
  CHECK(refusal(R"({"personality": {"domain": "BSD"}})") ==
        "config.json: /linux/personality/domain: \"BSD\" is not one of LINUX, LINUX32");
  CHECK(refusal(R"({"personality": {"domain": "LINUX", "flags": ["F"]}})") ==
        "config.json: /linux/personality/flags: \"F\" is not a flag: none is defined");
}

TEST_CASE("linux: memoryPolicy knows its words") {
  CHECK(refusal(R"({"memoryPolicy": {"nodes": "0"}})") ==
        "config.json: /linux/memoryPolicy/mode: missing, expected a string");
  CHECK(refusal(R"({"memoryPolicy": {"mode": "MPOL_LOCAL", "flags": ["MPOL_F_X"]}})") ==
        "config.json: /linux/memoryPolicy/flags/0: \"MPOL_F_X\" is not one of "
        "MPOL_F_NUMA_BALANCING, MPOL_F_RELATIVE_NODES, MPOL_F_STATIC_NODES");
}
