#include "runtime/container/exec_cgroup.hpp"

#include <algorithm>
#include <map>

#include "runtime/base/strings.hpp"
#include "runtime/sys/files.hpp"

namespace coracle::container {
namespace {

// `directory`/`path`, which must not lead out of it.
Result<std::string> below(const std::string& directory, std::string_view path) {
  for (const std::string_view part : split(path, '/')) {
    if (part == "..") return fail("bad sub cgroup path: " + in_quotes(path));
  }
  return sys::clean_path(directory + "/" + std::string(path));
}

// The first controller of the v1 hierarchy that has `controller`: its key in
// cgroup::Paths.
Result<std::string> hierarchy_of(const cgroup::Host& host, const cgroup::Paths& own,
                                 std::string_view controller) {
  for (const cgroup::Hierarchy& hierarchy : host.v1) {
    const bool named = std::ranges::any_of(hierarchy.controllers, [&](const std::string& name) {
      return name == controller || name == "name=" + std::string(controller);
    });
    if (named && own.v1.contains(hierarchy.controllers.front()))
      return hierarchy.controllers.front();
  }
  return fail("unknown controller " + std::string(controller) + " in --cgroup");
}

Result<cgroup::Paths> move_all(const cgroup::Paths& own, std::string_view path) {
  cgroup::Paths paths = own;
  for (auto& [controller, directory] : paths.v1) directory = TRY(below(directory, path));
  if (!paths.v2.empty()) paths.v2 = TRY(below(paths.v2, path));
  return paths;
}

// Hierarchies that `wanted`, "CONTROLLER[,CONTROLLER]:PATH", moves to their new
// directories.
Result<std::map<std::string, std::string>> moved_v1(const cgroup::Host& host,
                                                    const cgroup::Paths& own,
                                                    std::string_view wanted) {
  const std::size_t colon = wanted.find(':');
  if (colon == std::string_view::npos)
    return fail("invalid --cgroup argument: " + in_quotes(wanted) +
                " (missing <controller>: prefix)");
  std::map<std::string, std::string> moved;
  for (const std::string_view controller : split(wanted.substr(0, colon), ',')) {
    const std::string hierarchy = TRY(hierarchy_of(host, own, controller));
    moved[hierarchy] = TRY(below(own.v1.at(hierarchy), wanted.substr(colon + 1)));
  }
  return moved;
}

}  // namespace

Result<cgroup::Paths> sub_cgroups(const cgroup::Host& host, const cgroup::Paths& own,
                                  const std::vector<std::string>& wanted) {
  if (wanted.size() == 1 && wanted.front().find(':') == std::string::npos)
    return move_all(own, wanted.front());
  std::map<std::string, std::string> moved;
  for (const std::string& text : wanted) {
    for (auto& [hierarchy, directory] : TRY(moved_v1(host, own, text))) {
      if (!moved.try_emplace(hierarchy, directory).second)
        return fail("invalid --cgroup argument(s): controller " + hierarchy +
                    " specified multiple times");
    }
  }
  cgroup::Paths paths = own;
  for (auto& [hierarchy, directory] : moved) paths.v1[hierarchy] = directory;
  return paths;
}

cgroup::Paths with_inits_v2(const cgroup::Host& host, cgroup::Paths own,
                            std::string_view init_cgroup) {
  if (own.v2.empty()) return own;
  for (const std::string_view line : split(init_cgroup, '\n')) {
    if (!line.starts_with("0::/")) continue;
    const std::string now = sys::clean_path(host.v2_mount_point + std::string(line.substr(3)));
    // One that climbs belongs to a cgroup namespace that we do not see into.
    if (line.find("/..") == std::string_view::npos) own.v2 = now;
  }
  return own;
}

}  // namespace coracle::container
