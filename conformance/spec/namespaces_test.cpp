// config-linux.md#namespaces, #user-namespace-mappings and #default-filesystems.
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "conformance/spec/container.hpp"

using namespace coracle::conformance;
using coracle::test::map_ids;
using coracle::test::Running;

namespace {

// The names of a type in config.json, in /proc, and as unshare(1)'s option.
struct Kind {
  const char* type;
  const char* entry;
  const char* option;
};

constexpr Kind joinable[] = {{"network", "net", "--net"},
                             {"ipc", "ipc", "--ipc"},
                             {"uts", "uts", "--uts"},
                             {"cgroup", "cgroup", "--cgroup"}};

// A process that lives in a new namespace of that kind.
class Holder {
 public:
  explicit Holder(const Kind& kind)
      : kind_(kind), process_({.args = {"unshare", kind.option, "sleep", "60"}}) {
    REQUIRE(
        eventually([&] { return id() != "" && id() != namespace_of(::getpid(), kind_.entry); }));
  }
  std::string id() const { return namespace_of(process_.pid(), kind_.entry); }
  std::string path() const {
    return "/proc/" + std::to_string(process_.pid()) + "/ns/" + kind_.entry;
  }

 private:
  Kind kind_;
  Running process_;
};

// Without one of that type: a host name needs its own UTS namespace.
void leave_out(Json& config, const std::string& type) {
  drop_namespace(config, type);
  if (type == "uts") config.erase("hostname");
}

std::string inside(Container& container, const std::string& entry) {
  return container.tells("ns").value("ns." + entry);
}

void check_new(const std::string& type, const std::string& entry) {
  Container container;
  leave_out(container.config, type);
  const std::string ours = namespace_of(::getpid(), entry);
  CHECK(inside(container, entry) == ours);
  add_namespace(container.config, type);
  const std::string theirs = inside(container, entry);
  CHECK(theirs.starts_with(entry + ":["));
  CHECK(theirs != ours);
}

}  // namespace

TEST_CASE("config-linux.md#namespaces 1: pid is supported (SHOULD)") {
  Container container;
  CHECK(container.tells("pids").value("pid") == "1");
}

TEST_CASE("config-linux.md#namespaces 1: network is supported (SHOULD)") {
  check_new("network", "net");
}

TEST_CASE("config-linux.md#namespaces 1: mount is supported (SHOULD)") {
  Container container;
  CHECK(inside(container, "mnt") != namespace_of(::getpid(), "mnt"));
}

TEST_CASE("config-linux.md#namespaces 1: ipc is supported (SHOULD)") {
  check_new("ipc", "ipc");
}

TEST_CASE("config-linux.md#namespaces 1: uts is supported (SHOULD)") {
  check_new("uts", "uts");
}

TEST_CASE("config-linux.md#namespaces 1: user is supported (SHOULD)") {
  Container container;
  container.map_ids(100000);
  const Outcome seen = container.tells("ns -- line /proc/self/uid_map -- ids");
  CHECK(seen.value("ns.user") != namespace_of(::getpid(), "user"));
  CHECK(coracle::test::Json(seen.value("/proc/self/uid_map")).get<std::string>().find("100000") !=
        std::string::npos);
  CHECK(seen.value("uid") == "0");
}

TEST_CASE("config-linux.md#namespaces 1: cgroup is supported (SHOULD)") {
  check_new("cgroup", "cgroup");
}

TEST_CASE("config-linux.md#namespaces 1: time is supported (SHOULD)") {
  check_new("time", "time");
}

TEST_CASE("config-linux.md#namespaces 2: a path that is not absolute is refused") {
  Container container;
  drop_namespace(container.config, "network");
  container.must_refuse([](Json& config) { add_namespace(config, "network", "proc/self/ns/net"); });
}

TEST_CASE(
    "config-linux.md#namespaces 3: the container is in the namespaces whose paths are given") {
  for (const Kind& kind : joinable) {
    CAPTURE(kind.type);
    const Holder holder(kind);
    Container container;
    leave_out(container.config, kind.type);
    add_namespace(container.config, kind.type, holder.path());
    CHECK(inside(container, kind.entry) == holder.id());
  }
}

TEST_CASE("config-linux.md#namespaces 3: the container is in the PID namespace of its path") {
  Container first;
  first.must_wait();
  Container second;
  drop_namespace(second.config, "pid");
  add_namespace(second.config, "pid", "/proc/" + std::to_string(first.process()) + "/ns/pid");
  CHECK(inside(second, "pid") == namespace_of(first.process(), "pid"));
}

TEST_CASE("config-linux.md#namespaces 4: a path to a namespace of another type is an error") {
  const Holder holder(joinable[0]);
  Container container;
  drop_namespace(container.config, "ipc");
  container.must_refuse([&](Json& config) { add_namespace(config, "ipc", holder.path()); });
}

TEST_CASE("config-linux.md#namespaces 4: a path to no namespace is an error") {
  Container container;
  write_file(container.path("file"), "");
  drop_namespace(container.config, "network");
  container.must_refuse(
      [&](Json& config) { add_namespace(config, "network", container.path("file")); });
}

TEST_CASE("config-linux.md#namespaces 5: without a path two containers have their own namespaces") {
  Container one;
  Container other;
  one.must_create();
  other.must_create();
  for (const char* entry : {"pid", "net", "mnt", "ipc", "uts"}) {
    CHECK(namespace_of(one.process(), entry).starts_with(entry));
    CHECK(namespace_of(one.process(), entry) != namespace_of(other.process(), entry));
  }
}

TEST_CASE("config-linux.md#namespaces 6: a type that is not listed is the runtime's namespace") {
  Container container;
  for (const char* type : {"network", "ipc", "uts"}) leave_out(container.config, type);
  const Outcome seen = container.tells("ns");
  for (const char* entry : {"net", "ipc", "uts", "user", "cgroup", "time"}) {
    CHECK(seen.value("ns." + std::string(entry)) == namespace_of(::getpid(), entry));
  }
}

TEST_CASE("config-linux.md#namespaces 7: two entries of one type are an error") {
  Container container;
  container.must_refuse([](Json& config) { add_namespace(config, "network"); });
}

TEST_CASE(
    "config-linux.md#user-namespace-mappings 1: the owners of the root's files stay what they "
    "were (SHOULD)") {
  Container container;
  map_ids(container.config, 100000);
  write_file(container.rootfs() + "/file", "");
  const Outcome seen = container.tells("stat /file -- line /proc/self/uid_map");
  CHECK(seen.value("/proc/self/uid_map").find("100000") != std::string::npos);
  struct stat facts = {};
  for (const char* name : {"/file", "/probe", ""}) {
    REQUIRE(::stat((container.rootfs() + name).c_str(), &facts) == 0);
    CHECK(facts.st_uid == 0);
    CHECK(facts.st_gid == 0);
  }
}

TEST_CASE(
    "config-linux.md#default-filesystems 1: /proc, /sys, /dev/pts and /dev/shm are there "
    "unasked (SHOULD)") {
  Container container;
  CHECK(container.tells("mount /proc").value("mount.type") == "proc");
  container.config["mounts"] = Json::array();
  container.probe("mountinfo");
  const std::string mounts = container.lives().out;
  for (const char* path : {"/proc", "/sys", "/dev/pts", "/dev/shm"}) {
    CHECK_MESSAGE(mounts.find(std::string(" ") + path + " ") != std::string::npos, path);
  }
}
