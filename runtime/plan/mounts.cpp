// mounts[]: kind, source, destination, flags, data and id map of each entry.
// Spec: config.md#mounts
#include <sys/mount.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/strings.hpp"
#include "runtime/plan/mount_options.hpp"
#include "runtime/plan/paths.hpp"
#include "runtime/plan/plan.hpp"

namespace coracle::plan {
namespace {

// One entry of spec.mounts, and what it is to be read with.
struct Entry {
  const oci::Mount& mount;
  std::string pointer;  // "/mounts/3"
  const oci::Linux& config;
  const Plan& so_far;
  const PlanOptions& options;
  std::vector<std::string>& warnings;
};

// What lxcfs provides; all else below /proc is the kernel's.
constexpr std::string_view proc_files[] = {
    "/proc/cpuinfo",
    "/proc/diskstats",
    "/proc/loadavg",
    "/proc/meminfo",
    "/proc/slabinfo",
    "/proc/stat",
    "/proc/swaps",
    "/proc/sys/crypto/fips_enabled",
    "/proc/sys/kernel/ns_last_pid",
    "/proc/uptime",
};

Result<MountKind> choose_kind(const Entry& entry, const MountOptions& words) {
  const std::string& type = entry.mount.type;
  if (words.remount) return MountKind::remount;
  if (words.bind || type == "bind") return MountKind::bind;
  if (type.empty() || type == "none") {
    return fail(entry.pointer +
                "/type: mount type is missing, and neither \"bind\" nor \"rbind\" "
                "is among the options");
  }
  if (type == "cgroup") return MountKind::cgroup;
  if (type == "cgroup2" && entry.so_far.cgroup_v2) return MountKind::cgroup;
  return MountKind::filesystem;
}

// Binds and remounts of binds: the kernel would ignore file system options.
bool changes_no_file_system(const Entry& entry, const MountOptions& words) {
  return words.bind || entry.mount.type == "bind";
}

Result<std::string> plan_source(const Entry& entry, MountKind kind) {
  if (kind != MountKind::bind) return entry.mount.source;
  if (entry.mount.source.empty()) {
    return fail(entry.pointer + "/source: a bind mount needs the path of a file or directory");
  }
  return host_path(entry.mount.source, entry.options.bundle);
}

// These keep their own labels, or get one on their root once they are mounted.
bool takes_label(const Mount& mount) {
  return mount.kind == MountKind::filesystem && mount.type != "proc" && mount.type != "sysfs" &&
         mount.type != "mqueue" && mount.type != "cgroup2";
}

// The kernel's word for an owner that the user namespace does not map is "invalid argument".
Result<void> check_owner(const Entry& entry, const FileSystemOption& option) {
  const IdMaps& maps = entry.so_far.id_maps;
  const bool of_user = option.word.starts_with("uid=");
  if (maps.writer == IdMapWriter::none || !(of_user || option.word.starts_with("gid="))) return {};
  const std::string_view text = option.word;
  const auto id = parse_number<std::uint32_t>(text.substr(4));
  if (!id || is_mapped(*id, of_user ? maps.uid_mappings : maps.gid_mappings)) return {};
  return fail(entry.pointer + "/options/" + std::to_string(option.index) + ": " +
              in_quotes(option.word) + " is not mapped in linux." +
              (of_user ? "uidMappings" : "gidMappings") + "; map it, or leave the option out");
}

bool takes_owner(const Mount& mount) {
  return mount.kind == MountKind::filesystem && (mount.type == "tmpfs" || mount.type == "devpts");
}

// tmpfs(5)
bool is_of_tmpfs(std::string_view word) {
  constexpr std::array<std::string_view, 8> keys = {
      "size=", "nr_blocks=", "nr_inodes=", "mode=", "uid=", "gid=", "huge=", "mpol="};
  return std::ranges::any_of(keys, [word](std::string_view key) { return word.starts_with(key); });
}

// Lists that were written for any kind of mount have options of tmpfs: crun, and runc before 1.2,
// leave them aside.  Any other word may be one that is misspelt.
Result<void> check_no_data(const Entry& entry, const MountOptions& words) {
  for (const FileSystemOption& other : words.others) {
    std::string text =
        entry.pointer + "/options/" + std::to_string(other.index) + ": " + in_quotes(other.word);
    if (!is_of_tmpfs(other.word))
      return fail(text + " is not a mount option; a bind mount takes no file system options");
    entry.warnings.push_back(std::move(text) +
                             " is ignored: a bind mount takes no file system options");
  }
  return {};
}

Result<std::string> plan_data(const Entry& entry, const MountOptions& words, const Mount& mount) {
  if (changes_no_file_system(entry, words)) {
    TRY(check_no_data(entry, words));
    return std::string();
  }
  std::vector<std::string> parts;
  for (const FileSystemOption& other : words.others) {
    if (takes_owner(mount)) TRY(check_owner(entry, other));
    parts.push_back(other.word);
  }
  if (!entry.so_far.mount_label.empty() && takes_label(mount)) {
    parts.push_back(entry.so_far.annotations.mount_context + "=\"" + entry.so_far.mount_label +
                    "\"");
  }
  return join(parts, ",");
}

Result<IdmapKind> choose_idmap_kind(const Entry& entry, IdmapKind word, MountKind mount_kind) {
  const oci::Mount& mount = entry.mount;
  if (word == IdmapKind::none && mount.uid_mappings.empty()) return IdmapKind::none;
  if (mount_kind == MountKind::cgroup || mount_kind == MountKind::remount) {
    return fail(entry.pointer + ": a " +
                (mount_kind == MountKind::cgroup ? "cgroup mount" : "remount") +
                " cannot have its ids mapped");
  }
  return word == IdmapKind::none ? IdmapKind::this_mount : word;
}

// Empty texts stand for the container's own user namespace, which then need
// not be made a second time.
Result<Idmap> plan_idmap(const Entry& entry, IdmapKind word, MountKind mount_kind) {
  const oci::Mount& mount = entry.mount;
  Idmap idmap;
  idmap.kind = TRY(choose_idmap_kind(entry, word, mount_kind));
  if (idmap.kind == IdmapKind::none) return idmap;
  const bool own_namespace =
      namespace_use(entry.config, oci::NamespaceType::user) != NamespaceUse::inherited;
  if (mount.uid_mappings.empty()) {
    if (own_namespace) return idmap;
    return fail(entry.pointer + "/options: \"" +
                (word == IdmapKind::recursive ? "ridmap" : "idmap") +
                "\" has no ids to map; add uidMappings and gidMappings to the mount, or a user "
                "namespace to the container");
  }
  idmap.uid_map = TRY(render_id_map(mount.uid_mappings).context(entry.pointer + "/uidMappings"));
  idmap.gid_map = TRY(render_id_map(mount.gid_mappings).context(entry.pointer + "/gidMappings"));
  if (!own_namespace || mount.uid_mappings != entry.config.uid_mappings ||
      mount.gid_mappings != entry.config.gid_mappings) {
    return idmap;
  }
  return Idmap{.kind = idmap.kind, .uid_map = "", .gid_map = ""};
}

// In a user namespace the kernel makes a new proc, mqueue or sysfs only for the
// owner of the namespace that it shows.  The host's shows the same where that
// is inherited; never beside one of the container's own, which would then see
// the host's processes or queues.  Of /sys only the devices of the network are
// a namespace's.
bool host_may_stand_in(const Entry& entry, const Mount& mount) {
  if (!entry.so_far.in_user_namespace || mount.kind != MountKind::filesystem) return false;
  const auto inherits = [&](oci::NamespaceType type) {
    return namespace_use(entry.config, type) == NamespaceUse::inherited;
  };
  if (mount.type == "proc") return inherits(oci::NamespaceType::pid);
  if (mount.type == "mqueue") return inherits(oci::NamespaceType::ipc);
  return mount.type == "sysfs";
}

bool may_stand_at_proc(const Mount& mount) {
  switch (mount.kind) {
    case MountKind::bind:
      return mount.source == "/proc";
    case MountKind::filesystem:
      return mount.type == "proc";
    case MountKind::remount:
      return true;
    case MountKind::cgroup:
      return false;
  }
  return false;
}

// Refuses what would hide the container's /proc, where labels and sysctls are
// written (CVE-2019-16884).  Init judges again what links and the file system
// of the source make of it.
Result<void> check_destination(const Mount& mount) {
  const std::string& path = mount.destination;
  if (path == "/") return fail("\"/\" is the container's root, which root.path provides");
  if (path == "/proc" && !may_stand_at_proc(mount)) {
    return fail("\"/proc\" takes a mount of type proc or a bind of the host's /proc alone");
  }
  if (may_mount_inside_proc(path)) return {};
  return fail(in_quotes(path) +
              " is inside /proc, where only the files that lxcfs provides may be mounted "
              "(/proc/cpuinfo, /proc/meminfo and their like)");
}

Result<void> check_links(const Entry& entry, const Mount& mount) {
  const Links& links = mount.links;
  if (links != Links{} && mount.kind != MountKind::bind) {
    return fail(entry.pointer +
                "/options: \"copy-symlink\", \"src-nofollow\" and \"dest-nofollow\" are for bind "
                "mounts alone");
  }
  if (links.copy_source && (links.source_itself || links.destination_itself)) {
    return fail(entry.pointer +
                "/options: \"copy-symlink\" excludes \"src-nofollow\" and \"dest-nofollow\"");
  }
  return {};
}

Result<void> check_whole(const Entry& entry, const Mount& mount) {
  TRY(check_links(entry, mount));
  if (mount.copy_up && (mount.kind != MountKind::filesystem || mount.type != "tmpfs")) {
    return fail(entry.pointer + "/options: \"tmpcopyup\" is for a new tmpfs alone");
  }
  return check_destination(mount).context(entry.pointer + "/destination");
}

Result<Mount> plan_mount(const Entry& entry) {
  const MountOptions words =
      TRY(parse_mount_options(entry.mount.options, entry.pointer + "/options"));
  Mount mount;
  mount.kind = TRY(choose_kind(entry, words));
  mount.destination = container_path(entry.mount.destination);
  mount.source = TRY(plan_source(entry, mount.kind));
  if (mount.kind != MountKind::bind) mount.type = entry.mount.type;
  mount.recursive = words.recursive;
  mount.flags = words.flags;
  if (words.remount && changes_no_file_system(entry, words)) mount.flags |= MS_BIND;
  mount.cleared_flags = words.cleared_flags;
  mount.recursive_attrs = words.recursive_attrs;
  mount.propagation = words.propagation;
  mount.data = TRY(plan_data(entry, words, mount));
  mount.copy_up = words.copy_up;
  mount.host_may_stand_in = host_may_stand_in(entry, mount);
  mount.links = words.links;
  mount.idmap = TRY(plan_idmap(entry, words.idmap, mount.kind));
  TRY(check_whole(entry, mount));
  return mount;
}

}  // namespace

bool may_mount_inside_proc(std::string_view path) {
  if (!path.starts_with("/proc/")) return true;
  return std::ranges::find(proc_files, path) != std::end(proc_files);
}

Result<std::vector<Mount>> plan_mounts(const oci::Spec& spec, const Plan& so_far,
                                       const PlanOptions& options,
                                       std::vector<std::string>& warnings) {
  std::vector<Mount> mounts;
  mounts.reserve(spec.mounts.size());
  for (const oci::Mount& mount : spec.mounts) {
    const Entry entry{.mount = mount,
                      .pointer = "/mounts/" + std::to_string(mounts.size()),
                      .config = spec.linux_,
                      .so_far = so_far,
                      .options = options,
                      .warnings = warnings};
    Mount planned = TRY(plan_mount(entry));
    mounts.push_back(std::move(planned));
  }
  return mounts;
}

}  // namespace coracle::plan
