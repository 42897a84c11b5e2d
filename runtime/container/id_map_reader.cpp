#include "runtime/container/id_map_reader.hpp"

#include <algorithm>

#include "runtime/base/strings.hpp"
#include "runtime/sys/files.hpp"

namespace coracle::container {
namespace {

using Mappings = std::vector<oci::IdMapping>;

// In one order: the kernel sorts a map of more than five lines.
Mappings sorted(Mappings mappings) {
  std::ranges::sort(mappings, {}, &oci::IdMapping::container_id);
  return mappings;
}

std::string text_of(const Mappings& mappings) {
  std::vector<std::string> lines;
  for (const oci::IdMapping& each : mappings)
    lines.push_back(std::to_string(each.container_id) + " " + std::to_string(each.host_id) + " " +
                    std::to_string(each.size));
  return in_quotes(join(lines, ", "));
}

// What the configuration says of a joined namespace, and what the namespace has.
struct Side {
  const char* pointer;  // of the mappings
  const Mappings& configured;
  Mappings actual;
  std::string place;  // the namespace's path
};

Result<void> check_same(const Side& side) {
  if (side.configured.empty() || sorted(side.configured) == sorted(side.actual)) return {};
  return fail(std::string(side.pointer) + ": " + text_of(side.configured) +
              " is not the map of the user namespace at " + side.place + ", which is " +
              text_of(side.actual) + "; leave the mappings out");
}

Result<void> check_id(std::uint32_t id, const Side& side, const std::string& pointer) {
  if (plan::is_mapped(id, side.actual)) return {};
  return fail(pointer + ": " + std::to_string(id) + " is not mapped in the user namespace at " +
              side.place + ", whose map is " + text_of(side.actual));
}

Result<void> check_process(const plan::Process& process, const Side& users, const Side& groups) {
  TRY(check_id(process.uid, users, "/process/user/uid"));
  TRY(check_id(process.gid, groups, "/process/user/gid"));
  for (const gid_t gid : process.additional_gids)
    TRY(check_id(gid, groups, "/process/user/additionalGids"));
  return {};
}

}  // namespace

// "         0     100000      65536" a line.  user_namespaces(7)
Result<std::vector<oci::IdMapping>> read_id_map(const std::string& path) {
  const std::string text = TRY(sys::read_file(path));
  Mappings mappings;
  for (const std::string_view line : split(text, '\n')) {
    std::vector<std::uint32_t> numbers;
    for (const std::string_view word : split(line, ' ')) {
      if (word.empty()) continue;
      const auto number = parse_number<std::uint32_t>(word);
      if (!number) return fail(path + ": line " + in_quotes(line));
      numbers.push_back(*number);
    }
    if (numbers.empty()) continue;
    if (numbers.size() != 3) return fail(path + ": line " + in_quotes(line));
    mappings.push_back({.container_id = numbers[0], .host_id = numbers[1], .size = numbers[2]});
  }
  return mappings;
}

Result<void> check_joined_maps(pid_t pid, const plan::Plan& plan) {
  const std::vector<plan::Join>& joins = plan.namespaces.joins;
  if (joins.empty() || joins.front().type != oci::NamespaceType::user) return {};
  const std::string proc = "/proc/" + std::to_string(pid);
  const Side users = {.pointer = "/linux/uidMappings",
                      .configured = plan.id_maps.uid_mappings,
                      .actual = TRY(read_id_map(proc + "/uid_map")),
                      .place = joins.front().path};
  const Side groups = {.pointer = "/linux/gidMappings",
                       .configured = plan.id_maps.gid_mappings,
                       .actual = TRY(read_id_map(proc + "/gid_map")),
                       .place = joins.front().path};
  TRY(check_same(users));
  TRY(check_same(groups));
  return plan.process ? check_process(*plan.process, users, groups) : Result<void>();
}

}  // namespace coracle::container
