// linux.uidMappings and gidMappings -> texts, writer, setgroups.
#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "runtime/plan/plan.hpp"

using namespace coracle;
using namespace coracle::plan;

namespace {

using Mappings = std::vector<oci::IdMapping>;

oci::Linux user_namespace(Mappings uids, Mappings gids, std::string path = "") {
  oci::Linux config;
  config.namespaces = {{oci::NamespaceType::user, std::move(path)}};
  config.uid_mappings = std::move(uids);
  config.gid_mappings = std::move(gids);
  return config;
}

HostFacts root() {
  HostFacts facts;
  facts.own_uid_map = {{0, 0, 4294967295}};
  facts.own_gid_map = {{0, 0, 4294967295}};
  return facts;
}

HostFacts rootless() {
  HostFacts facts = root();
  facts.euid = 1000;
  facts.egid = 100;
  facts.privileged = false;
  return facts;
}

HostFacts nested_root() {
  HostFacts facts;
  facts.in_user_namespace = true;
  facts.own_uid_map = {{0, 1000, 1}, {1, 100000, 65536}};
  facts.own_gid_map = {{0, 1000, 1}, {1, 100000, 65536}};
  return facts;
}

std::string refusal(const Mappings& mappings) {
  const Result<std::string> text = render_id_map(mappings);
  return text ? "accepted" : text.error().text();
}

std::string refusal(const oci::Linux& config, const HostFacts& facts) {
  const Result<IdMaps> plan = plan_id_maps(config, facts);
  return plan ? "accepted" : plan.error().text();
}

}  // namespace

TEST_CASE("id map: is a line for each mapping, in order") {
  const Result<std::string> text = render_id_map({{0, 100000, 65536}, {65536, 7, 1}});
  REQUIRE(text.has_value());
  CHECK(*text == "0 100000 65536\n65536 7 1\n");
}

TEST_CASE("id map: mappings may touch but not overlap") {
  CHECK(refusal({{0, 1000, 10}, {10, 2000, 1}}) == "accepted");
  CHECK(refusal({{0, 1000, 10}, {9, 2000, 1}}) == "mapping at container id 9 overlaps another");
  CHECK(refusal({{9, 2000, 1}, {0, 1000, 10}}) == "mapping at container id 0 overlaps another");
}

TEST_CASE("id map: host ids may touch but not overlap") {
  CHECK(refusal({{0, 1000, 10}, {10, 1010, 1}}) == "accepted");
  CHECK(refusal({{0, 1000, 10}, {10, 1009, 1}}) ==
        "mapping at container id 10: host ids from 1009 overlap another's");
}

TEST_CASE("id map: an empty mapping is refused") {
  CHECK(refusal({{3, 1000, 0}}) ==
        "mapping at container id 3 has size 0; a mapping has at least 1 id");
}

TEST_CASE("id map: a mapping must not pass the last id") {
  CHECK(refusal({{0, 0, 4294967295}}) == "accepted");
  CHECK(refusal({{4294967294, 0, 1}}) == "accepted");
  CHECK(refusal({{4294967295, 0, 1}}) ==
        "mapping at container id 4294967295 (4294967295 0 1) passes 4294967294, the last id there "
        "is");
  CHECK(refusal({{0, 4294967290, 6}}) ==
        "mapping at container id 0 (0 4294967290 6) passes 4294967294, the last id there is");
  CHECK(refusal({{10, 0, 4294967295}}) ==
        "mapping at container id 10 (10 0 4294967295) passes 4294967294, the last id there is");
}

TEST_CASE("id map: no mapping at all is refused") {
  CHECK(refusal(Mappings()) == "there are no mappings; at least one is needed");
}

TEST_CASE("id map: 340 mappings are the most") {
  Mappings mappings;
  for (std::uint32_t id = 0; id < 340; ++id) mappings.push_back({id, 2 * id, 1});
  CHECK(refusal(mappings) == "accepted");
  mappings.push_back({340, 680, 1});
  CHECK(refusal(mappings) ==
        "341 mappings are more than the 340 that the kernel takes; merge neighbouring ones");
}

TEST_CASE("id maps: nobody writes any without a user namespace") {
  const Result<IdMaps> plan = plan_id_maps(oci::Linux(), root());
  REQUIRE(plan.has_value());
  CHECK(plan->writer == IdMapWriter::none);
  CHECK(plan->uid_map.empty());
}

TEST_CASE("id maps: without privilege there must be a user namespace") {
  CHECK(refusal(oci::Linux(), rootless()) ==
        "/linux/namespaces: without privilege a container needs a user namespace: add "
        R"({"type":"user"}, and a mapping such as {"containerID":0,"hostID":1000,"size":1})");
  CHECK(refusal(user_namespace({{0, 1000, 1}}, {}, "/ns/user"), rootless()) == "accepted");
}

TEST_CASE("id maps: a joined user namespace is not written, its mappings are kept to compare") {
  const Mappings mappings = {{0, 1000, 1}};
  const Result<IdMaps> plan = plan_id_maps(user_namespace(mappings, {}, "/ns/user"), root());
  REQUIRE(plan.has_value());
  CHECK(plan->writer == IdMapWriter::none);
  CHECK(plan->uid_map.empty());
  CHECK(plan->uid_mappings == mappings);
  CHECK(plan->gid_mappings.empty());
}

TEST_CASE("id maps: a privileged host writes directly and leaves setgroups allowed") {
  const Mappings mappings = {{0, 100000, 65536}};
  const Result<IdMaps> plan = plan_id_maps(user_namespace(mappings, mappings), root());
  REQUIRE(plan.has_value());
  CHECK(plan->writer == IdMapWriter::direct);
  CHECK_FALSE(plan->deny_setgroups);
  CHECK(plan->uid_map == "0 100000 65536\n");
  CHECK(plan->gid_map == "0 100000 65536\n");
  CHECK(plan->uid_mappings == mappings);
  CHECK(plan->gid_mappings == mappings);
}

TEST_CASE("id maps: a rootless host writes its own ids directly and denies setgroups") {
  const Result<IdMaps> plan =
      plan_id_maps(user_namespace({{0, 1000, 1}}, {{0, 100, 1}}), rootless());
  REQUIRE(plan.has_value());
  CHECK(plan->writer == IdMapWriter::direct);
  CHECK(plan->deny_setgroups);
}

TEST_CASE("id maps: a rootless host needs helpers for all other ids") {
  const std::pair<Mappings, Mappings> rows[] = {
      {{{0, 1000, 1}, {1, 100000, 65536}}, {{0, 100, 1}, {1, 100000, 65536}}},
      {{{0, 1000, 1}}, {{0, 100, 1}, {1, 100000, 65536}}},
      {{{0, 1001, 1}}, {{0, 100, 1}}},
      {{{0, 1000, 2}}, {{0, 100, 1}}},
  };
  for (const auto& [uids, gids] : rows) {
    const Result<IdMaps> plan = plan_id_maps(user_namespace(uids, gids), rootless());
    REQUIRE(plan.has_value());
    CHECK(plan->writer == IdMapWriter::helpers);
    CHECK_FALSE(plan->deny_setgroups);
  }
}

TEST_CASE("id maps: the container's root must be mapped, and the error says how") {
  CHECK(refusal(user_namespace({{0, 1000, 1}}, {{1, 100000, 65536}}), root()) ==
        "/linux/gidMappings: the container's root user is not mapped, and the container is set up "
        "as it; add a mapping of container id 0, such as "
        "{\"containerID\":0,\"hostID\":100000,\"size\":65536}");
  CHECK(refusal(user_namespace({{5, 1000, 1}}, {{0, 100, 1}}), rootless())
            .ends_with("{\"containerID\":0,\"hostID\":1000,\"size\":1}"));
}

TEST_CASE("id maps: a bad mapping is named with its list") {
  CHECK(refusal(user_namespace({{0, 1000, 1}}, {{0, 5, 2}, {1, 9, 1}}), root()) ==
        "/linux/gidMappings: mapping at container id 1 overlaps another");
}

TEST_CASE("id maps: a nested host maps what its own namespace maps") {
  const Mappings mappings = {{0, 1, 65535}, {65535, 0, 1}};
  const Result<IdMaps> plan = plan_id_maps(user_namespace(mappings, mappings), nested_root());
  REQUIRE(plan.has_value());
  CHECK(plan->writer == IdMapWriter::direct);
  CHECK_FALSE(plan->deny_setgroups);
}

TEST_CASE("id maps: setgroups that our own user namespace denies is denied in what comes of it") {
  HostFacts facts = nested_root();
  facts.setgroups_denied = true;
  const Mappings mappings = {{0, 0, 1}};
  CHECK(plan_id_maps(oci::Linux(), facts)->deny_setgroups);
  CHECK(plan_id_maps(user_namespace(mappings, mappings), facts)->deny_setgroups);
  CHECK(plan_id_maps(user_namespace({}, {}, "/ns/user"), facts)->deny_setgroups);
  facts.setgroups_denied = false;
  CHECK_FALSE(plan_id_maps(oci::Linux(), facts)->deny_setgroups);
}

TEST_CASE("id maps: host ids that are not mapped in the host's own namespace are refused") {
  CHECK(refusal(user_namespace({{0, 100000, 65536}}, {{0, 100000, 65536}}), nested_root()) ==
        "/linux/uidMappings/0: host ids [100000, 165536) are not all mapped in this user namespace "
        "by one line of its map, which is \"0 1000 1, 1 100000 65536\"");
}

TEST_CASE("id maps: a mapping across two lines of the host's own map is refused") {
  CHECK(refusal(user_namespace({{0, 0, 1}}, {{0, 0, 2}}), nested_root())
            .starts_with("/linux/gidMappings/0: host ids [0, 2) are not all mapped"));
}
