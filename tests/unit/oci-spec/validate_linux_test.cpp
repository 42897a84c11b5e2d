// The rules of the `linux` object.
#include <doctest/doctest.h>

#include "oci-spec/validate.hpp"
#include "tests/unit/oci-spec/minimal.hpp"

using namespace coracle::oci;
using test::error_of;
using test::new_namespace;

namespace {

std::string refusal(auto change) {
  Spec spec = test::minimal_spec();
  change(spec.linux_);
  return error_of(validate(spec));
}

}  // namespace

TEST_CASE("validate namespaces: each type stands once") {
  CHECK(refusal([](Linux& l) {
          l.namespaces = {new_namespace(NamespaceType::pid), new_namespace(NamespaceType::pid)};
        }) == "config.json: /linux/namespaces/1/type: duplicated namespace \"pid\"");
}

TEST_CASE("validate namespaces: a path is absolute") {
  CHECK(refusal([](Linux& l) {
          l.namespaces = {{.type = NamespaceType::network, .path = "ns"}};
        }) == "config.json: /linux/namespaces/0/path: \"ns\" is not an absolute path");
}

TEST_CASE("validate id mappings: they need a user namespace") {
  CHECK(refusal([](Linux& l) {
          l.gid_mappings = {{0, 0, 1}};
        }) ==
        "config.json: /linux/gidMappings: mappings need a user namespace: add "
        "{\"type\": \"user\"} to /linux/namespaces");
}

TEST_CASE("validate id mappings: a new user namespace needs both") {
  const std::string sentence =
      "missing: a new user namespace needs at least one mapping, like {\"containerID\": 0, "
      "\"hostID\": 100000, \"size\": 65536}";
  CHECK(refusal([](Linux& l) { l.namespaces = {new_namespace(NamespaceType::user)}; }) ==
        "config.json: /linux/uidMappings: " + sentence);
  CHECK(refusal([](Linux& l) {
          l.namespaces = {new_namespace(NamespaceType::user)};
          l.uid_mappings = {{0, 0, 1}};
        }) == "config.json: /linux/gidMappings: " + sentence);
  CHECK(refusal([](Linux& l) {
          l.namespaces = {{.type = NamespaceType::user, .path = "/proc/1/ns/user"}};
        }).empty());
}

TEST_CASE("validate time offsets: they belong to a new time namespace") {
  const auto with = [](std::vector<Namespace> namespaces, const std::string& clock) {
    return refusal([&](Linux& l) {
      l.namespaces = namespaces;
      l.time_offsets[clock] = {.secs = 1, .nanosecs = 0};
    });
  };
  CHECK(with({new_namespace(NamespaceType::time)}, "boottime").empty());
  CHECK(with({}, "boottime").starts_with("config.json: /linux/timeOffsets: offsets need a time"));
  CHECK(with({{.type = NamespaceType::time, .path = "/t"}}, "monotonic") ==
        "config.json: /linux/timeOffsets: offsets can only be set for a new time namespace, not "
        "for \"/t\"");
  CHECK(with({new_namespace(NamespaceType::time)}, "realtime") ==
        "config.json: /linux/timeOffsets/realtime: \"realtime\" is not one of monotonic, boottime");
}

TEST_CASE("validate time offsets: nanoseconds stay below a second") {
  CHECK(refusal([](Linux& l) {
          l.namespaces = {new_namespace(NamespaceType::time)};
          l.time_offsets["monotonic"] = {.secs = 0, .nanosecs = 1000000000};
        }) ==
        "config.json: /linux/timeOffsets/monotonic/nanosecs: 1000000000 is not below 1000000000");
}

TEST_CASE("validate devices: path and numbers make sense") {
  const auto with = [](const std::string& path, std::int64_t minor) {
    return refusal([&](Linux& l) {
      Device& device = l.devices.emplace_back();
      device.path = path;
      device.minor = minor;
    });
  };
  CHECK(with("/dev/x", 1).empty());
  CHECK(with("dev/x", 1) ==
        "config.json: /linux/devices/0/path: \"dev/x\" is not an absolute path");
  CHECK(with("/dev/x", -1) == "config.json: /linux/devices/0/minor: -1 is not a device number");
}

TEST_CASE("validate network devices: they need a network namespace") {
  CHECK(refusal([](Linux& l) { l.net_devices["eth0"]; }) ==
        "config.json: /linux/netDevices: moving devices needs a network namespace: add "
        "{\"type\": \"network\"} to /linux/namespaces");
}

TEST_CASE("validate network devices: names are the kernel's") {
  const auto with = [](const std::string& outside, const std::string& inside) {
    return refusal([&](Linux& l) {
      l.namespaces = {new_namespace(NamespaceType::network)};
      l.net_devices[outside].name = inside;
    });
  };
  CHECK(with("fifteen-letters", "eth%d").empty());
  CHECK(with("sixteen--letters", "") ==
        "config.json: /linux/netDevices/sixteen--letters: \"sixteen--letters\" is not a network "
        "interface name");
  CHECK(with("eth0", "a/b") ==
        "config.json: /linux/netDevices/eth0/name: \"a/b\" is not a network interface name");
  CHECK_FALSE(with("eth0", "..").empty());
  CHECK_FALSE(with("eth 0", "").empty());
  CHECK_FALSE(with("eth0:1", "").empty());
}

TEST_CASE("validate protected paths: they are absolute and need a mount namespace") {
  CHECK(refusal([](Linux& l) { l.masked_paths = {"/proc/kcore"}; }) ==
        "config.json: /linux/maskedPaths: unable to restrict paths without a private mount "
        "namespace: add {\"type\": \"mount\"} to /linux/namespaces");
  CHECK(refusal([](Linux& l) {
          l.namespaces = {new_namespace(NamespaceType::mount)};
          l.readonly_paths = {"/proc/sys", "proc"};
        }) == "config.json: /linux/readonlyPaths/1: \"proc\" is not an absolute path");
}

TEST_CASE("validate intelRdt: closID names one directory or the root") {
  const auto with = [](const std::string& id) {
    return refusal([&](Linux& l) {
      l.intel_rdt = IntelRdt{};
      l.intel_rdt->clos_id = id;
    });
  };
  CHECK(with("").empty());
  CHECK(with("/").empty());
  CHECK(with("guaranteed").empty());
  for (const std::string id : {".", "..", "a/b", "/a"})
    CHECK(with(id) == "config.json: /linux/intelRdt/closID: \"" + id +
                          "\" is not \"/\" or the name of one directory");
}

TEST_CASE("validate intelRdt: schemata are single lines") {
  CHECK(refusal([](Linux& l) {
          l.intel_rdt = IntelRdt{};
          l.intel_rdt->mem_bw_schema = "L3:0=f";
        }) ==
        "config.json: /linux/intelRdt/memBwSchema: \"L3:0=f\" is not one line that starts with "
        "MB:");
  CHECK(refusal([](Linux& l) {
          l.intel_rdt = IntelRdt{};
          l.intel_rdt->schemata = {"a", "b\nc"};
        }) == "config.json: /linux/intelRdt/schemata/1: \"b\\x0ac\" has a line break");
}

TEST_CASE("validate memory policy: nodes go with the mode") {
  const auto with = [](MemoryPolicyMode mode, const std::string& nodes) {
    return refusal([&](Linux& l) {
      l.memory_policy = MemoryPolicy{.mode = mode, .nodes = nodes, .flags = {}};
    });
  };
  CHECK(with(MemoryPolicyMode::bind, "0-1").empty());
  CHECK(with(MemoryPolicyMode::preferred, "").empty());
  CHECK(with(MemoryPolicyMode::preferred, "0").empty());
  CHECK(with(MemoryPolicyMode::bind, "") ==
        "config.json: /linux/memoryPolicy/nodes: missing, expected with MPOL_BIND");
  CHECK(with(MemoryPolicyMode::local, "0") ==
        "config.json: /linux/memoryPolicy/nodes: \"0\" has no meaning with MPOL_LOCAL");
  CHECK(with(MemoryPolicyMode::bind, "all") ==
        "config.json: /linux/memoryPolicy/nodes: \"all\" is not a list of nodes like 0-3,7");
}
