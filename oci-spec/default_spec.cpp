// The default configuration, and its variant for users without privilege.
#include "oci-spec/default_spec.hpp"

#include <utility>

namespace coracle::oci {

namespace {

std::vector<std::string> few_capabilities() {
  return {"CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"};
}

Process shell() {
  Process process;
  process.terminal = true;
  process.args = {"sh"};
  process.env = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"};
  process.cwd = "/";
  // No ambient set: without an inheritable one the kernel refuses to raise it.
  process.capabilities = Capabilities{.bounding = few_capabilities(),
                                      .effective = few_capabilities(),
                                      .inheritable = {},
                                      .permitted = few_capabilities(),
                                      .ambient = {}};
  process.rlimits = {{.type = "RLIMIT_NOFILE", .hard = 1024, .soft = 1024}};
  process.no_new_privileges = true;
  return process;
}

Mount mount(std::string destination, std::string type, std::string source,
            std::vector<std::string> options) {
  Mount made;
  made.destination = std::move(destination);
  made.type = std::move(type);
  made.source = std::move(source);
  made.options = std::move(options);
  return made;
}

std::vector<Mount> mounts(bool rootless) {
  std::vector<std::string> pts = {"nosuid",        "noexec",    "newinstance",
                                  "ptmxmode=0666", "mode=0620", "gid=5"};
  // Group 5 is not mapped when there is one mapping of size 1.
  if (rootless) pts.pop_back();
  // A new sysfs needs a network namespace of one's own.
  Mount sys = rootless ? mount("/sys", "none", "/sys", {"rbind", "nosuid", "noexec", "nodev", "ro"})
                       : mount("/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"});
  return {
      mount("/proc", "proc", "proc", {}),
      mount("/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}),
      mount("/dev/pts", "devpts", "devpts", std::move(pts)),
      mount("/dev/shm", "tmpfs", "shm", {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"}),
      mount("/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}),
      std::move(sys),
      mount("/sys/fs/cgroup", "cgroup", "cgroup", {"nosuid", "noexec", "nodev", "relatime", "ro"}),
  };
}

std::vector<Namespace> namespaces(const DefaultSpecOptions& options) {
  std::vector<Namespace> made = {{.type = NamespaceType::pid, .path = {}}};
  const auto add = [&made](NamespaceType type) { made.push_back({.type = type, .path = {}}); };
  if (!options.rootless) add(NamespaceType::network);
  add(NamespaceType::ipc);
  add(NamespaceType::uts);
  add(NamespaceType::mount);
  if (options.cgroup_namespace) add(NamespaceType::cgroup);
  if (options.rootless) add(NamespaceType::user);
  return made;
}

Linux linux_part(const DefaultSpecOptions& options) {
  Linux made;
  made.namespaces = namespaces(options);
  made.masked_paths = {"/proc/acpi",        "/proc/asound",        "/proc/kcore",
                       "/proc/keys",        "/proc/latency_stats", "/proc/timer_list",
                       "/proc/timer_stats", "/proc/sched_debug",   "/sys/firmware",
                       "/proc/scsi"};
  made.readonly_paths = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};
  if (options.rootless) {
    made.uid_mappings = {{.container_id = 0, .host_id = options.euid, .size = 1}};
    made.gid_mappings = {{.container_id = 0, .host_id = options.egid, .size = 1}};
    return made;
  }
  made.resources = Resources{};
  made.resources->devices = {DeviceRule{}};  // denies everything
  return made;
}

}  // namespace

Spec default_spec(const DefaultSpecOptions& options) {
  Spec spec;
  spec.oci_version = "1.3.0";
  spec.process = shell();
  spec.root = {.path = "rootfs", .readonly = true};
  spec.hostname = "coracle";
  spec.mounts = mounts(options.rootless);
  spec.linux_ = linux_part(options);
  return spec;
}

}  // namespace coracle::oci
