// The `linux` object of config.json as C++ types.  Spec: config-linux.md
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace coracle::oci {

// Container ids [container_id, container_id + size) are host ids
// [host_id, host_id + size).  Spec: config-linux.md#user-namespace-mappings
struct IdMapping {
  std::uint32_t container_id = 0;
  std::uint32_t host_id = 0;
  std::uint32_t size = 0;  // ids, not bytes; at least 1

  bool operator==(const IdMapping&) const = default;
};

enum class NamespaceType { pid, network, mount, ipc, uts, user, cgroup, time };

// Spec: config-linux.md#namespaces
struct Namespace {
  NamespaceType type = NamespaceType::pid;
  std::string path;  // absolute; empty: a new namespace
};

// Spec: config-linux.md#offset-for-time-namespace
struct TimeOffset {
  std::int64_t secs = 0;
  std::uint32_t nanosecs = 0;
};

enum class DeviceType { character, block, fifo };  // "c" and "u", "b", "p"

// Spec: config-linux.md#devices
struct Device {
  DeviceType type = DeviceType::character;
  std::string path;
  std::int64_t major = 0;
  std::int64_t minor = 0;
  std::optional<std::uint32_t> file_mode;
  std::optional<std::uint32_t> uid;
  std::optional<std::uint32_t> gid;
};

// Spec: config-linux.md#network-devices; the map's key is the host's name.
struct NetDevice {
  std::string name;  // inside; empty: as outside
};

// Spec: config-linux.md#allowed-device-list
enum class DeviceRuleType { all, character, block };

struct DeviceRule {
  bool allow = false;
  DeviceRuleType type = DeviceRuleType::all;
  std::optional<std::int64_t> major;  // absent: all
  std::optional<std::int64_t> minor;
  std::string access = "rwm";  // a non-empty subset of "rwm"
};

// Spec: config-linux.md#memory; bytes, -1 for unlimited
struct Memory {
  std::optional<std::int64_t> limit;
  std::optional<std::int64_t> reservation;
  std::optional<std::int64_t> swap;  // memory and swap together
  std::optional<std::int64_t> kernel;
  std::optional<std::int64_t> kernel_tcp;
  std::optional<std::uint64_t> swappiness;  // 0 to 100
  std::optional<bool> disable_oom_killer;
  std::optional<bool> use_hierarchy;
  std::optional<bool> check_before_update;
};

// Spec: config-linux.md#cpu; times in microseconds
struct Cpu {
  std::optional<std::uint64_t> shares;
  std::optional<std::int64_t> quota;
  std::optional<std::uint64_t> burst;
  std::optional<std::uint64_t> period;
  std::optional<std::int64_t> realtime_runtime;
  std::optional<std::uint64_t> realtime_period;
  std::string cpus;  // "0-3,7"; empty: not set
  std::string mems;
  std::optional<std::int64_t> idle;
};

// Spec: config-linux.md#block-io
struct WeightDevice {
  std::int64_t major = 0;
  std::int64_t minor = 0;
  std::optional<std::uint16_t> weight;
  std::optional<std::uint16_t> leaf_weight;
};

struct ThrottleDevice {
  std::int64_t major = 0;
  std::int64_t minor = 0;
  std::uint64_t rate = 0;  // bytes or operations per second
};

struct BlockIo {
  std::optional<std::uint16_t> weight;
  std::optional<std::uint16_t> leaf_weight;
  std::vector<WeightDevice> weight_device;
  std::vector<ThrottleDevice> throttle_read_bps_device;
  std::vector<ThrottleDevice> throttle_write_bps_device;
  std::vector<ThrottleDevice> throttle_read_iops_device;
  std::vector<ThrottleDevice> throttle_write_iops_device;
};

// Spec: config-linux.md#huge-page-limits
struct HugepageLimit {
  std::string page_size;    // "2MB"
  std::uint64_t limit = 0;  // bytes
};

// Spec: config-linux.md#network
struct InterfacePriority {
  std::string name;
  std::uint32_t priority = 0;
};

struct Network {
  std::optional<std::uint32_t> class_id;
  std::vector<InterfacePriority> priorities;
};

// Spec: config-linux.md#rdma; the map's key is the device.
struct Rdma {
  std::optional<std::uint32_t> hca_handles;
  std::optional<std::uint32_t> hca_objects;
};

// Spec: config-linux.md#control-groups
struct Resources {
  std::vector<DeviceRule> devices;
  std::optional<Memory> memory;
  std::optional<Cpu> cpu;
  std::optional<std::int64_t> pids_limit;  // 0 is a limit; -1 for unlimited
  std::optional<BlockIo> block_io;
  std::vector<HugepageLimit> hugepage_limits;
  std::optional<Network> network;
  std::map<std::string, Rdma> rdma;
  std::map<std::string, std::string> unified;  // cgroup v2 file -> text
};

// Spec: config-linux.md#seccomp
enum class SeccompAction {
  kill,
  kill_thread,
  kill_process,
  trap,
  errno_,
  trace,
  allow,
  log,
  notify
};

enum class SeccompOperator {
  not_equal,
  less,
  less_equal,
  equal,
  greater_equal,
  greater,
  masked_equal
};

enum class SeccompFlag { tsync, log, spec_allow, wait_killable_recv };

struct SeccompArg {
  std::uint32_t index = 0;  // 0 to 5
  std::uint64_t value = 0;
  std::uint64_t value_two = 0;  // with masked_equal: the value; `value` is the mask
  SeccompOperator op = SeccompOperator::equal;
};

struct SeccompSyscall {
  std::vector<std::string> names;  // at least one
  SeccompAction action = SeccompAction::kill;
  std::optional<std::uint32_t> errno_ret;
  std::vector<SeccompArg> args;
};

struct Seccomp {
  SeccompAction default_action = SeccompAction::kill;
  std::optional<std::uint32_t> default_errno_ret;
  std::vector<std::string> architectures;  // "SCMP_ARCH_X86_64", validated
  std::optional<std::vector<SeccompFlag>> flags;
  std::string listener_path;
  std::string listener_metadata;
  std::vector<SeccompSyscall> syscalls;
};

// Spec: config-linux.md#rootfs-mount-propagation
enum class Propagation { shared, slave, private_, unbindable };

struct RootfsPropagation {
  Propagation type = Propagation::slave;
  bool recursive = true;  // "rslave" and the like
};

// Spec: config-linux.md#personality
enum class PersonalityDomain { linux64, linux32 };  // "LINUX", "LINUX32"

// Spec: config-linux.md#intelrdt
struct IntelRdt {
  std::string clos_id;
  std::vector<std::string> schemata;
  std::string l3_cache_schema;
  std::string mem_bw_schema;
  bool enable_monitoring = false;
};

// Spec: config-linux.md#memory-policy
enum class MemoryPolicyMode {
  default_,
  bind,
  interleave,
  weighted_interleave,
  preferred,
  preferred_many,
  local
};

enum class MemoryPolicyFlag { numa_balancing, relative_nodes, static_nodes };

struct MemoryPolicy {
  MemoryPolicyMode mode = MemoryPolicyMode::default_;
  std::string nodes;  // "0-3,7"; may be empty
  std::vector<MemoryPolicyFlag> flags;
};

// Spec: config-linux.md
struct Linux {
  std::vector<IdMapping> uid_mappings;
  std::vector<IdMapping> gid_mappings;
  std::map<std::string, std::string> sysctl;
  std::optional<Resources> resources;
  std::string cgroups_path;
  std::vector<Namespace> namespaces;
  std::vector<Device> devices;
  std::map<std::string, NetDevice> net_devices;
  std::optional<Seccomp> seccomp;
  std::optional<RootfsPropagation> rootfs_propagation;
  std::vector<std::string> masked_paths;
  std::vector<std::string> readonly_paths;
  std::string mount_label;
  std::optional<IntelRdt> intel_rdt;
  std::optional<MemoryPolicy> memory_policy;
  std::optional<PersonalityDomain> personality;
  std::map<std::string, TimeOffset> time_offsets;  // keys "boottime", "monotonic"
};

}  // namespace coracle::oci
