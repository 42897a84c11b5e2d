// The rules of linux.sysctl.
#include <doctest/doctest.h>

#include "oci-spec/validate.hpp"
#include "tests/unit/oci-spec/minimal.hpp"

using namespace coracle::oci;
using test::error_of;
using test::new_namespace;

namespace {

std::string refusal(const std::string& key, const std::string& value = "1",
                    std::vector<Namespace> namespaces = {}) {
  Spec spec = test::minimal_spec();
  spec.linux_.namespaces = std::move(namespaces);
  spec.linux_.sysctl[key] = value;
  return error_of(validate(spec));
}

}  // namespace

TEST_CASE("sysctl: a parameter needs the namespace that holds it") {
  CHECK(refusal("net.ipv4.ip_forward") ==
        "config.json: /linux/sysctl/net.ipv4.ip_forward: needs a network namespace: add "
        "{\"type\": \"network\"} to /linux/namespaces");
  CHECK(refusal("net.ipv4.ip_forward", "1", {new_namespace(NamespaceType::network)}).empty());
  CHECK(refusal("kernel.shmmax", "1", {new_namespace(NamespaceType::ipc)}).empty());
  CHECK(refusal("fs.mqueue.msg_max", "1", {new_namespace(NamespaceType::ipc)}).empty());
  CHECK(refusal("kernel.domainname", "d", {new_namespace(NamespaceType::uts)}).empty());
  CHECK_FALSE(refusal("kernel.shmmax").empty());
  CHECK_FALSE(refusal("fs.mqueue.msg_max").empty());
  CHECK_FALSE(refusal("kernel.domainname").empty());
  CHECK_FALSE(refusal("user.max_user_namespaces").empty());
}

TEST_CASE("sysctl: what no namespace holds is refused") {
  CHECK(refusal("kernel.core_pattern") ==
        "config.json: /linux/sysctl/kernel.core_pattern: \"kernel.core_pattern\" is not in a "
        "separate kernel namespace");
}

TEST_CASE("sysctl: kernel.hostname has a field of its own") {
  CHECK(refusal("kernel.hostname", "h", {new_namespace(NamespaceType::uts)}) ==
        "config.json: /linux/sysctl/kernel.hostname: conflicts with the field hostname: set that "
        "instead");
}

TEST_CASE("sysctl: a key cannot leave /proc/sys nor smuggle a second one") {
  const std::vector<Namespace> all = {new_namespace(NamespaceType::network),
                                      new_namespace(NamespaceType::ipc)};
  for (const std::string key :
       {"net/../kernel/core_pattern", "net.//.kernel.core_pattern", "net..ipv4", "/net/x", "net/x/",
        "", "net.x+kernel.y", "net.x\nkernel.y", "net.x=1", "net.x y"})
    CHECK(refusal(key, "1", all).ends_with(" is not a kernel parameter's name"));
  CHECK(refusal("kernel.shm_rmid_forced", "1\nkernel.core_pattern=x", all)
            .ends_with(" has a line break"));
}

TEST_CASE("sysctl: either separator may stand first") {
  CHECK(sysctl_path("net.ipv4.conf.eth0/100.rp_filter") == "net/ipv4/conf/eth0.100/rp_filter");
  CHECK(sysctl_path("net/ipv4/conf/eth0.100/rp_filter") == "net/ipv4/conf/eth0.100/rp_filter");
  CHECK(sysctl_path("plain") == "plain");
}
