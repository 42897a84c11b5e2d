// mounts[] -> kind, source, destination, flags, data, id map.
#include <doctest/doctest.h>
#include <sys/mount.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/plan/plan.hpp"

using namespace coracle;
using namespace coracle::plan;

namespace {

using Words = std::vector<std::string>;

const PlanOptions in_bundle{.bundle = "/bundle", .id = "c1"};

oci::Mount configured(std::string destination, std::string type, std::string source,
                      Words options = {}) {
  oci::Mount mount;
  mount.destination = std::move(destination);
  mount.type = std::move(type);
  mount.source = std::move(source);
  mount.options = std::move(options);
  return mount;
}

oci::Spec spec_of(oci::Mount mount) {
  oci::Spec spec;
  spec.mounts = {std::move(mount)};
  return spec;
}

Mount planned(const oci::Spec& spec, const Plan& so_far = {}) {
  Words warnings;
  const Result<std::vector<Mount>> mounts = plan_mounts(spec, so_far, in_bundle, warnings);
  REQUIRE_MESSAGE(mounts.has_value(), (mounts ? "" : mounts.error().text()));
  REQUIRE(mounts->size() == 1);
  CHECK(warnings == Words());
  return mounts->front();
}

Mount planned(oci::Mount mount) {
  return planned(spec_of(std::move(mount)));
}

std::string refusal(const oci::Spec& spec) {
  Words warnings;
  const Result<std::vector<Mount>> mounts = plan_mounts(spec, {}, in_bundle, warnings);
  return mounts ? "accepted" : mounts.error().text();
}

std::string refusal(oci::Mount mount) {
  return refusal(spec_of(std::move(mount)));
}

oci::Spec with_user_namespace(oci::Mount mount, std::string path = "") {
  oci::Spec spec = spec_of(std::move(mount));
  spec.linux_.namespaces = {{oci::NamespaceType::user, std::move(path)}};
  spec.linux_.uid_mappings = {{0, 100000, 65536}};
  spec.linux_.gid_mappings = {{0, 200000, 65536}};
  return spec;
}

// Whether the host's own may be bound in place of a new file system of `type`.
bool stands_in(const std::string& type, std::vector<oci::Namespace> namespaces,
               bool in_user_namespace = true) {
  oci::Spec spec = spec_of(configured("/there", type, type));
  spec.linux_.namespaces = std::move(namespaces);
  Plan so_far;
  so_far.in_user_namespace = in_user_namespace;
  return planned(spec, so_far).host_may_stand_in;
}

oci::Mount mapped(Words options, std::vector<oci::IdMapping> uids,
                  std::vector<oci::IdMapping> gids) {
  oci::Mount mount = configured("/data", "", "/srv", std::move(options));
  mount.uid_mappings = std::move(uids);
  mount.gid_mappings = std::move(gids);
  return mount;
}

}  // namespace

TEST_CASE("mount: a file system keeps type and source and takes unknown words as data") {
  const Mount mount = planned(
      configured("/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}));
  CHECK(mount.kind == MountKind::filesystem);
  CHECK(mount.type == "tmpfs");
  CHECK(mount.source == "tmpfs");
  CHECK(mount.destination == "/dev");
  CHECK(mount.flags == (MS_NOSUID | MS_STRICTATIME));
  CHECK(mount.data == "mode=755,size=65536k");
  CHECK(mount.idmap.kind == IdmapKind::none);
}

TEST_CASE("mount: bind and rbind make a bind whatever the type says") {
  for (const char* type : {"", "none", "bind", "tmpfs", "cgroup"}) {
    CAPTURE(type);
    const Mount bind = planned(configured("/data", type, "/srv", {"bind", "ro"}));
    CHECK(bind.kind == MountKind::bind);
    CHECK_FALSE(bind.recursive);
    CHECK(bind.type.empty());
    CHECK(bind.flags == MS_RDONLY);
    const Mount rbind = planned(configured("/data", type, "/srv", {"rbind"}));
    CHECK(rbind.kind == MountKind::bind);
    CHECK(rbind.recursive);
    CHECK(rbind.flags == 0);
  }
}

TEST_CASE("mount: type bind alone is a bind that is not recursive") {
  const Mount mount = planned(configured("/data", "bind", "/srv"));
  CHECK(mount.kind == MountKind::bind);
  CHECK_FALSE(mount.recursive);
}

TEST_CASE("mount: a relative bind source starts at the bundle") {
  CHECK(planned(configured("/data", "bind", "./vol//x/")).source == "/bundle/vol/x");
  CHECK(planned(configured("/data", "bind", "/srv/x")).source == "/srv/x");
}

TEST_CASE("mount: only a bind's source is a path") {
  CHECK(planned(configured("/data", "nfs", "server:/export")).source == "server:/export");
}

TEST_CASE("mount: a bind without a source is refused") {
  CHECK(refusal(configured("/data", "", "", {"rbind"})) ==
        "/mounts/0/source: a bind mount needs the path of a file or directory");
}

TEST_CASE("mount: a bind refuses words that are not mount options") {
  CHECK(refusal(configured("/data", "none", "/srv", {"rbind", "ro", "foo"})) ==
        "/mounts/0/options/2: \"foo\" is not a mount option; a bind mount takes no file system "
        "options");
  CHECK(refusal(configured("/data", "bind", "/srv", {"mod=755"})) ==
        "/mounts/0/options/0: \"mod=755\" is not a mount option; a bind mount takes no file "
        "system options");
  CHECK(refusal(configured("/data", "", "", {"remount", "bind", "lowerdir=1"}))
            .starts_with("/mounts/0/options/2: \"lowerdir=1\" is not a mount option"));
}

TEST_CASE("mount: a bind leaves options of tmpfs aside, and says so") {
  Words warnings;
  const auto mounts =
      plan_mounts(spec_of(configured("/data", "bind", "/srv", {"ro", "mode=755", "size=1k"})), {},
                  in_bundle, warnings);
  REQUIRE(mounts.has_value());
  CHECK(mounts->front().data == "");
  CHECK(mounts->front().flags == MS_RDONLY);
  CHECK(warnings == Words{"/mounts/0/options/1: \"mode=755\" is ignored: a bind mount takes no "
                          "file system options",
                          "/mounts/0/options/2: \"size=1k\" is ignored: a bind mount takes no "
                          "file system options"});
}

TEST_CASE("mount: a missing type is refused unless it is a bind") {
  const std::string text =
      "/mounts/0/type: mount type is missing, and neither \"bind\" nor \"rbind\" is among the "
      "options";
  CHECK(refusal(configured("/data", "", "/srv", {"ro"})) == text);
  CHECK(refusal(configured("/data", "none", "/srv")) == text);
}

TEST_CASE("mount: the refused entry is named by its place") {
  oci::Spec spec = spec_of(configured("/a", "tmpfs", "tmpfs"));
  spec.mounts.push_back(configured("/b", "", ""));
  CHECK(refusal(spec).starts_with("/mounts/1/type: "));
}

TEST_CASE("mount: destinations are made absolute and clean") {
  CHECK(planned(configured("data/", "tmpfs", "tmpfs")).destination == "/data");
  CHECK(planned(configured("/a/../../b", "tmpfs", "tmpfs")).destination == "/b");
}

TEST_CASE("mount: the container's root is no destination") {
  const std::string text =
      "/mounts/0/destination: \"/\" is the container's root, which root.path provides";
  CHECK(refusal(configured("/", "tmpfs", "tmpfs")) == text);
  CHECK(refusal(configured("/dev/..", "", "/srv", {"bind"})) == text);
  CHECK(refusal(configured("", "tmpfs", "tmpfs")) == text);
}

TEST_CASE("mount: cgroup is its own kind, and cgroup2 too where all is v2") {
  CHECK(planned(configured("/sys/fs/cgroup", "cgroup", "cgroup")).kind == MountKind::cgroup);
  const oci::Spec spec = spec_of(configured("/sys/fs/cgroup", "cgroup2", "cgroup2"));
  Plan so_far;
  so_far.cgroup_v2 = true;
  CHECK(planned(spec, so_far).kind == MountKind::cgroup);
  so_far.cgroup_v2 = false;
  CHECK(planned(spec, so_far).kind == MountKind::filesystem);
}

TEST_CASE("mount: a remount says whether it is one of a bind") {
  const Mount bind = planned(configured("/data", "", "", {"remount", "rbind", "ro"}));
  CHECK(bind.kind == MountKind::remount);
  CHECK(bind.recursive);
  CHECK(bind.flags == (MS_BIND | MS_RDONLY));
  const Mount whole = planned(configured("/tmp", "tmpfs", "", {"remount", "size=1m"}));
  CHECK(whole.kind == MountKind::remount);
  CHECK(whole.flags == 0);
  CHECK(whole.data == "size=1m");
}

TEST_CASE("mount: recursive attributes, propagation and cleared flags are taken over") {
  const Mount mount =
      planned(configured("/data", "", "/srv", {"rbind", "rw", "rro", "rprivate", "rslave"}));
  CHECK(mount.cleared_flags == MS_RDONLY);
  CHECK(mount.recursive_attrs.set == MOUNT_ATTR_RDONLY);
  CHECK(mount.propagation == std::vector<unsigned long>{MS_PRIVATE | MS_REC, MS_SLAVE | MS_REC});
}

TEST_CASE("mount: tmpcopyup is for a new tmpfs alone") {
  CHECK(planned(configured("/etc", "tmpfs", "tmpfs", {"tmpcopyup"})).copy_up);
  const std::string text = "/mounts/0/options: \"tmpcopyup\" is for a new tmpfs alone";
  CHECK(refusal(configured("/etc", "ramfs", "ramfs", {"tmpcopyup"})) == text);
  CHECK(refusal(configured("/etc", "tmpfs", "/srv", {"bind", "tmpcopyup"})) == text);
  CHECK(refusal(configured("/etc", "tmpfs", "", {"remount", "tmpcopyup"})) == text);
}

TEST_CASE("mount: the label is the last part of a file system's data") {
  Plan so_far;
  so_far.mount_label = "system_u:object_r:container_file_t:s0:c1,c2";
  const oci::Spec bare = spec_of(configured("/tmp", "tmpfs", "tmpfs"));
  CHECK(planned(bare, so_far).data == "context=\"system_u:object_r:container_file_t:s0:c1,c2\"");
  const oci::Spec sized = spec_of(configured("/tmp", "tmpfs", "tmpfs", {"size=1m"}));
  CHECK(planned(sized, so_far).data.starts_with("size=1m,context=\"system_u:"));
}

TEST_CASE("mount: the label is of the type that the annotation names") {
  Plan so_far;
  so_far.mount_label = "system_u:object_r:container_file_t:s0";
  so_far.annotations.mount_context = "rootcontext";
  CHECK(planned(spec_of(configured("/tmp", "tmpfs", "tmpfs")), so_far).data ==
        "rootcontext=\"system_u:object_r:container_file_t:s0\"");
}

TEST_CASE("mount: words about symlinks are for binds alone, and not all at once") {
  const Mount mount = planned(configured("/x", "bind", "/y", {"src-nofollow", "dest-nofollow"}));
  CHECK(mount.links == Links{.source_itself = true, .destination_itself = true});
  CHECK(planned(configured("/x", "bind", "/y", {"copy-symlink"})).links.copy_source);
  CHECK(planned(configured("/x", "bind", "/y")).links == Links{});
  CHECK(refusal(configured("/x", "tmpfs", "tmpfs", {"copy-symlink"})) ==
        "/mounts/0/options: \"copy-symlink\", \"src-nofollow\" and \"dest-nofollow\" are for bind "
        "mounts alone");
  CHECK(refusal(configured("/x", "bind", "/y", {"copy-symlink", "dest-nofollow"})) ==
        "/mounts/0/options: \"copy-symlink\" excludes \"src-nofollow\" and \"dest-nofollow\"");
}

TEST_CASE("mount: binds and the kernel's own file systems take no label") {
  Plan so_far;
  so_far.mount_label = "system_u:object_r:container_file_t:s0";
  for (const char* type : {"proc", "sysfs", "mqueue", "cgroup", "cgroup2", "bind"}) {
    CAPTURE(type);
    const std::string destination = std::string(type) == "proc" ? "/proc" : "/x";
    CHECK(planned(spec_of(configured(destination, type, "/srv")), so_far).data.empty());
  }
}

TEST_CASE("mounts inside /proc: only those that lxcfs makes") {
  const Words allowed = {"/proc/cpuinfo",
                         "/proc/diskstats",
                         "/proc/meminfo",
                         "/proc/stat",
                         "/proc/swaps",
                         "/proc/uptime",
                         "/proc/loadavg",
                         "/proc/slabinfo",
                         "/proc/sys/kernel/ns_last_pid",
                         "/proc/sys/crypto/fips_enabled"};
  for (const std::string& path : allowed) {
    CAPTURE(path);
    CHECK(may_mount_inside_proc(path));
    CHECK(refusal(configured(path, "", "/var/lib/lxcfs", {"bind"})) == "accepted");
  }
  for (const char* path : {"/proc/self", "/proc/sys", "/proc/cpuinfo/x", "/proc/1/attr/exec"}) {
    CAPTURE(path);
    CHECK_FALSE(may_mount_inside_proc(path));
  }
  CHECK(may_mount_inside_proc("/process"));
  CHECK(refusal(configured("/sys/../proc/./self", "tmpfs", "tmpfs")) ==
        "/mounts/0/destination: \"/proc/self\" is inside /proc, where only the files that lxcfs "
        "provides may be mounted (/proc/cpuinfo, /proc/meminfo and their like)");
}

TEST_CASE("mounts at /proc: a fresh proc, the host's whole /proc or a remount") {
  CHECK(refusal(configured("/proc", "proc", "proc")) == "accepted");
  CHECK(refusal(configured("/proc", "bind", "/proc", {"rbind"})) == "accepted");
  CHECK(refusal(configured("/proc", "bind", "/proc/", {"rbind"})) == "accepted");
  CHECK(refusal(configured("/proc", "", "", {"bind", "remount", "ro"})) == "accepted");
  const std::string text =
      "/mounts/0/destination: \"/proc\" takes a mount of type proc or a bind of the host's /proc "
      "alone";
  CHECK(refusal(configured("/proc", "tmpfs", "tmpfs")) == text);
  CHECK(refusal(configured("/proc/", "", "/var/volume", {"bind"})) == text);
  CHECK(refusal(configured("/proc", "", "/proc/1", {"bind"})) == text);
  CHECK(refusal(configured("/proc", "cgroup", "cgroup")) == text);
}

TEST_CASE("idmap: without mappings stands for the container's user namespace") {
  const oci::Mount plain = mapped({"bind", "idmap"}, {}, {});
  const Idmap own = planned(with_user_namespace(plain)).idmap;
  CHECK(own.kind == IdmapKind::this_mount);
  CHECK(own.uid_map.empty());
  const oci::Mount recursive = mapped({"rbind", "ridmap"}, {}, {});
  CHECK(planned(with_user_namespace(recursive, "/ns/user")).idmap.kind == IdmapKind::recursive);
}

TEST_CASE("idmap: without mappings and without a user namespace is refused") {
  CHECK(refusal(mapped({"bind", "idmap"}, {}, {})) ==
        "/mounts/0/options: \"idmap\" has no ids to map; add uidMappings and gidMappings to the "
        "mount, or a user namespace to the container");
  CHECK(refusal(mapped({"bind", "ridmap"}, {}, {})).starts_with("/mounts/0/options: \"ridmap\""));
}

TEST_CASE("idmap: mappings alone imply it, not recursively") {
  const Idmap idmap = planned(mapped({"rbind"}, {{0, 1000, 10}}, {{0, 2000, 10}})).idmap;
  CHECK(idmap.kind == IdmapKind::this_mount);
  CHECK(idmap.uid_map == "0 1000 10\n");
  CHECK(idmap.gid_map == "0 2000 10\n");
}

TEST_CASE("idmap: ridmap with mappings is recursive") {
  const Idmap idmap = planned(mapped({"rbind", "ridmap"}, {{0, 1, 1}}, {{0, 1, 1}})).idmap;
  CHECK(idmap.kind == IdmapKind::recursive);
  CHECK(idmap.uid_map == "0 1 1\n");
}

TEST_CASE("idmap: the container's own mappings need no namespace of their own") {
  const oci::Mount same = mapped({"bind", "idmap"}, {{0, 100000, 65536}}, {{0, 200000, 65536}});
  const Idmap idmap = planned(with_user_namespace(same)).idmap;
  CHECK(idmap.kind == IdmapKind::this_mount);
  CHECK(idmap.uid_map.empty());
  CHECK(idmap.gid_map.empty());
}

TEST_CASE("idmap: mappings that differ from the container's in one list are rendered in both") {
  const oci::Mount other = mapped({"bind"}, {{0, 100000, 65536}}, {{0, 100000, 65536}});
  const Idmap idmap = planned(with_user_namespace(other)).idmap;
  CHECK(idmap.uid_map == "0 100000 65536\n");
  CHECK(idmap.gid_map == "0 100000 65536\n");
}

TEST_CASE("idmap: a file system may have one, a cgroup mount and a remount may not") {
  oci::Mount tmpfs = configured("/data", "tmpfs", "tmpfs", {"idmap"});
  CHECK(planned(with_user_namespace(tmpfs)).idmap.kind == IdmapKind::this_mount);
  const oci::Mount cgroup = configured("/sys/fs/cgroup", "cgroup", "cgroup", {"idmap"});
  CHECK(refusal(with_user_namespace(cgroup)) ==
        "/mounts/0: a cgroup mount cannot have its ids mapped");
  const oci::Mount remount = configured("/data", "", "", {"bind", "remount", "idmap"});
  CHECK(refusal(with_user_namespace(remount)) == "/mounts/0: a remount cannot have its ids mapped");
}

TEST_CASE("idmap: bad mappings are named with their list") {
  CHECK(refusal(mapped({"bind"}, {{0, 1, 1}}, {{0, 1, 2}, {1, 9, 1}})) ==
        "/mounts/0/gidMappings: mapping at container id 1 overlaps another");
}

TEST_CASE(
    "mounts: the host's proc, mqueue or sysfs stands in for one of a namespace that is shared") {
  using enum oci::NamespaceType;
  CHECK(stands_in("proc", {}));
  CHECK_FALSE(stands_in("proc", {{pid, ""}}));
  CHECK_FALSE(stands_in("proc", {{pid, "/ns/pid"}}));
  CHECK(stands_in("mqueue", {{pid, ""}}));
  CHECK_FALSE(stands_in("mqueue", {{ipc, ""}}));
  CHECK_FALSE(stands_in("mqueue", {{ipc, "/ns/ipc"}}));
  CHECK(stands_in("sysfs", {{network, ""}}));
  CHECK_FALSE(stands_in("tmpfs", {}));
  CHECK_FALSE(stands_in("proc", {}, false));
}

TEST_CASE("mounts: an owner of a new file system must be mapped") {
  const auto with_owner = [](const std::string& type, const std::string& option,
                             IdMapWriter writer) {
    Plan so_far;
    so_far.id_maps = {
        .writer = writer, .uid_mappings = {{0, 1000, 1}}, .gid_mappings = {{0, 100, 6}}};
    Words warnings;
    const auto mounts = plan_mounts(spec_of(configured("/there", type, type, {"ro", option})),
                                    so_far, in_bundle, warnings);
    return mounts ? "" : mounts.error().text();
  };
  CHECK(with_owner("devpts", "gid=5", IdMapWriter::direct).empty());
  CHECK(with_owner("devpts", "gid=6", IdMapWriter::direct) ==
        "/mounts/0/options/1: \"gid=6\" is not mapped in linux.gidMappings; map it, or leave the "
        "option out");
  CHECK(with_owner("tmpfs", "uid=1", IdMapWriter::helpers).contains("linux.uidMappings"));
  CHECK(with_owner("tmpfs", "uid=1", IdMapWriter::none).empty());
  CHECK(with_owner("vfat", "uid=1", IdMapWriter::direct).empty());
}
