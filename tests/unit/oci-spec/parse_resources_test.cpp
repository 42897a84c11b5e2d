// linux.resources.
#include <doctest/doctest.h>

#include "oci-spec/parse.hpp"
#include "tests/unit/oci-spec/minimal.hpp"

using namespace coracle::oci;
using test::error_of;

namespace {

std::string rewritten(std::string_view text) {
  json::Writer out(json::Layout::compact);
  Codec<Resources>::write(out, parse_resources(text).value());
  return std::move(out).text();
}

DeviceRule rule(const std::string& text) {
  return parse_resources(R"({"devices": [)" + text + "]}").value().devices.at(0);
}

}  // namespace

TEST_CASE("resources: every field is read and written again") {
  const std::string text =
      R"({"devices":[{"allow":true,"type":"c","major":1,"minor":3,"access":"rw"}],)"
      R"("memory":{"limit":-1,"reservation":1,"swap":2,"kernel":3,"kernelTCP":4,"swappiness":5,)"
      R"("disableOOMKiller":false,"useHierarchy":true,"checkBeforeUpdate":true},)"
      R"("cpu":{"shares":1,"quota":-1,"burst":2,"period":3,"realtimeRuntime":4,"realtimePeriod":5,)"
      R"("cpus":"0","mems":"0","idle":1},"pids":{"limit":0},)"
      R"("blockIO":{"weight":10,"leafWeight":11,"weightDevice":[{"major":8,"minor":0,"weight":1,)"
      R"("leafWeight":2}],"throttleReadBpsDevice":[{"major":8,"minor":0,"rate":1}],)"
      R"("throttleWriteBpsDevice":[{"major":8,"minor":0,"rate":2}],)"
      R"("throttleReadIOPSDevice":[{"major":8,"minor":0,"rate":3}],)"
      R"("throttleWriteIOPSDevice":[{"major":8,"minor":0,"rate":4}]},)"
      R"("hugepageLimits":[{"pageSize":"2MB","limit":1}],)"
      R"("network":{"classID":1,"priorities":[{"name":"eth0","priority":2}]},)"
      R"("rdma":{"mlx5_1":{"hcaHandles":3,"hcaObjects":4}},"unified":{"memory.high":"1"}})";
  CHECK(rewritten(text) == text);
}

TEST_CASE("resources: a limit of no processes is not an absent one") {
  CHECK(parse_resources(R"({"pids": {"limit": 0}})")->pids_limit == 0);
  CHECK_FALSE(parse_resources(R"({"pids": {}})")->pids_limit.has_value());
  CHECK(error_of(parse_resources(R"({"pids": 5})")) == "resources.json: /pids: 5 is not an object");
  CHECK(error_of(parse_resources(R"({"pids": {"limit": "5"}})")) ==
        "resources.json: /pids/limit: \"5\" is not an int64");
}

TEST_CASE("resources: a device rule that leaves parts out means all") {
  const DeviceRule denied = rule(R"({"allow": false})");
  CHECK(denied.type == DeviceRuleType::all);
  CHECK_FALSE(denied.major.has_value());
  CHECK(denied.access == "rwm");
  CHECK(rule(R"({"allow": true, "type": "", "access": ""})").access == "rwm");
}

TEST_CASE("resources: device number -1 means all") {
  const DeviceRule any = rule(R"({"allow": true, "type": "c", "major": 4, "minor": -1})");
  CHECK(any.major == 4);
  CHECK_FALSE(any.minor.has_value());
  CHECK(error_of(parse_resources(R"({"devices": [{"allow": true, "major": -2}]})")) ==
        "resources.json: /devices/0/major: -2 is not a device number, or -1 for all");
}

TEST_CASE("resources: device access knows three letters") {
  CHECK(error_of(parse_resources(R"({"devices": [{"allow": true, "access": "rx"}]})")) ==
        "resources.json: /devices/0/access: \"rx\" is not a subset of the letters rwm");
}

TEST_CASE("resources: what docker update sends is read") {
  const auto resources = parse_resources(
      R"({"memory": {"limit": 67108864, "reservation": 0}, "cpu": {"shares": 0, "quota": 50000},
          "pids": {"limit": 77}, "blockIO": {"weight": 0}})");
  REQUIRE(resources.has_value());
  CHECK(resources->cpu->quota == 50000);
  CHECK(resources->pids_limit == 77);
}
