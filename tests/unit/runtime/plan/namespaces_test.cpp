// linux.namespaces -> clone flags, joins, time offsets.
#include <doctest/doctest.h>
#include <sched.h>

#include <string>
#include <vector>

#include "runtime/plan/plan.hpp"

using namespace coracle;
using namespace coracle::plan;
using oci::NamespaceType;

namespace {

oci::Linux with(std::vector<oci::Namespace> namespaces) {
  oci::Linux config;
  config.namespaces = std::move(namespaces);
  return config;
}

}  // namespace

TEST_CASE("namespaces: a type that is not listed is inherited") {
  const Result<Namespaces> plan = plan_namespaces(oci::Linux());
  REQUIRE(plan.has_value());
  CHECK(plan->clone_flags == 0);
  CHECK(plan->joins.empty());
  CHECK_FALSE(plan->new_cgroup);
  CHECK_FALSE(plan->new_time);
  CHECK(plan->time_offsets.empty());
}

TEST_CASE("namespaces: each new one has its clone flag") {
  const struct {
    NamespaceType type;
    std::uint64_t flag;
  } rows[] = {{NamespaceType::user, CLONE_NEWUSER}, {NamespaceType::mount, CLONE_NEWNS},
              {NamespaceType::pid, CLONE_NEWPID},   {NamespaceType::network, CLONE_NEWNET},
              {NamespaceType::ipc, CLONE_NEWIPC},   {NamespaceType::uts, CLONE_NEWUTS}};
  for (const auto& row : rows) {
    const Result<Namespaces> plan = plan_namespaces(with({{row.type, ""}}));
    REQUIRE(plan.has_value());
    CHECK(plan->clone_flags == row.flag);
    CHECK(plan->joins.empty());
  }
}

TEST_CASE("namespaces: cgroup and time are new without a clone flag") {
  const Result<Namespaces> plan =
      plan_namespaces(with({{NamespaceType::cgroup, ""}, {NamespaceType::time, ""}}));
  REQUIRE(plan.has_value());
  CHECK(plan->clone_flags == 0);
  CHECK(plan->new_cgroup);
  CHECK(plan->new_time);
}

TEST_CASE("namespaces: ipc beside a user namespace is left to init") {
  for (const std::string path : {"", "/ns/user"}) {
    const Result<Namespaces> plan =
        plan_namespaces(with({{NamespaceType::user, path}, {NamespaceType::ipc, ""}}));
    REQUIRE(plan.has_value());
    CHECK((plan->clone_flags & CLONE_NEWIPC) == 0);
    CHECK(plan->new_ipc);
  }
}

TEST_CASE("namespaces: the user namespace is joined first and the mount namespace last") {
  const Result<Namespaces> plan = plan_namespaces(with({{NamespaceType::mount, "/ns/mnt"},
                                                        {NamespaceType::time, "/ns/time"},
                                                        {NamespaceType::cgroup, "/ns/cgroup"},
                                                        {NamespaceType::pid, "/ns/pid"},
                                                        {NamespaceType::network, "/ns/net"},
                                                        {NamespaceType::uts, "/ns/uts"},
                                                        {NamespaceType::ipc, "/ns/ipc"},
                                                        {NamespaceType::user, "/ns/user"}}));
  REQUIRE(plan.has_value());
  std::vector<std::string> paths;
  for (const Join& join : plan->joins) paths.push_back(join.path);
  CHECK(paths == std::vector<std::string>{"/ns/user", "/ns/ipc", "/ns/uts", "/ns/net", "/ns/pid",
                                          "/ns/cgroup", "/ns/time", "/ns/mnt"});
  CHECK(plan->joins.front().type == NamespaceType::user);
  CHECK(plan->clone_flags == 0);
  CHECK_FALSE(plan->new_cgroup);
  CHECK_FALSE(plan->new_time);
}

TEST_CASE("namespaces: new and joined ones go together") {
  const Result<Namespaces> plan =
      plan_namespaces(with({{NamespaceType::pid, ""}, {NamespaceType::network, "/ns/net"}}));
  REQUIRE(plan.has_value());
  CHECK(plan->clone_flags == CLONE_NEWPID);
  REQUIRE(plan->joins.size() == 1);
  CHECK(plan->joins[0].type == NamespaceType::network);
}

TEST_CASE("namespace use: tells inherited, created and joined apart") {
  const oci::Linux config = with({{NamespaceType::pid, ""}, {NamespaceType::ipc, "/ns/ipc"}});
  CHECK(namespace_use(config, NamespaceType::pid) == NamespaceUse::created);
  CHECK(namespace_use(config, NamespaceType::ipc) == NamespaceUse::joined);
  CHECK(namespace_use(config, NamespaceType::uts) == NamespaceUse::inherited);
}

TEST_CASE("time offsets: monotonic comes before boottime") {
  oci::Linux config = with({{NamespaceType::time, ""}});
  config.time_offsets = {{"boottime", {-5, 999'999'999}}, {"monotonic", {7, 0}}};
  const Result<Namespaces> plan = plan_namespaces(config);
  REQUIRE(plan.has_value());
  CHECK(plan->time_offsets == "monotonic 7 0\nboottime -5 999999999\n");
}

TEST_CASE("time offsets: one clock may be missing") {
  oci::Linux config = with({{NamespaceType::time, ""}});
  config.time_offsets = {{"boottime", {1, 2}}};
  const Result<Namespaces> plan = plan_namespaces(config);
  REQUIRE(plan.has_value());
  CHECK(plan->time_offsets == "boottime 1 2\n");
}
