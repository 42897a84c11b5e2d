// Names as runc gives them, so that each restores what the other has dumped.
#include "runtime/container/criu_mounts.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <memory>
#include <set>

#include "runtime/base/strings.hpp"
#include "runtime/container/mount_requests.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/path.hpp"

namespace coracle::container::criu {
namespace {

constexpr const char* null_device = "/dev/null";  // stands for every masked file

// Where `path` leads inside `root`; what is missing there is taken as it is.
Result<std::string> resolve_inside(const sys::Fd& root, const std::string& path) {
  std::string there = path;
  std::string missing;
  while (there != "/") {
    const auto fd = sys::open_in_root(root, there, O_PATH);
    if (fd) {
      const std::string top = TRY(sys::path_of(root));
      const std::string found = TRY(sys::path_of(*fd));
      const std::string inside = found.substr(top == "/" ? 0 : top.size());
      return sys::clean_path("/" + inside + missing);
    }
    const std::size_t slash = there.find_last_of('/');
    missing = there.substr(slash) + missing;
    there = slash == 0 ? "/" : there.substr(0, slash);
  }
  return sys::clean_path("/" + missing);
}

Result<std::vector<PlacedMount>> place(const plan::Plan& plan, const sys::Fd& root) {
  std::vector<PlacedMount> placed;
  for (const plan::Mount& mount : plan.mounts) {
    if (mount.kind == plan::MountKind::remount) continue;
    std::string path = TRY(resolve_inside(root, mount.destination));
    placed.push_back({.path = std::move(path), .mount = &mount});
  }
  return placed;
}

Result<std::vector<sys::MountInfo>> mounts_of(const std::string& process) {
  const std::string text = TRY(sys::read_file("/proc/" + process + "/mountinfo"));
  return sys::parse_mountinfo(text);
}

// Without a cgroup namespace the v1 hierarchies are binds of the container's cgroups.
bool binds_cgroups(const plan::Plan& plan, const plan::Mount& mount) {
  return mount.kind == plan::MountKind::cgroup && !plan.cgroup_v2 && !plan.namespaces.new_cgroup;
}

bool is_directory(const sys::Fd& root, const std::string& path) {
  return sys::open_in_root(root, path, O_PATH | O_DIRECTORY).has_value();
}

// The host's node of the same numbers, at the same path or where the kernel
// has it; empty where there is none.
std::string host_node(const plan::Device& device) {
  const auto is_it = [&](const std::string& path) {
    struct stat status = {};
    return ::stat(path.c_str(), &status) == 0 &&
           (status.st_mode & S_IFMT) == (device.mode & S_IFMT) && status.st_rdev == device.number;
  };
  if (is_it(device.path)) return device.path;
  const std::string kind = S_ISBLK(device.mode) ? "block" : "char";
  const auto uevent =
      sys::read_file("/sys/dev/" + kind + "/" + std::to_string(major(device.number)) + ":" +
                     std::to_string(minor(device.number)) + "/uevent");
  if (!uevent) return {};
  for (const std::string_view line : split(*uevent, '\n')) {
    if (!line.starts_with("DEVNAME=")) continue;
    std::string path = "/dev/" + std::string(line.substr(8));
    return is_it(path) ? path : std::string();
  }
  return {};
}

std::string real_path(const std::string& path) {
  const auto fd = sys::open_file(path, O_PATH);
  if (!fd) return path;
  return sys::path_of(*fd).value_or(path);
}

void add_bind(std::vector<ExternalMount>& mounts, const PlacedMount& placed,
              const std::vector<sys::MountInfo>& host) {
  const std::string& source = placed.mount->source;
  mounts.push_back({.key = placed.path, .value = source});
  if (!placed.mount->recursive) return;
  const std::string real = real_path(source);
  for (const sys::MountInfo& mount : host) {
    if (mount.mount_point == real || !sys::is_below(mount.mount_point, real)) continue;
    const std::string below = mount.mount_point.substr(real == "/" ? 0 : real.size());
    mounts.push_back({.key = placed.path + below, .value = mount.mount_point});
  }
}

// Where a missing mount point at `path` would have to be made.
struct Site {
  sys::Fd root;
  std::string path;  // inside `root`
};

Result<Site> site_of(const PlacedMount* below, const std::string& path, const plan::Plan& plan) {
  if (below == nullptr) {
    sys::Fd root = TRY(sys::open_file(plan.rootfs.path, O_PATH | O_DIRECTORY));
    return Site{.root = std::move(root), .path = path};
  }
  sys::Fd root = TRY(sys::open_file(below->mount->source, O_PATH | O_DIRECTORY));
  return Site{.root = std::move(root), .path = path.substr(below->path.size())};
}

Result<void> make_mount_point(const PlacedMount& placed, const PlacedMount* below,
                              const plan::Plan& plan) {
  const Site site = TRY(site_of(below, placed.path, plan));
  if (sys::open_in_root(site.root, site.path, O_PATH)) return {};
  bool directory = true;
  if (placed.mount->kind == plan::MountKind::bind) {
    const sys::Fd source = TRY(sys::open_file(placed.mount->source, O_PATH));
    directory = S_ISDIR(TRY(sys::status_of(source)).st_mode);
  }
  if (directory) {
    TRY(sys::make_directory_in_root(site.root, site.path, 0755));
  } else {
    TRY(sys::make_file_in_root(site.root, site.path, 0644));
  }
  return {};
}

mode_t mode_of(int directory, const char* name) {
  struct stat status = {};
  return ::fstatat(directory, name, &status, 0) == 0 ? status.st_mode & 07777U : 0;
}

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

// CRIU's first task opens timens-ID.img in the new user namespace before that
// has its maps: neither owner nor privileged, but of group 0.
void let_group_read_clocks(const std::string& images) {
  const std::unique_ptr<DIR, CloseDirectory> directory(::opendir(images.c_str()));
  if (!directory) return;
  const int fd = ::dirfd(directory.get());
  ::fchmod(fd, mode_of(fd, ".") | S_IXGRP);
  while (const dirent* entry = ::readdir(directory.get())) {
    if (std::string_view(entry->d_name).starts_with("timens-"))
      ::fchmodat(fd, entry->d_name, mode_of(fd, entry->d_name) | S_IRGRP, 0);
  }
}

}  // namespace

const PlacedMount* covering(const std::vector<PlacedMount>& placed, std::string_view path) {
  const PlacedMount* deepest = nullptr;
  for (const PlacedMount& mount : placed) {
    if (!sys::is_below(path, mount.path)) continue;
    if (deepest == nullptr || mount.path.size() >= deepest->path.size()) deepest = &mount;
  }
  return deepest;
}

std::vector<std::string> mounts_below_binds(const std::vector<PlacedMount>& placed,
                                            const std::vector<sys::MountInfo>& inside,
                                            const std::vector<sys::MountInfo>& host) {
  std::set<std::string> host_devices;
  for (const sys::MountInfo& mount : host) host_devices.insert(mount.device);
  std::vector<std::string> below;
  for (const sys::MountInfo& mount : inside) {
    const PlacedMount* on = covering(placed, mount.mount_point);
    if (on == nullptr || on->mount->kind != plan::MountKind::bind) continue;
    if (on->path != mount.mount_point && host_devices.contains(mount.device))
      below.push_back(mount.mount_point);
  }
  return below;
}

Result<std::vector<ExternalMount>> mounts_to_dump(const plan::Plan& plan, pid_t init) {
  const std::string process = std::to_string(init);
  const sys::Fd root = TRY(sys::open_file("/proc/" + process + "/root", O_PATH | O_DIRECTORY));
  const std::vector<PlacedMount> placed = TRY(place(plan, root));
  const std::vector<sys::MountInfo> inside = TRY(mounts_of(process));
  const std::vector<sys::MountInfo> host = TRY(mounts_of("self"));

  std::vector<ExternalMount> mounts;
  const auto add = [&](const std::string& path) { mounts.push_back({.key = path, .value = path}); };
  for (const PlacedMount& mount : placed) {
    if (mount.mount->kind == plan::MountKind::bind) add(mount.path);
    if (!binds_cgroups(plan, *mount.mount)) continue;
    for (const plan::CgroupHierarchy& hierarchy : plan.cgroup_hierarchies)
      add(mount.path + "/" + hierarchy.name);
  }
  for (const std::string& path : mounts_below_binds(placed, inside, host)) add(path);
  for (const plan::Device& device : plan.devices) {
    if (std::ranges::find(inside, device.path, &sys::MountInfo::mount_point) != inside.end())
      add(device.path);
  }
  for (const std::string& masked : plan.masked_paths) {
    const std::string path = TRY(resolve_inside(root, masked));
    if (!is_directory(root, path)) mounts.push_back({.key = path, .value = null_device});
  }
  return mounts;
}

Result<std::vector<ExternalMount>> mounts_to_restore(const plan::Plan& plan) {
  const sys::Fd root = TRY(sys::open_file(plan.rootfs.path, O_PATH | O_DIRECTORY));
  const std::vector<PlacedMount> placed = TRY(place(plan, root));
  const std::vector<sys::MountInfo> host = TRY(mounts_of("self"));
  std::vector<ExternalMount> mounts;
  for (const PlacedMount& mount : placed) {
    if (mount.mount->kind == plan::MountKind::bind) add_bind(mounts, mount, host);
    if (!binds_cgroups(plan, *mount.mount)) continue;
    for (const plan::CgroupHierarchy& hierarchy : plan.cgroup_hierarchies)
      mounts.push_back({.key = mount.path + "/" + hierarchy.name, .value = hierarchy.container});
  }
  for (const plan::Device& device : plan.devices) {
    const std::string node = host_node(device);
    if (!node.empty()) mounts.push_back({.key = device.path, .value = node});
  }
  if (!plan.masked_paths.empty()) mounts.push_back({.key = null_device, .value = null_device});
  return mounts;
}

Result<void> make_mount_points(const plan::Plan& plan) {
  const sys::Fd root = TRY(sys::open_file(plan.rootfs.path, O_PATH | O_DIRECTORY));
  std::vector<PlacedMount> before;
  for (const plan::Mount& mount : plan.mounts) {
    if (mount.kind == plan::MountKind::remount) continue;
    const PlacedMount placed = {.path = TRY(resolve_inside(root, mount.destination)),
                                .mount = &mount};
    const PlacedMount* below = covering(before, placed.path);
    // What is mounted anew has its contents from CRIU or from the kernel.
    if (below == nullptr || below->mount->kind == plan::MountKind::bind)
      TRY(make_mount_point(placed, below, plan).context("mount point " + mount.destination));
    before.push_back(placed);
  }
  return {};
}

void add_mapped_images(Setup& setup, const plan::Plan& plan) {
  const plan::Mount images = {.kind = plan::MountKind::bind,
                              .destination = {},
                              .source = setup.images,
                              .type = {},
                              .propagation = {},
                              .data = {},
                              .idmap = {.kind = plan::IdmapKind::this_mount,
                                        .uid_map = plan.id_maps.uid_map,
                                        .gid_map = "0 0 1\n"}};
  auto mapped = make_mount_for(0, images);
  if (!mapped) return;
  let_group_read_clocks(setup.images);
  setup.staged.push_back({.mount = std::move(*mapped), .path = setup.images});
}

Result<std::vector<StagedMount>> mapped_binds(const plan::Plan& plan) {
  std::vector<StagedMount> staged;
  for (const plan::Mount& mount : plan.mounts) {
    if (mount.kind != plan::MountKind::bind || mount.idmap.kind == plan::IdmapKind::none) continue;
    plan::Mount wanted = mount;
    // The container's own user namespace is not there yet.
    if (wanted.idmap.uid_map.empty()) {
      wanted.idmap.uid_map = plan.id_maps.uid_map;
      wanted.idmap.gid_map = plan.id_maps.gid_map;
    }
    sys::MountFd made = TRY(make_mount_for(0, wanted).context(mount.destination));
    staged.push_back({.mount = std::move(made), .path = mount.source});
  }
  return staged;
}

}  // namespace coracle::container::criu
