// The parts of a request that follow from the container.
#include "runtime/container/criu_request.hpp"

#include <doctest/doctest.h>

using namespace coracle;
using namespace coracle::container;

TEST_CASE("cgroup roots: one for each hierarchy, v2 under the empty name") {
  const auto roots =
      criu::parse_cgroup_roots("9:name=systemd:/a\n4:cpu,cpuacct:/b:c\n0::/d\nnonsense\n");
  REQUIRE(roots.size() == 3);
  CHECK(roots[0].controllers == "name=systemd");
  CHECK(roots[0].path == "/a");
  CHECK(roots[1].controllers == "cpu,cpuacct");
  CHECK(roots[1].path == "/b:c");
  CHECK(roots[2].controllers.empty());
  CHECK(roots[2].path == "/d");
}

TEST_CASE("freezer: that of v1 comes before v2's") {
  const cgroup::Hierarchy freezer = {
      .controllers = {"cpuset", "freezer"}, .mount_point = "/cg/f", .own = "/"};
  const cgroup::Paths paths = {.v1 = {{"cpuset", "/cg/f/web1"}}, .v2 = "/cg/u/web1"};
  CHECK(criu::freezer_of({.v1 = {freezer}}, paths) == "/cg/f/web1");
  CHECK(criu::freezer_of({}, paths) == "/cg/u/web1");
  CHECK(criu::freezer_of({.v1 = {freezer}}, {.v1 = {}, .v2 = "/cg/u/web1"}).empty());
}

TEST_CASE("files: the annotation's configuration file is used, and an empty one means none") {
  const auto config_file = [](const std::string& text) {
    return criu::with_files({}, "dump.log", {{"org.criu.config", text}}).config_file;
  };
  CHECK(config_file("/etc/criu/web1.conf") == "/etc/criu/web1.conf");
  CHECK(config_file("").empty());
}

TEST_CASE("files: the log is in the work directory, if there is one") {
  CHECK(criu::log_directory({.directory = "/images", .work = {}}) == "/images");
  CHECK(criu::log_directory({.directory = "/images", .work = "/work"}) == "/work");
}

TEST_CASE("namespaces: those that are joined by path") {
  oci::Linux config;
  config.namespaces = {{.type = oci::NamespaceType::pid, .path = {}},
                       {.type = oci::NamespaceType::ipc, .path = "/proc/self/ns/ipc"},
                       {.type = oci::NamespaceType::network, .path = "/proc/self/ns/net"}};
  const auto joins = criu::namespaces_to_join(config);
  REQUIRE(joins.has_value());
  REQUIRE(joins->by_path.size() == 1);
  CHECK(joins->by_path[0].name == "ipc");
  CHECK(joins->by_path[0].path == "/proc/self/ns/ipc");
  CHECK(joins->keys == std::vector<std::string>{"extRootNetNS"});
  CHECK(joins->fds.size() == 1);
}

TEST_CASE("namespaces: a cgroup namespace cannot be joined") {
  oci::Linux config;
  config.namespaces = {{.type = oci::NamespaceType::cgroup, .path = "/proc/self/ns/cgroup"}};
  CHECK(criu::namespaces_to_join(config).error().text() ==
        "CRIU cannot restore into a cgroup namespace: /proc/self/ns/cgroup");
}
