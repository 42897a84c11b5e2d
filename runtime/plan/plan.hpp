// The Plan: what the host and init will do, decided before the clone, so that
// init walks a list.  It holds texts, flags and order, never a descriptor.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "oci-spec/config.hpp"
#include "runtime/base/result.hpp"
#include "runtime/plan/annotations.hpp"
#include "runtime/plan/host_facts.hpp"

namespace coracle::plan {

// --- namespaces -------------------------------------------------------------

struct Join {
  oci::NamespaceType type = oci::NamespaceType::pid;
  std::string path;
};

struct Namespaces {
  std::uint64_t clone_flags = 0;  // CLONE_NEW* of clone3; never NEWCGROUP or NEWTIME
  std::vector<Join> joins;        // the user namespace first, the mount namespace last
  bool new_ipc = false;           // unshared by init as uid 0 of a user namespace, not cloned
  bool new_cgroup = false;        // unshared by init, once it is in its cgroup
  bool new_time = false;          // unshared by the host for its next child
  std::string time_offsets;       // for timens_offsets: "monotonic 1 0\nboottime 2 0\n"
};

enum class NamespaceUse { inherited, created, joined };

// Where the container's namespace of `type` comes from.
NamespaceUse namespace_use(const oci::Linux& config, oci::NamespaceType type);

// --- ids --------------------------------------------------------------------

enum class IdMapWriter { none, direct, helpers };  // helpers: newuidmap, newgidmap

struct IdMaps {
  IdMapWriter writer = IdMapWriter::none;  // none: no new user namespace
  bool deny_setgroups = false;  // in the container's user namespace, wherever that comes from
  std::string uid_map;          // lines for /proc/PID/uid_map
  std::string gid_map;
  // The same as numbers, for the helpers.  With a joined user namespace: as
  // configured, to be compared with that namespace's maps, and never written.
  std::vector<oci::IdMapping> uid_mappings;
  std::vector<oci::IdMapping> gid_mappings;
};

// --- mounts -----------------------------------------------------------------

enum class MountKind { bind, filesystem, cgroup, remount };

// A change of MOUNT_ATTR_* flags for mount_setattr(2).
struct AttrChange {
  std::uint64_t set = 0;
  std::uint64_t clear = 0;

  bool empty() const { return set == 0 && clear == 0; }
};

enum class IdmapKind { none, this_mount, recursive };  // "idmap", "ridmap"

struct Idmap {
  IdmapKind kind = IdmapKind::none;
  // Lines as for uid_map; both empty: the container's own user namespace.
  std::string uid_map;
  std::string gid_map;
};

// Symbolic links that a bind does not follow: crun's options.
struct Links {
  bool source_itself = false;       // "src-nofollow": a link is bound as such
  bool destination_itself = false;  // "dest-nofollow": a link is covered as such
  bool copy_source = false;         // "copy-symlink": a link is made again, not bound

  bool operator==(const Links&) const = default;
};

struct Mount {
  MountKind kind = MountKind::filesystem;
  std::string destination;  // absolute and clean, inside the container
  std::string source;       // bind: absolute host path; else as configured
  std::string type;         // "proc", "tmpfs"; empty for a bind
  bool recursive = false;   // rbind
  // MS_* that are set: attributes alone.  What `kind` and `recursive` say is
  // not repeated, but MS_BIND stands here when a remount is one of a bind.
  unsigned long flags = 0;
  unsigned long cleared_flags = 0;         // MS_* that are asked to be off
  AttrChange recursive_attrs;              // "rro" and the like, over the whole tree
  std::vector<unsigned long> propagation;  // MS_SHARED... each with or without MS_REC, in order
  // File system options, comma separated; the mount label stands last as
  // context="LABEL" (or fscontext and so on), in quotes because it may hold commas.
  std::string data;
  bool copy_up = false;  // tmpcopyup
  // The host's own may be bound where the kernel refuses a new one.
  bool host_may_stand_in = false;
  Idmap idmap;
  Links links;
  // With links.copy_source, once the host has looked: what the source says if
  // it is a link.  Then one is made at the destination, and nothing mounted.
  std::string link_text;
};

// One mounted cgroup v1 hierarchy as the container's cgroup mount shows it.
struct CgroupHierarchy {
  std::string name;       // directory below /sys/fs/cgroup: "cpu,cpuacct", "systemd", "unified"
  std::string options;    // data of the mount: "cpu,cpuacct", "none,name=systemd"; empty for v2
  std::string container;  // the container's own cgroup in it: an absolute host path
  std::vector<std::string> links;  // names that point at it: "cpu", "cpuacct"
};

// --- devices ----------------------------------------------------------------

struct Device {
  std::string path;  // absolute, inside the container
  mode_t mode = 0;   // S_IFCHR, S_IFBLK or S_IFIFO with permissions
  dev_t number = 0;
  uid_t uid = 0;  // container ids
  gid_t gid = 0;
  bool is_default = false;  // one that the specification demands: may be there already
};

struct Link {
  std::string path;
  std::string target;
};

// --- process ----------------------------------------------------------------

struct CapabilitySets {  // bit n: capability n
  std::uint64_t bounding = 0;
  std::uint64_t effective = 0;
  std::uint64_t inheritable = 0;
  std::uint64_t permitted = 0;
  std::uint64_t ambient = 0;
};

struct Rlimit {
  int resource = 0;       // RLIMIT_*
  std::string_view name;  // "RLIMIT_NOFILE", of static storage
  struct rlimit64 limit = {};
};

// sched_setattr(2), struct sched_attr; all fields as the kernel wants them.
struct Scheduler {
  std::uint32_t policy = 0;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime = 0;
  std::uint64_t deadline = 0;
  std::uint64_t period = 0;
};

// set_mempolicy(2)
struct MemoryPolicy {
  int mode = 0;                      // MPOL_* with MPOL_F_*
  std::vector<unsigned long> nodes;  // bit mask; empty: none
};

struct Process {
  std::vector<std::string> args;
  std::vector<std::string> env;  // names unique, the last one given wins
  std::string cwd;
  bool terminal = false;
  std::optional<oci::ConsoleSize> console_size;
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> additional_gids;
  // False: setgroups(2) is denied in this user namespace, or the caller's
  // groups are to be kept.
  bool set_groups = true;
  std::optional<mode_t> umask;
  std::optional<CapabilitySets> capabilities;  // absent: all sets are cleared
  std::vector<Rlimit> rlimits;
  bool no_new_privileges = false;
  std::optional<int> oom_score_adj;
  std::optional<Scheduler> scheduler;
  std::optional<int> io_priority;  // ioprio_set(2) value, class included
  std::string apparmor_profile;
  std::string selinux_label;
};

// --- the whole --------------------------------------------------------------

struct Sysctl {
  std::string path;  // below /proc/sys: "net/ipv4/ip_forward"
  std::string value;
};

struct Rootfs {
  std::string path;  // absolute host path
  bool readonly = false;
  bool no_pivot = false;
  oci::RootfsPropagation propagation;  // of "/" while the root is built, and after
  bool propagation_configured = false;
};

struct Plan {
  Annotations annotations;
  Namespaces namespaces;
  IdMaps id_maps;
  // Not the initial user namespace inside, be it new, joined or inherited:
  // mknod is refused there, so devices are bound.
  bool in_user_namespace = false;
  std::string hostname;
  std::string domainname;
  bool loopback_up = false;
  Rootfs rootfs;
  std::vector<Mount> mounts;
  std::vector<Device> devices;  // empty when /dev is bound from the host
  std::vector<Link> links;      // /dev/fd and the like, /dev/ptmx
  std::vector<Sysctl> sysctls;
  std::vector<std::string> readonly_paths;
  std::vector<std::string> masked_paths;
  std::string mount_label;
  std::optional<unsigned long> personality;  // PER_LINUX, PER_LINUX32
  std::optional<MemoryPolicy> memory_policy;
  std::optional<Process> process;  // absent: `create` works, `start` does not
  bool new_session_keyring = true;
  // For mounts of kind cgroup; filled in once the cgroups are made.
  std::vector<CgroupHierarchy> cgroup_hierarchies;
  std::string cgroup_v2_stand_in;  // bound where the kernel refuses a new cgroup2
  bool cgroup_v2 = true;
  // What is strange but no error: "capability CAP_X is unknown".
  std::vector<std::string> warnings;
};

struct PlanOptions {
  std::string bundle;  // absolute
  std::string id;
  bool no_pivot = false;
  bool no_new_keyring = false;
};

// Resolves everything optional in `spec`, which passed oci::validate.  Fails on
// what types and that check cannot hold; the error names the JSON pointer.
Result<Plan> make_plan(const oci::Spec& spec, const HostFacts& facts, const PlanOptions& options);

// The parts, one file each; make_plan calls them in the specification's order.
Result<Namespaces> plan_namespaces(const oci::Linux& config);
Result<IdMaps> plan_id_maps(const oci::Linux& config, const HostFacts& facts);
Result<std::vector<Mount>> plan_mounts(const oci::Spec& spec, const Plan& so_far,
                                       const PlanOptions& options,
                                       std::vector<std::string>& warnings);
Result<Process> plan_process(const oci::Process& process, const Plan& so_far,
                             const HostFacts& facts, std::vector<std::string>& warnings);
// Default nodes first, then the configured ones; /dev/ptmx is never a node.
// Both are empty when /dev is a bind mount.  Spec: config-linux.md#devices
Result<std::vector<Device>> plan_devices(const oci::Spec& spec);
// Spec: runtime-linux.md#dev-symbolic-links
std::vector<Link> plan_links(const oci::Spec& spec);
Result<MemoryPolicy> plan_memory_policy(const oci::MemoryPolicy& policy);
// Only those of namespaces that the container has for itself.
Result<std::vector<Sysctl>> plan_sysctls(const oci::Linux& config);

// "0 100000 65536\n" a line; refuses empty, overlapping, wrapping and more
// than 340 mappings.  user_namespaces(7)
Result<std::string> render_id_map(const std::vector<oci::IdMapping>& mappings);

// Whether container id `id` is one of those mapped.
bool is_mapped(std::uint32_t id, const std::vector<oci::IdMapping>& mappings);

// Whether something may be mounted at `path`, clean and absolute.  False for
// what lies below /proc, but for the few files that lxcfs provides.
bool may_mount_inside_proc(std::string_view path);

// Every word that mounts[].options understands, for `features`.
std::vector<std::string> known_mount_options();

// Capability numbers by name; nothing for an unknown one.
std::optional<int> capability_number(std::string_view name);
// All names, by number.
std::vector<std::string> capability_names();

}  // namespace coracle::plan
