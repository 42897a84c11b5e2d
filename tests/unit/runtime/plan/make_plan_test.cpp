// The whole Plan of a configuration.
#include <doctest/doctest.h>
#include <sched.h>
#include <sys/mount.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/plan/plan.hpp"

using namespace coracle;
using namespace coracle::plan;
using oci::NamespaceType;

namespace {

const PlanOptions options{.bundle = "/run/docker/c1", .id = "c1"};

HostFacts root() {
  HostFacts facts;
  facts.own_uid_map = facts.own_gid_map = {{0, 0, 4294967295}};
  facts.bounding_capabilities = (std::uint64_t{1} << 41) - 1;
  return facts;
}

HostFacts rootless() {
  HostFacts facts = root();
  facts.euid = facts.egid = 1000;
  facts.privileged = false;
  return facts;
}

oci::Mount mount(std::string destination, std::string type, std::string source,
                 std::vector<std::string> words = {}) {
  oci::Mount configured;
  configured.destination = std::move(destination);
  configured.type = std::move(type);
  configured.source = std::move(source);
  configured.options = std::move(words);
  return configured;
}

oci::Spec minimal() {
  oci::Spec spec;
  spec.oci_version = "1.2.0";
  spec.root.path = "rootfs";
  spec.linux_.namespaces = {{NamespaceType::mount, ""}, {NamespaceType::uts, ""}};
  return spec;
}

std::vector<oci::Mount> docker_mounts() {
  const std::string data = "/var/lib/docker/containers/c1/";
  return {mount("/proc", "proc", "proc", {"nosuid", "noexec", "nodev"}),
          mount("/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}),
          mount("/dev/pts", "devpts", "devpts",
                {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}),
          mount("/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"}),
          mount("/sys/fs/cgroup", "cgroup", "cgroup", {"ro", "nosuid", "noexec", "nodev"}),
          mount("/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}),
          mount("/dev/shm", "tmpfs", "shm",
                {"nosuid", "noexec", "nodev", "mode=1777", "size=67108864"}),
          mount("/etc/resolv.conf", "bind", data + "resolv.conf", {"rbind", "rprivate"}),
          mount("/etc/hostname", "bind", data + "hostname", {"rbind", "rprivate"}),
          mount("/etc/hosts", "bind", data + "hosts", {"rbind", "rprivate"})};
}

// What Docker 20.10 writes for `docker run`.
oci::Spec docker() {
  oci::Spec spec = minimal();
  spec.root.path = "/var/lib/docker/overlay2/7b48/merged";
  spec.hostname = "d500a54c2fcf";
  spec.mounts = docker_mounts();
  spec.process = oci::Process();
  spec.process->args = {"sh"};
  spec.process->env = {"PATH=/bin"};
  spec.process->cwd = "/";
  spec.linux_.namespaces = {{NamespaceType::mount, ""},
                            {NamespaceType::network, ""},
                            {NamespaceType::uts, ""},
                            {NamespaceType::pid, ""},
                            {NamespaceType::ipc, ""}};
  spec.linux_.sysctl = {{"net.ipv4.ip_unprivileged_port_start", "0"}};
  spec.linux_.masked_paths = {"/proc/acpi", "/proc/kcore", "/sys/firmware"};
  spec.linux_.readonly_paths = {"/proc/bus", "/proc/sys"};
  return spec;
}

Plan planned(const oci::Spec& spec, const HostFacts& facts = root()) {
  const Result<Plan> plan = make_plan(spec, facts, options);
  REQUIRE_MESSAGE(plan.has_value(), (plan ? "" : plan.error().text()));
  return *plan;
}

std::string refusal(const oci::Spec& spec, const HostFacts& facts = root(),
                    const PlanOptions& chosen = options) {
  const Result<Plan> plan = make_plan(spec, facts, chosen);
  return plan ? "accepted" : plan.error().text();
}

}  // namespace

TEST_CASE("plan: Docker's container has its namespaces and nothing strange") {
  const Plan plan = planned(docker());
  CHECK(plan.namespaces.clone_flags ==
        (CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWPID | CLONE_NEWIPC));
  CHECK(plan.id_maps.writer == IdMapWriter::none);
  CHECK_FALSE(plan.in_user_namespace);
  CHECK(plan.loopback_up);
  CHECK(plan.hostname == "d500a54c2fcf");
  CHECK(plan.warnings.empty());
}

TEST_CASE("plan: Docker's mounts stand in the order given") {
  const Plan plan = planned(docker());
  REQUIRE(plan.mounts.size() == 10);
  CHECK(plan.mounts[0].destination == "/proc");
  CHECK(plan.mounts[2].data == "newinstance,ptmxmode=0666,mode=0620,gid=5");
  CHECK(plan.mounts[3].flags == (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC));
  CHECK(plan.mounts[4].kind == MountKind::cgroup);
  CHECK(plan.mounts[7].kind == MountKind::bind);
  CHECK(plan.mounts[7].recursive);
  CHECK(plan.mounts[7].propagation == std::vector<unsigned long>{MS_PRIVATE | MS_REC});
  CHECK(plan.mounts[9].source == "/var/lib/docker/containers/c1/hosts");
}

TEST_CASE("plan: Docker's container has a process, devices, links, sysctls and paths") {
  const Plan plan = planned(docker());
  REQUIRE(plan.process.has_value());
  CHECK(plan.process->args == std::vector<std::string>{"sh"});
  CHECK_FALSE(plan.devices.empty());
  CHECK_FALSE(plan.links.empty());
  REQUIRE(plan.sysctls.size() == 1);
  CHECK(plan.masked_paths ==
        std::vector<std::string>{"/proc/acpi", "/proc/kcore", "/sys/firmware"});
  CHECK(plan.readonly_paths == std::vector<std::string>{"/proc/bus", "/proc/sys"});
}

TEST_CASE("plan: Docker's remapped container writes both maps") {
  oci::Spec spec = docker();
  spec.linux_.namespaces.push_back({NamespaceType::user, ""});
  spec.linux_.uid_mappings = spec.linux_.gid_mappings = {{0, 165536, 65536}};
  const Plan plan = planned(spec);
  CHECK(plan.in_user_namespace);
  CHECK(plan.id_maps.uid_map == "0 165536 65536\n");
  CHECK(plan.id_maps.writer == IdMapWriter::direct);
}

TEST_CASE("plan: a container without a process has none") {
  CHECK_FALSE(planned(minimal()).process.has_value());
}

TEST_CASE("plan: the root file system is an absolute path, slave by default") {
  const Rootfs rootfs = planned(minimal()).rootfs;
  CHECK(rootfs.path == "/run/docker/c1/rootfs");
  CHECK_FALSE(rootfs.readonly);
  CHECK_FALSE(rootfs.no_pivot);
  CHECK(rootfs.propagation.type == oci::Propagation::slave);
  CHECK(rootfs.propagation.recursive);
  CHECK_FALSE(rootfs.propagation_configured);
}

TEST_CASE("plan: the root file system is as configured") {
  oci::Spec spec = minimal();
  spec.root = {.path = "/srv/root/", .readonly = true};
  spec.linux_.rootfs_propagation = {.type = oci::Propagation::shared, .recursive = false};
  const Rootfs rootfs = planned(spec).rootfs;
  CHECK(rootfs.path == "/srv/root");
  CHECK(rootfs.readonly);
  CHECK(rootfs.propagation.type == oci::Propagation::shared);
  CHECK_FALSE(rootfs.propagation.recursive);
  CHECK(rootfs.propagation_configured);
}

TEST_CASE("plan: a private root without pivot_root is refused") {
  oci::Spec spec = minimal();
  const PlanOptions no_pivot{.bundle = "/b", .id = "c1", .no_pivot = true};
  CHECK(refusal(spec, root(), no_pivot) == "accepted");
  spec.linux_.rootfs_propagation = {.type = oci::Propagation::private_, .recursive = true};
  CHECK(refusal(spec, root(), no_pivot) ==
        "/linux/rootfsPropagation: a private root is not safe with --no-pivot");
  CHECK(refusal(spec) == "accepted");
}

TEST_CASE("plan: protected paths are clean and stand once") {
  oci::Spec spec = minimal();
  spec.linux_.masked_paths = {"/proc//kcore", "/sys/firmware", "/proc/kcore/"};
  CHECK(planned(spec).masked_paths == std::vector<std::string>{"/proc/kcore", "/sys/firmware"});
}

TEST_CASE("plan: an inherited or joined network namespace keeps its loopback") {
  oci::Spec spec = minimal();
  CHECK_FALSE(planned(spec).loopback_up);
  spec.linux_.namespaces.push_back({NamespaceType::network, "/ns/net"});
  CHECK_FALSE(planned(spec).loopback_up);
}

TEST_CASE("plan: a user namespace may be new, joined or the host's own") {
  oci::Spec spec = minimal();
  HostFacts nested = root();
  nested.in_user_namespace = true;
  CHECK(planned(spec, nested).in_user_namespace);
  spec.linux_.namespaces.push_back({NamespaceType::user, "/ns/user"});
  CHECK(planned(spec).in_user_namespace);
}

TEST_CASE("plan: a relative destination is warned about") {
  oci::Spec spec = minimal();
  spec.mounts = {mount("/a", "tmpfs", "tmpfs"), mount("b/", "tmpfs", "tmpfs")};
  CHECK(planned(spec).warnings ==
        std::vector<std::string>{"/mounts/1/destination: \"b/\" is not absolute; taken as \"/b\""});
}

TEST_CASE("plan: the mount label needs SELinux and is ignored without it") {
  oci::Spec spec = minimal();
  spec.mounts = {mount("/a", "tmpfs", "tmpfs")};
  spec.linux_.mount_label = "u:r:t:s0";
  const Plan without = planned(spec);
  CHECK(without.mount_label.empty());
  CHECK(without.mounts[0].data.empty());
  CHECK(without.warnings ==
        std::vector<std::string>{"/linux/mountLabel: ignored, because this host has no SELinux"});
  HostFacts facts = root();
  facts.selinux = true;
  const Plan with = planned(spec, facts);
  CHECK(with.mount_label == "u:r:t:s0");
  CHECK(with.mounts[0].data == "context=\"u:r:t:s0\"");
  CHECK(with.warnings.empty());
}

TEST_CASE("plan: a rootless host cannot map the ids of a mount") {
  oci::Spec spec = minimal();
  spec.linux_.namespaces.push_back({NamespaceType::user, ""});
  spec.linux_.uid_mappings = spec.linux_.gid_mappings = {{0, 1000, 1}};
  spec.mounts = {mount("/a", "tmpfs", "tmpfs"), mount("/b", "", "/srv", {"bind", "idmap"})};
  CHECK(refusal(spec) == "accepted");
  CHECK(refusal(spec, rootless()) ==
        "/mounts/1: mapping the ids of a mount needs CAP_SYS_ADMIN over its file system, which "
        "uid 1000 does not have");
  spec.mounts.pop_back();
  CHECK(refusal(spec, rootless()) == "accepted");
}

TEST_CASE("plan: the personality is the kernel's number") {
  oci::Spec spec = minimal();
  CHECK_FALSE(planned(spec).personality.has_value());
  spec.linux_.personality = oci::PersonalityDomain::linux64;
  CHECK(planned(spec).personality == 0);
  spec.linux_.personality = oci::PersonalityDomain::linux32;
  CHECK(planned(spec).personality == 8);
}

TEST_CASE("plan: a memory policy is planned when there is one") {
  oci::Spec spec = minimal();
  CHECK_FALSE(planned(spec).memory_policy.has_value());
  spec.linux_.memory_policy =
      oci::MemoryPolicy{.mode = oci::MemoryPolicyMode::local, .nodes = "", .flags = {}};
  CHECK(planned(spec).memory_policy.has_value());
}

TEST_CASE("plan: a new session keyring is the default") {
  CHECK(planned(minimal()).new_session_keyring);
  const PlanOptions without{.bundle = "/b", .id = "c1", .no_new_keyring = true};
  const Result<Plan> plan = make_plan(minimal(), root(), without);
  REQUIRE(plan.has_value());
  CHECK_FALSE(plan->new_session_keyring);
}

TEST_CASE("plan: the cgroup version is handed on") {
  HostFacts facts = root();
  facts.cgroup_v2 = false;
  CHECK_FALSE(planned(minimal(), facts).cgroup_v2);
}

TEST_CASE("plan: host and domain name are handed on") {
  oci::Spec spec = minimal();
  spec.hostname = "web";
  spec.domainname = "example.org";
  CHECK(planned(spec).hostname == "web");
  CHECK(planned(spec).domainname == "example.org");
}
