// The rules of the `linux` object but for resources, seccomp and sysctl.
// Spec: config-linux.md
#include <algorithm>

#include "oci-spec/validate_parts.hpp"
#include "oci-spec/words.hpp"
#include "runtime/base/strings.hpp"

namespace coracle::oci {

namespace {

Result<void> check_namespaces(const std::vector<Namespace>& namespaces) {
  unsigned seen = 0;
  for (std::size_t i = 0; i < namespaces.size(); ++i) {
    const Namespace& each = namespaces[i];
    const unsigned bit = 1U << static_cast<unsigned>(each.type);
    if ((seen & bit) != 0)
      return broken("duplicated namespace " + in_quotes(word(each.type)), "/linux/namespaces", i,
                    "type");
    seen |= bit;
    if (!each.path.empty() && !each.path.starts_with('/'))
      return broken(in_quotes(each.path) + " is not an absolute path", "/linux/namespaces", i,
                    "path");
  }
  return {};
}

Result<void> check_id_mappings(const Linux& config) {
  const Namespace* user = find_namespace(config, NamespaceType::user);
  if (user == nullptr) {
    const bool uids = !config.uid_mappings.empty();
    if (!uids && config.gid_mappings.empty()) return {};
    return broken("mappings need a user namespace: add {\"type\": \"user\"} to /linux/namespaces",
                  uids ? "/linux/uidMappings" : "/linux/gidMappings");
  }
  if (!user->path.empty()) return {};
  const std::string_view what =
      "missing: a new user namespace needs at least one mapping, like "
      "{\"containerID\": 0, \"hostID\": 100000, \"size\": 65536}";
  if (config.uid_mappings.empty()) return broken(std::string(what), "/linux/uidMappings");
  if (config.gid_mappings.empty()) return broken(std::string(what), "/linux/gidMappings");
  return {};
}

Result<void> check_time_offsets(const Linux& config) {
  if (config.time_offsets.empty()) return {};
  const Namespace* time = find_namespace(config, NamespaceType::time);
  if (time == nullptr)
    return broken("offsets need a time namespace: add {\"type\": \"time\"} to /linux/namespaces",
                  "/linux/timeOffsets");
  if (!time->path.empty())
    return broken(
        "offsets can only be set for a new time namespace, not for " + in_quotes(time->path),
        "/linux/timeOffsets");
  for (const auto& [clock, offset] : config.time_offsets) {
    if (clock != "monotonic" && clock != "boottime")
      return broken(in_quotes(clock) + " is not one of monotonic, boottime", "/linux/timeOffsets",
                    clock);
    if (offset.nanosecs >= 1'000'000'000)
      return broken(std::to_string(offset.nanosecs) + " is not below 1000000000",
                    "/linux/timeOffsets", clock, "nanosecs");
  }
  return {};
}

// As the kernel has it, dev_valid_name(): at most IFNAMSIZ - 1 bytes.
bool is_interface_name(std::string_view name) {
  constexpr std::size_t longest = 15;
  return !name.empty() && name.size() <= longest && name != "." && name != ".." &&
         name.find_first_of("/: \t\n\v\f\r") == std::string_view::npos;
}

Result<void> check_net_devices(const Linux& config) {
  if (config.net_devices.empty()) return {};
  if (find_namespace(config, NamespaceType::network) == nullptr)
    return broken(
        "moving devices needs a network namespace: add {\"type\": \"network\"} to "
        "/linux/namespaces",
        "/linux/netDevices");
  for (const auto& [host_name, device] : config.net_devices) {
    if (!is_interface_name(host_name))
      return broken(in_quotes(host_name) + " is not a network interface name", "/linux/netDevices",
                    host_name);
    if (!device.name.empty() && !is_interface_name(device.name))
      return broken(in_quotes(device.name) + " is not a network interface name",
                    "/linux/netDevices", host_name, "name");
  }
  return {};
}

Result<void> check_devices(const std::vector<Device>& devices) {
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const Device& device = devices[i];
    if (!device.path.starts_with('/'))
      return broken(in_quotes(device.path) + " is not an absolute path", "/linux/devices", i,
                    "path");
    if (device.major < 0)
      return broken(std::to_string(device.major) + " is not a device number", "/linux/devices", i,
                    "major");
    if (device.minor < 0)
      return broken(std::to_string(device.minor) + " is not a device number", "/linux/devices", i,
                    "minor");
  }
  return {};
}

Result<void> check_protected_paths(const Linux& config, const std::vector<std::string>& paths,
                                   std::string_view pointer) {
  if (paths.empty()) return {};
  if (find_namespace(config, NamespaceType::mount) == nullptr)
    return broken(
        "unable to restrict paths without a private mount namespace: add "
        "{\"type\": \"mount\"} to /linux/namespaces",
        pointer);
  for (std::size_t i = 0; i < paths.size(); ++i)
    if (!paths[i].starts_with('/'))
      return broken(in_quotes(paths[i]) + " is not an absolute path", pointer, i);
  return {};
}

Result<void> check_intel_rdt(const IntelRdt& rdt) {
  const std::string_view id = rdt.clos_id;
  if (id == "." || id == ".." || (id != "/" && id.contains('/')) || id.contains('\n'))
    return broken(in_quotes(id) + " is not \"/\" or the name of one directory",
                  "/linux/intelRdt/closID");
  if (rdt.l3_cache_schema.contains('\n'))
    return broken(in_quotes(rdt.l3_cache_schema) + " has a line break",
                  "/linux/intelRdt/l3CacheSchema");
  const std::string& bandwidth = rdt.mem_bw_schema;
  if (!bandwidth.empty() && (!bandwidth.starts_with("MB:") || bandwidth.contains('\n')))
    return broken(in_quotes(bandwidth) + " is not one line that starts with MB:",
                  "/linux/intelRdt/memBwSchema");
  for (std::size_t i = 0; i < rdt.schemata.size(); ++i)
    if (rdt.schemata[i].contains('\n'))
      return broken(in_quotes(rdt.schemata[i]) + " has a line break", "/linux/intelRdt/schemata",
                    i);
  return {};
}

// Whether set_mempolicy(2) wants nodes with `mode`; nothing: as it likes.
std::optional<bool> wants_nodes(MemoryPolicyMode mode) {
  switch (mode) {
    case MemoryPolicyMode::default_:
    case MemoryPolicyMode::local:
      return false;
    case MemoryPolicyMode::bind:
    case MemoryPolicyMode::interleave:
    case MemoryPolicyMode::weighted_interleave:
    case MemoryPolicyMode::preferred_many:
      return true;
    case MemoryPolicyMode::preferred:
      return std::nullopt;
  }
  return std::nullopt;
}

Result<void> check_memory_policy(const MemoryPolicy& policy) {
  const std::string& nodes = policy.nodes;
  if (nodes.find_first_not_of("0123456789, -") != std::string::npos)
    return broken(in_quotes(nodes) + " is not a list of nodes like 0-3,7",
                  "/linux/memoryPolicy/nodes");
  const std::optional<bool> wanted = wants_nodes(policy.mode);
  if (!wanted || *wanted == !nodes.empty()) return {};
  const std::string mode(word(policy.mode));
  if (*wanted) return broken("missing, expected with " + mode, "/linux/memoryPolicy/nodes");
  return broken(in_quotes(nodes) + " has no meaning with " + mode, "/linux/memoryPolicy/nodes");
}

}  // namespace

Result<void> check_linux(const Linux& config) {
  TRY(check_namespaces(config.namespaces));
  TRY(check_id_mappings(config));
  TRY(check_time_offsets(config));
  TRY(check_devices(config.devices));
  TRY(check_net_devices(config));
  TRY(check_sysctl(config));
  if (config.resources) TRY(check_resources(*config.resources, "/linux/resources"));
  if (config.intel_rdt) TRY(check_intel_rdt(*config.intel_rdt));
  if (config.memory_policy) TRY(check_memory_policy(*config.memory_policy));
  if (config.seccomp) TRY(check_seccomp(*config.seccomp));
  TRY(check_protected_paths(config, config.masked_paths, "/linux/maskedPaths"));
  return check_protected_paths(config, config.readonly_paths, "/linux/readonlyPaths");
}

}  // namespace coracle::oci
