// Where cgroups are: the mounted hierarchies, and one container's place in them.
// Source: proc_pid_mountinfo(5), cgroups(7); Spec: config-linux.md#cgroups-path
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <optional>

#include "runtime/base/strings.hpp"
#include "runtime/cgroup/cgroup.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/mountinfo.hpp"

namespace coracle::cgroup {
namespace {

using sys::MountInfo;

constexpr std::string_view usual_root = "/sys/fs/cgroup";

struct OwnLine {
  std::string_view controllers;  // "cpu,cpuacct", "name=systemd", "" for v2
  std::string_view path;
};

// True for "/a" and "/a/b", "/" and anything; not for "/a" and "/ab".
bool lies_below(std::string_view path, std::string_view above) {
  if (above == "/") return true;
  return path.starts_with(above) && (path.size() == above.size() || path[above.size()] == '/');
}

// A mount is hidden by one on top of it, by one on a directory above it in the
// same parent mount, or with its parent.  `on_top`, its child, does not count.
bool is_hidden(const MountInfo& mount, const std::vector<MountInfo>& all, int on_top = -1) {
  for (const MountInfo& other : all) {
    if (other.id == mount.id || other.id == on_top) continue;
    if (other.parent_id == mount.id && other.mount_point == mount.mount_point) return true;
    if (other.parent_id == mount.parent_id && other.mount_point != mount.mount_point &&
        lies_below(mount.mount_point, other.mount_point))
      return true;
  }
  const auto parent = std::ranges::find(all, mount.parent_id, &MountInfo::id);
  // "/" is its own parent in some mount namespaces.
  return parent != all.end() && parent->parent_id != parent->id &&
         is_hidden(*parent, all, mount.id);
}

std::vector<OwnLine> parse_own(std::string_view self_cgroup) {
  std::vector<OwnLine> lines;
  for (const std::string_view line : split(self_cgroup, '\n')) {
    const std::size_t first = line.find(':');
    if (first == std::string_view::npos) continue;
    const std::size_t second = line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    lines.push_back({.controllers = line.substr(first + 1, second - first - 1),
                     .path = line.substr(second + 1)});
  }
  return lines;
}

// Both `root` and `path` count from the root of our cgroup namespace; a mount
// that shows more than that ("/..") cannot tell where we are in it.
std::string below_mount(const std::string& root, std::string_view path) {
  const std::string own = sys::clean_path(path);
  if (root == "/" || root.starts_with("/..")) return own;
  if (!lies_below(own, root)) return "/";
  return own.size() == root.size() ? "/" : own.substr(root.size());
}

bool has_all(std::string_view options, const std::vector<std::string_view>& wanted) {
  const auto present = split(options, ',');
  return std::ranges::all_of(wanted, [&](std::string_view option) {
    return std::ranges::find(present, option) != present.end();
  });
}

// The mount of one hierarchy (`controllers` empty: v2); one below
// /sys/fs/cgroup is preferred.
const MountInfo* find_hierarchy(const std::vector<MountInfo>& visible,
                                std::string_view controllers) {
  const MountInfo* found = nullptr;
  for (const MountInfo& mount : visible) {
    const bool fits =
        controllers.empty()
            ? mount.type == "cgroup2"
            : mount.type == "cgroup" && has_all(mount.super_options, split(controllers, ','));
    if (!fits) continue;
    if (lies_below(mount.mount_point, usual_root)) return &mount;
    if (found == nullptr) found = &mount;
  }
  return found;
}

Result<std::vector<MountInfo>> visible_cgroup_mounts(std::string_view mountinfo) {
  const std::vector<MountInfo> all = TRY(sys::parse_mountinfo(mountinfo));
  std::vector<MountInfo> visible;
  for (const MountInfo& mount : all) {
    const bool is_cgroup = mount.type == "cgroup" || mount.type == "cgroup2";
    if (is_cgroup && !is_hidden(mount, all)) visible.push_back(mount);
  }
  return visible;
}

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> found;
  for (const std::string_view word : split(trim(text), ' '))
    if (!word.empty()) found.emplace_back(word);
  return found;
}

void add_hierarchy(Host& host, const OwnLine& own, const MountInfo& mount) {
  std::string place = below_mount(mount.root, own.path);
  if (own.controllers.empty()) {
    host.v2_mount_point = mount.mount_point;
    host.v2_own = std::move(place);
    return;
  }
  Hierarchy hierarchy{.controllers = {}, .mount_point = mount.mount_point, .own = std::move(place)};
  for (const std::string_view name : split(own.controllers, ','))
    hierarchy.controllers.emplace_back(name);
  host.v1.push_back(std::move(hierarchy));
}

std::string below(std::string_view directory, std::string_view path) {
  return sys::clean_path(std::string(directory) + "/" + std::string(path));
}

Result<void> check_path(std::string_view cgroups_path) {
  const auto parts = split(cgroups_path, '/');
  if (std::ranges::find(parts, "..") != parts.end())
    return fail("/linux/cgroupsPath: " + in_quotes(cgroups_path) + " has \"..\" in it");
  const bool names_one = std::ranges::any_of(
      parts, [](std::string_view part) { return !part.empty() && part != "."; });
  if (!names_one)
    return fail("/linux/cgroupsPath: " + in_quotes(cgroups_path) + " names no cgroup of its own");
  return {};
}

Result<std::vector<std::string>> controllers_in(const std::string& directory) {
  return words(TRY(sys::read_file(directory + "/cgroup.controllers")));
}

// Where all of v2 is mounted at its usual place nothing else is to be known, and
// /proc/self/mountinfo, which has lines for every container on a host, not to be read.
Result<std::optional<Host>> detect_usual_v2() {
  constexpr ino_t top = 1;  // the number of a hierarchy's own root, whatever part is mounted
  const std::string directory(usual_root);
  struct statfs filesystem = {};
  struct stat status = {};
  if (::statfs(directory.c_str(), &filesystem) != 0 || filesystem.f_type != CGROUP2_SUPER_MAGIC ||
      ::stat(directory.c_str(), &status) != 0 || status.st_ino != top)
    return std::nullopt;
  const std::string own = TRY(sys::read_file("/proc/self/cgroup"));
  for (const OwnLine& line : parse_own(own)) {
    if (!line.controllers.empty()) continue;
    return Host{.mode = Mode::v2,
                .v1 = {},
                .v2_mount_point = directory,
                .v2_own = sys::clean_path(line.path),
                .v2_controllers = TRY(controllers_in(directory))};
  }
  return std::nullopt;
}

}  // namespace

Result<Host> detect(std::string_view self_mountinfo, std::string_view self_cgroup,
                    std::string_view v2_controllers) {
  const std::vector<MountInfo> visible = TRY(visible_cgroup_mounts(self_mountinfo));
  // Where /sys/fs/cgroup itself is v2, v1 hierarchies elsewhere are not ours.
  const bool pure_v2 = std::ranges::any_of(visible, [](const MountInfo& mount) {
    return mount.type == "cgroup2" && mount.mount_point == usual_root;
  });
  Host host;
  for (const OwnLine& own : parse_own(self_cgroup)) {
    if (pure_v2 && !own.controllers.empty()) continue;
    const MountInfo* mount = find_hierarchy(visible, own.controllers);
    if (mount != nullptr) add_hierarchy(host, own, *mount);
  }
  if (host.v1.empty() && host.v2_mount_point.empty())
    return fail("no cgroup hierarchy of this process is mounted (/proc/self/mountinfo)");
  if (!host.v2_mount_point.empty()) host.v2_controllers = words(v2_controllers);
  if (host.v1.empty()) {
    host.mode = Mode::v2;
  } else {
    host.mode = host.v2_mount_point.empty() ? Mode::v1 : Mode::hybrid;
  }
  return host;
}

Result<Host> detect() {
  if (auto host = TRY(detect_usual_v2())) return *std::move(host);
  const std::string mountinfo = TRY(sys::read_file("/proc/self/mountinfo"));
  const std::string own = TRY(sys::read_file("/proc/self/cgroup"));
  Host host = TRY(detect(mountinfo, own, ""));
  if (host.v2_mount_point.empty()) return host;
  host.v2_controllers = TRY(controllers_in(host.v2_mount_point));
  return host;
}

Result<Paths> container_paths(const Host& host, std::string_view cgroups_path,
                              std::string_view id) {
  const std::string_view path = cgroups_path.empty() ? id : cgroups_path;
  TRY(check_path(path));
  const bool absolute = path.starts_with('/');
  const auto place = [&](const std::string& mount_point, const std::string& start) {
    return below(absolute ? mount_point : mount_point + start, path);
  };
  Paths paths;
  for (const Hierarchy& hierarchy : host.v1)
    paths.v1[hierarchy.controllers.front()] = place(hierarchy.mount_point, hierarchy.own);
  if (host.v2_mount_point.empty()) return paths;
  // A cgroup with processes, as our own is, cannot give v2 controllers to
  // sub-cgroups: a neighbour of our own can.
  const std::string beside = host.v2_own.substr(0, host.v2_own.rfind('/'));
  paths.v2 = place(host.v2_mount_point, host.mode == Mode::v2 ? beside : "");
  return paths;
}

}  // namespace coracle::cgroup
