// linux.uidMappings and linux.gidMappings: the texts, who writes them, and
// whether setgroups(2) stays allowed.
// Spec: config-linux.md#user-namespace-mappings; user_namespaces(7)
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "runtime/base/strings.hpp"
#include "runtime/plan/plan.hpp"

namespace coracle::plan {
namespace {

using Mappings = std::vector<oci::IdMapping>;

constexpr std::size_t most_lines = 340;       // UID_GID_MAP_MAX_EXTENTS
constexpr std::uint64_t no_id = 0xffff'ffff;  // (uid_t)-1 is no id: chown(2)'s "unchanged"

// Ids [first, end).
struct Range {
  std::uint64_t first;
  std::uint64_t end;

  bool overlaps(const Range& other) const { return first < other.end && other.first < end; }
  bool contains(const Range& other) const { return first <= other.first && other.end <= end; }
};

Range container_ids(const oci::IdMapping& mapping) {
  return {mapping.container_id, std::uint64_t{mapping.container_id} + mapping.size};
}

Range host_ids(const oci::IdMapping& mapping) {
  return {mapping.host_id, std::uint64_t{mapping.host_id} + mapping.size};
}

std::string line(const oci::IdMapping& mapping) {
  return std::to_string(mapping.container_id) + " " + std::to_string(mapping.host_id) + " " +
         std::to_string(mapping.size);
}

Result<void> check_mapping(const oci::IdMapping& mapping) {
  const std::string name = "mapping at container id " + std::to_string(mapping.container_id);
  if (mapping.size == 0) return fail(name + " has size 0; a mapping has at least 1 id");
  const auto wraps = [](const Range& range) { return range.end > no_id; };
  if (!wraps(container_ids(mapping)) && !wraps(host_ids(mapping))) return {};
  return fail(name + " (" + line(mapping) + ") passes 4294967294, the last id there is");
}

Result<void> check_overlap(const Mappings& mappings, std::size_t index) {
  const oci::IdMapping& mapping = mappings[index];
  for (std::size_t earlier = 0; earlier < index; ++earlier) {
    if (container_ids(mapping).overlaps(container_ids(mappings[earlier]))) {
      return fail("mapping at container id " + std::to_string(mapping.container_id) +
                  " overlaps another");
    }
    if (host_ids(mapping).overlaps(host_ids(mappings[earlier]))) {
      return fail("mapping at container id " + std::to_string(mapping.container_id) +
                  ": host ids from " + std::to_string(mapping.host_id) + " overlap another's");
    }
  }
  return {};
}

// What `linux` says of user ids or of group ids, and what the host has of them.
struct Side {
  std::string pointer;
  const Mappings& mappings;
  const Mappings& own_map;
  std::uint32_t own_id;
};

std::string example(const Side& side, const HostFacts& facts) {
  const std::uint32_t host_id = facts.privileged ? 100000 : side.own_id;
  return R"({"containerID":0,"hostID":)" + std::to_string(host_id) + R"(,"size":)" +
         (facts.privileged ? "65536}" : "1}");
}

Result<void> check_root_mapped(const Side& side, const HostFacts& facts) {
  const auto maps_root = [](const oci::IdMapping& mapping) { return mapping.container_id == 0; };
  if (std::ranges::any_of(side.mappings, maps_root)) return {};
  return fail(side.pointer +
              ": the container's root user is not mapped, and the container is set up as it; add "
              "a mapping of container id 0, such as " +
              example(side, facts));
}

// The kernel maps through our own user namespace, and a mapping must lie
// within one line of its map, even where two lines touch.
Result<void> check_mapped_here(const Side& side) {
  if (side.own_map.empty()) return {};
  for (std::size_t index = 0; index < side.mappings.size(); ++index) {
    const Range wanted = host_ids(side.mappings[index]);
    const auto holds = [&](const oci::IdMapping& own) {
      return container_ids(own).contains(wanted);
    };
    if (std::ranges::any_of(side.own_map, holds)) continue;
    std::vector<std::string> lines;
    for (const oci::IdMapping& own : side.own_map) lines.push_back(line(own));
    return fail(side.pointer + "/" + std::to_string(index) + ": host ids [" +
                std::to_string(wanted.first) + ", " + std::to_string(wanted.end) +
                ") are not all mapped in this user namespace by one line of its map, which is " +
                in_quotes(join(lines, ", ")));
  }
  return {};
}

Result<std::string> plan_side(const Side& side, const HostFacts& facts) {
  TRY(check_root_mapped(side, facts));
  std::string text = TRY(render_id_map(side.mappings).context(side.pointer));
  TRY(check_mapped_here(side));
  return text;
}

// The one map that the kernel takes from a process without capabilities.
bool is_own_id_alone(const Mappings& mappings, std::uint32_t own_id) {
  return mappings.size() == 1 && mappings[0].size == 1 && mappings[0].host_id == own_id;
}

IdMapWriter choose_writer(const oci::Linux& config, const HostFacts& facts) {
  const bool own_ids_alone = is_own_id_alone(config.uid_mappings, facts.euid) &&
                             is_own_id_alone(config.gid_mappings, facts.egid);
  return facts.privileged || own_ids_alone ? IdMapWriter::direct : IdMapWriter::helpers;
}

}  // namespace

bool is_mapped(std::uint32_t id, const std::vector<oci::IdMapping>& mappings) {
  return std::ranges::any_of(mappings, [id](const oci::IdMapping& mapping) {
    return id >= mapping.container_id && id - mapping.container_id < mapping.size;
  });
}

Result<std::string> render_id_map(const std::vector<oci::IdMapping>& mappings) {
  if (mappings.empty()) return fail("there are no mappings; at least one is needed");
  if (mappings.size() > most_lines) {
    return fail(std::to_string(mappings.size()) + " mappings are more than the " +
                std::to_string(most_lines) + " that the kernel takes; merge neighbouring ones");
  }
  std::string text;
  for (std::size_t index = 0; index < mappings.size(); ++index) {
    TRY(check_mapping(mappings[index]));
    TRY(check_overlap(mappings, index));
    text += line(mappings[index]) + "\n";
  }
  return text;
}

Result<IdMaps> plan_id_maps(const oci::Linux& config, const HostFacts& facts) {
  IdMaps plan;
  plan.uid_mappings = config.uid_mappings;
  plan.gid_mappings = config.gid_mappings;
  const NamespaceUse use = namespace_use(config, oci::NamespaceType::user);
  if (use == NamespaceUse::inherited && !facts.privileged) {
    return fail(
        "/linux/namespaces: without privilege a container needs a user namespace: add "
        R"({"type":"user"}, and a mapping such as )" +
        example({"", config.uid_mappings, facts.own_uid_map, facts.euid}, facts));
  }
  // All that lie below inherit it, and we can join no others.
  plan.deny_setgroups = facts.setgroups_denied;
  if (use != NamespaceUse::created) return plan;
  const Side users{"/linux/uidMappings", config.uid_mappings, facts.own_uid_map, facts.euid};
  const Side groups{"/linux/gidMappings", config.gid_mappings, facts.own_gid_map, facts.egid};
  plan.writer = choose_writer(config, facts);
  plan.uid_map = TRY(plan_side(users, facts));
  plan.gid_map = TRY(plan_side(groups, facts));
  // The kernel takes no gid_map from an unprivileged writer before that
  // (CVE-2014-8989); newgidmap has the privilege and leaves setgroups alone.
  if (!facts.privileged && plan.writer == IdMapWriter::direct) plan.deny_setgroups = true;
  return plan;
}

}  // namespace coracle::plan
