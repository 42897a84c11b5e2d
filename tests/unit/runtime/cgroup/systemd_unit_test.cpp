// cgroupsPath as slice:prefix:name, and where systemd puts the unit.
#include "runtime/cgroup/systemd_unit.hpp"

#include <doctest/doctest.h>

using namespace coracle;
using namespace coracle::cgroup;
using namespace coracle::cgroup::systemd;

namespace {

std::string error_of(const auto& result) {
  return result ? "none" : result.error().text();
}

Host v2_host() {
  return {.mode = Mode::v2, .v2_mount_point = "/sys/fs/cgroup"};
}

}  // namespace

TEST_CASE("unit: slice, prefix and name make a scope in a slice") {
  CHECK(unit_of("machine.slice:docker:4f2", "id", Whose::system).value() ==
        Unit{.slice = "machine.slice", .name = "docker-4f2.scope"});
  CHECK(unit_of("a-b.slice::x", "id", Whose::system).value() ==
        Unit{.slice = "a-b.slice", .name = "-x.scope"});
}

TEST_CASE("unit: what is left out has a default") {
  CHECK(unit_of("", "web1", Whose::system).value() ==
        Unit{.slice = "system.slice", .name = "runc-web1.scope"});
  CHECK(unit_of("", "web1", Whose::user).value() ==
        Unit{.slice = "user.slice", .name = "runc-web1.scope"});
  CHECK(unit_of(":docker:web1", "id", Whose::user).value() ==
        Unit{.slice = "user.slice", .name = "docker-web1.scope"});
}

TEST_CASE("unit: a name that is a slice is the unit itself") {
  const auto unit = unit_of("system.slice:docker:web.slice", "id", Whose::system);
  CHECK(unit.value() == Unit{.slice = "system.slice", .name = "web.slice"});
  CHECK(unit->is_slice());
}

TEST_CASE("unit: a lone dash is the root slice") {
  CHECK(unit_of("-:a:b", "id", Whose::system).value() ==
        Unit{.slice = "-.slice", .name = "a-b.scope"});
}

TEST_CASE("unit: a path of cgroupfs is refused") {
  CHECK(error_of(unit_of("/docker/4f2", "id", Whose::system)) ==
        "/linux/cgroupsPath: expected cgroupsPath to be of format \"slice:prefix:name\" for "
        "systemd cgroups, got \"/docker/4f2\" instead");
  CHECK_FALSE(unit_of("a.slice:b:c:d", "id", Whose::system).has_value());
}

TEST_CASE("unit: names that no unit can have are refused") {
  CHECK(error_of(unit_of("a.slice:b:../c", "id", Whose::system)) ==
        "/linux/cgroupsPath: no name of a systemd unit: \"b-../c.scope\"");
  CHECK(error_of(unit_of("a.slice:b:" + std::string(300, 'c'), "id", Whose::system))
            .starts_with("/linux/cgroupsPath: unit name of 308 bytes, more than 255"));
  for (const char* slice : {"a", ".slice", "a/b.slice", "-a.slice", "a--b.slice", "a-.slice"})
    CHECK(error_of(unit_of(std::string(slice) + ":b:c", "id", Whose::system)) ==
          "/linux/cgroupsPath: invalid slice name: \"" + std::string(slice) + "\"");
}

TEST_CASE("slice: each dash is a level") {
  CHECK(expand_slice("a.slice").value() == "/a.slice");
  CHECK(expand_slice("a-b-c.slice").value() == "/a.slice/a-b.slice/a-b-c.slice");
  CHECK(expand_slice("-.slice").value() == "");
}

TEST_CASE("unit paths: below the slice, in each hierarchy") {
  const Unit unit = {.slice = "a-b.slice", .name = "docker-x.scope"};
  CHECK(unit_paths(v2_host(), unit, "")->v2 == "/sys/fs/cgroup/a.slice/a-b.slice/docker-x.scope");
  const Host hybrid = {.mode = Mode::hybrid,
                       .v1 = {{.controllers = {"cpu", "cpuacct"}, .mount_point = "/cg/cpu"},
                              {.controllers = {"name=systemd"}, .mount_point = "/cg/systemd"}},
                       .v2_mount_point = "/cg/unified"};
  const auto paths = unit_paths(hybrid, unit, "");
  CHECK(paths->v1.at("cpu") == "/cg/cpu/a.slice/a-b.slice/docker-x.scope");
  CHECK(paths->v1.at("name=systemd") == "/cg/systemd/a.slice/a-b.slice/docker-x.scope");
  CHECK(paths->v2 == "/cg/unified/a.slice/a-b.slice/docker-x.scope");
}

TEST_CASE("unit paths: a user's manager counts from its own cgroup") {
  const Unit unit = {.slice = "user.slice", .name = "runc-x.scope"};
  CHECK(unit_paths(v2_host(), unit, "/user.slice/user-1000.slice/user@1000.service")->v2 ==
        "/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/user.slice/runc-x.scope");
}

TEST_CASE("unit paths: a slice has its own place, not one below its parent's name") {
  const Unit unit = {.slice = "system.slice", .name = "web-a.slice"};
  CHECK(unit_paths(v2_host(), unit, "")->v2 == "/sys/fs/cgroup/web.slice/web-a.slice");
  CHECK(unit_paths(v2_host(), {.slice = "-.slice", .name = "a-b.scope"}, "")->v2 ==
        "/sys/fs/cgroup/a-b.scope");
}

TEST_CASE("unit paths: what could be a file of the kernel's has a mark before it") {
  CHECK(unit_paths(v2_host(), {.slice = "cpu.slice", .name = "_a-b.scope"}, "")->v2 ==
        "/sys/fs/cgroup/_cpu.slice/__a-b.scope");
}
