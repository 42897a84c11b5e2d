// runtime.md#create 4: the properties whose own sections have no MUST; masked and read-only paths.
#include <sys/syscall.h>

#include <string>

#include <doctest/doctest.h>

#include "conformance/spec/container.hpp"

using namespace coracle::conformance;

TEST_CASE("runtime.md#create 4: hostname is the host name") {
  Container container;
  container.config["hostname"] = "applied";
  CHECK(container.tells("hostname").value("hostname") == "applied");
}

TEST_CASE("runtime.md#create 4: domainname is the domain name") {
  Container container;
  container.config["domainname"] = "applied.example";
  CHECK(container.tells("domainname").value("domainname") == "applied.example");
}

TEST_CASE("runtime.md#create 4: sysctl is set in the container") {
  Container container;
  container.config["linux"]["sysctl"] = {{"net.ipv4.ip_default_ttl", "77"}};
  CHECK(container.tells("sysctl net.ipv4.ip_default_ttl").value("net.ipv4.ip_default_ttl") == "77");
}

TEST_CASE("runtime.md#create 4: maskedPaths cannot be read") {
  Container container;
  write_file(container.rootfs() + "/secret", "secret");
  CHECK(container.tells("cat /secret").out == "secret");
  container.config["linux"]["maskedPaths"] = {"/secret"};
  CHECK(container.tells("cat /secret -- ids").out.find("secret") == std::string::npos);
}

TEST_CASE("runtime.md#create 4: readonlyPaths cannot be written") {
  Container container;
  CHECK(container.tells("touch /tmp/file").value("touch") == "ok");
  container.config["linux"]["readonlyPaths"] = {"/tmp"};
  CHECK(container.tells("touch /tmp/file").value("touch") == "EROFS");
}

TEST_CASE("config-linux.md#masked-paths 1: a path that is not absolute is refused") {
  Container container;
  container.must_refuse([](Json& config) { config["linux"]["maskedPaths"] = {"tmp"}; });
}

TEST_CASE("config-linux.md#readonly-paths 1: a path that is not absolute is refused") {
  Container container;
  container.must_refuse([](Json& config) { config["linux"]["readonlyPaths"] = {"tmp"}; });
}

TEST_CASE("runtime.md#create 4: rootfsPropagation is that of the root mount") {
  Container container;
  container.config["linux"]["rootfsPropagation"] = "unbindable";
  CHECK(container.tells("mount /").value("mount.tags") == "unbindable");
  container.config["linux"]["rootfsPropagation"] = "shared";
  CHECK(container.tells("mount /").value("mount.tags").starts_with("shared:"));
}

TEST_CASE("runtime.md#create 4: personality is the program's") {
  Container container;
  CHECK(container.tells("machine").value("machine") == "x86_64");
  container.config["linux"]["personality"] = {{"domain", "LINUX32"}};
  CHECK(container.tells("machine").value("machine") == "i686");
}

TEST_CASE("runtime.md#create 4: timeOffsets are those of the time namespace") {
  Container container;
  add_namespace(container.config, "time");
  container.config["linux"]["timeOffsets"] = {{"boottime", {{"secs", 1000000000}}}};
  CHECK(std::stoll(container.tells("time").value("boottime")) > 1000000000);
}

TEST_CASE("runtime.md#create 4: uidMappings and gidMappings are the user namespace's") {
  Container container;
  container.map_ids(100000);
  const Outcome seen = container.tells("line /proc/self/uid_map -- line /proc/self/gid_map");
  for (const char* map : {"/proc/self/uid_map", "/proc/self/gid_map"}) {
    CHECK(seen.value(map).find("100000      65536") != std::string::npos);
  }
}

TEST_CASE("runtime.md#create 4: seccomp filters the program's calls") {
  Container container;
  const std::string number = std::to_string(SYS_getpriority);
  const std::string call = "seccomp " + number + " 0 0";
  CHECK(container.tells(call).value("syscall." + number) == "ok");
  const Json rule = {{"names", {"getpriority"}}, {"action", "SCMP_ACT_ERRNO"}, {"errnoRet", 18}};
  container.config["linux"]["seccomp"] = coracle::test::seccomp(Json::array({rule}));
  CHECK(container.tells(call).value("syscall." + number) == "EXDEV");
}

TEST_CASE("runtime.md#create 4: memoryPolicy is the program's") {
  Container container;
  container.config["linux"]["memoryPolicy"] = {{"mode", "MPOL_INTERLEAVE"}, {"nodes", "0"}};
  CHECK(container.tells("mempolicy").value("mempolicy.mode") == "3");
}

TEST_CASE("config-linux.md#intelrdt 2: intelRdt without a resctrl file system is an error") {
  Container container;
  container.must_refuse([](Json& config) {
    config["linux"]["intelRdt"] = {{"closID", "guaranteed"}, {"l3CacheSchema", "L3:0=f"}};
  });
}
