// Which cgroups an exec'd process joins.
#include "runtime/container/exec_cgroup.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {

using namespace coracle;
using container::sub_cgroups;
using container::with_inits_v2;
using Wanted = std::vector<std::string>;

cgroup::Host hybrid() {
  return {.mode = cgroup::Mode::hybrid,
          .v1 = {{.controllers = {"cpu", "cpuacct"}, .mount_point = "/cg/cpu,cpuacct", .own = "/"},
                 {.controllers = {"memory"}, .mount_point = "/cg/memory", .own = "/"},
                 {.controllers = {"name=systemd"}, .mount_point = "/cg/systemd", .own = "/"}},
          .v2_mount_point = "/cg/unified",
          .v2_own = "/",
          .v2_controllers = {}};
}

cgroup::Paths paths() {
  return {.v1 = {{"cpu", "/cg/cpu,cpuacct/ct"},
                 {"memory", "/cg/memory/ct"},
                 {"name=systemd", "/cg/systemd/ct"}},
          .v2 = "/cg/unified/ct"};
}

std::string refusal(const Wanted& wanted) {
  const auto moved = sub_cgroups(hybrid(), paths(), wanted);
  return moved ? "" : moved.error().text();
}

cgroup::Paths after(std::string_view init_cgroup) {
  return with_inits_v2(hybrid(), paths(), init_cgroup);
}

}  // namespace

TEST_CASE("sub cgroups: without a wish they are the container's") {
  CHECK(sub_cgroups(hybrid(), paths(), {}).value() == paths());
}

TEST_CASE("sub cgroups: a plain path counts in every hierarchy") {
  const auto moved = sub_cgroups(hybrid(), paths(), {"a/b"});
  REQUIRE(moved);
  CHECK(moved->v1.at("cpu") == "/cg/cpu,cpuacct/ct/a/b");
  CHECK(moved->v1.at("memory") == "/cg/memory/ct/a/b");
  CHECK(moved->v1.at("name=systemd") == "/cg/systemd/ct/a/b");
  CHECK(moved->v2 == "/cg/unified/ct/a/b");
}

TEST_CASE("sub cgroups: the container's own can be named") {
  for (const char* own : {"/", "", "./", "//"})
    CHECK(sub_cgroups(hybrid(), paths(), {own}).value() == paths());
}

TEST_CASE("sub cgroups: a controller's path counts in its hierarchy alone") {
  const auto moved = sub_cgroups(hybrid(), paths(), {"cpuacct:a", "memory:/b/", "systemd:c"});
  REQUIRE(moved);
  CHECK(moved->v1.at("cpu") == "/cg/cpu,cpuacct/ct/a");
  CHECK(moved->v1.at("memory") == "/cg/memory/ct/b");
  CHECK(moved->v1.at("name=systemd") == "/cg/systemd/ct/c");
  CHECK(moved->v2 == "/cg/unified/ct");
}

TEST_CASE("sub cgroups: controllers of one hierarchy may be named together") {
  const auto moved = sub_cgroups(hybrid(), paths(), {"cpu,cpuacct,memory:a"});
  REQUIRE(moved);
  CHECK(moved->v1.at("cpu") == "/cg/cpu,cpuacct/ct/a");
  CHECK(moved->v1.at("memory") == "/cg/memory/ct/a");
}

TEST_CASE("sub cgroups: a hierarchy is moved once") {
  CHECK(refusal({"cpu:a", "cpuacct:b"}) ==
        "invalid --cgroup argument(s): controller cpu specified multiple times");
  CHECK(refusal({"memory:a", "memory:a"}) ==
        "invalid --cgroup argument(s): controller memory specified multiple times");
  CHECK(refusal({"a", "b"}) == "invalid --cgroup argument: \"a\" (missing <controller>: prefix)");
}

TEST_CASE("sub cgroups: a path never leads out of the container's cgroup") {
  for (const char* path : {"..", "../ct2", "a/../../b", "a/..", "/../..", "memory:..", "cpu:a/.."})
    CHECK_MESSAGE(refusal({path}).starts_with("bad sub cgroup path: "), path);
  CHECK(sub_cgroups(hybrid(), paths(), {"..a"})->v2 == "/cg/unified/ct/..a");
}

TEST_CASE("sub cgroups: an unknown controller is refused") {
  CHECK(refusal({"whaaat:/"}) == "unknown controller whaaat in --cgroup");
  CHECK(refusal({":a"}).starts_with("unknown controller "));
  CHECK(refusal({"cpu,:a"}).starts_with("unknown controller "));
  const cgroup::Host v2 = {.mode = cgroup::Mode::v2,
                           .v1 = {},
                           .v2_mount_point = "/cg",
                           .v2_own = "/",
                           .v2_controllers = {"memory"}};
  CHECK_FALSE(sub_cgroups(v2, {.v1 = {}, .v2 = "/cg/ct"}, {"memory:a"}).has_value());
  CHECK(sub_cgroups(v2, {.v1 = {}, .v2 = "/cg/ct"}, {"a"})->v2 == "/cg/ct/a");
}

TEST_CASE("init's cgroup: its v2 directory is taken, wherever init has moved") {
  CHECK(after("3:memory:/other\n0::/ct/init\n").v2 == "/cg/unified/ct/init");
  CHECK(after("0::/elsewhere\n").v2 == "/cg/unified/elsewhere");
  CHECK(after("0::/ct/init\n").v1 == paths().v1);
}

TEST_CASE("init's cgroup: one that we do not see is not followed") {
  for (const char* text : {"0::/../ct\n", "0::/..\n", "3:memory:/ct/a\n", "", "0::"})
    CHECK_MESSAGE(after(text) == paths(), text);
}

TEST_CASE("init's cgroup: a container without one in v2 gets none") {
  cgroup::Paths without = paths();
  without.v2.clear();
  CHECK(with_inits_v2(hybrid(), without, "0::/ct/init\n") == without);
}
