// linux.sysctl: names and the namespaces that they need.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "runtime/plan/plan.hpp"

namespace {

using namespace coracle;
using namespace coracle::plan;
using oci::NamespaceType;

oci::Linux config(const std::string& key, const std::vector<NamespaceType>& types) {
  oci::Linux linux_config;
  linux_config.sysctl = {{key, "1"}};
  for (const NamespaceType type : types) {
    linux_config.namespaces.push_back({.type = type, .path = ""});
  }
  return linux_config;
}

std::string path_of(const std::string& key, NamespaceType type) {
  return plan_sysctls(config(key, {type})).value().at(0).path;
}

std::string refusal(const std::string& key, const std::vector<NamespaceType>& types) {
  const auto result = plan_sysctls(config(key, types));
  return result ? "" : result.error().text();
}

}  // namespace

TEST_CASE("sysctl: the first separator tells which one separates") {
  const NamespaceType network = NamespaceType::network;
  CHECK(path_of("net.ipv4.ip_forward", network) == "net/ipv4/ip_forward");
  CHECK(path_of("net/ipv4/ip_forward", network) == "net/ipv4/ip_forward");
  CHECK(path_of("net.ipv4.conf.eth0/1.rp_filter", network) == "net/ipv4/conf/eth0.1/rp_filter");
  CHECK(path_of("net/ipv4/conf/eth0.1/rp_filter", network) == "net/ipv4/conf/eth0.1/rp_filter");
  CHECK(path_of("kernel.shm_rmid_forced", NamespaceType::ipc) == "kernel/shm_rmid_forced");
}

TEST_CASE("sysctl: a name cannot leave /proc/sys") {
  for (const char* key : {"net/../kernel/panic", "net//ipv4", "/net/ipv4", "net.ipv4.", "",
                          "net/./ipv4", "net.//.kernel"}) {
    CHECK(refusal(key, {NamespaceType::network}).find("is not a name below /proc/sys") !=
          std::string::npos);
  }
}

TEST_CASE("sysctl: each needs a namespace of the container's own") {
  CHECK(refusal("kernel.msgmax", {NamespaceType::ipc}).empty());
  CHECK(refusal("fs.mqueue.msg_max", {NamespaceType::ipc}).empty());
  CHECK(refusal("kernel.msgmax", {}) ==
        "/linux/sysctl: sysctl \"kernel.msgmax\" is not allowed in the hosts ipc namespace");
  CHECK(refusal("net.ipv4.ip_forward", {}) ==
        "/linux/sysctl: sysctl \"net.ipv4.ip_forward\" not allowed in host network namespace");
  CHECK(refusal("user.max_user_namespaces", {NamespaceType::user}).empty());
  CHECK_FALSE(refusal("user.max_user_namespaces", {}).empty());
  CHECK(refusal("kernel.domainname", {NamespaceType::uts}).empty());
  CHECK(refusal("kernel.domainname", {}) ==
        "/linux/sysctl: sysctl \"kernel.domainname\" is not in a separate kernel namespace");
  CHECK(refusal("kernel.panic", {NamespaceType::ipc, NamespaceType::uts, NamespaceType::user}) ==
        "/linux/sysctl: sysctl \"kernel.panic\" is not in a separate kernel namespace");
}

TEST_CASE("sysctl: the host name has its own field") {
  CHECK(refusal("kernel.hostname", {NamespaceType::uts}) ==
        "/linux/sysctl: sysctl \"kernel.hostname\" is not allowed as it conflicts with the OCI "
        "\"hostname\" field");
}

TEST_CASE("sysctl: a value is one line") {
  oci::Linux linux_config = config("net.ipv4.ip_forward", {NamespaceType::network});
  linux_config.sysctl["net.ipv4.ip_forward"] = "1\n0";
  CHECK(plan_sysctls(linux_config).error().text() ==
        "/linux/sysctl: sysctl \"net.ipv4.ip_forward\": value \"1\\x0a0\" is not one line");
}
