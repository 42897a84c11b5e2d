// linux.devices, the default devices and the links in /dev.
// Spec: config-linux.md#devices, #default-devices; runtime-linux.md#dev-symbolic-links
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/strings.hpp"
#include "runtime/plan/paths.hpp"
#include "runtime/plan/plan.hpp"

namespace coracle::plan {
namespace {

constexpr mode_t default_mode = 0666;
constexpr mode_t permission_bits = 07777;
// The kernel's dev_t: 12 and 20 bits.
constexpr std::int64_t major_end = 1 << 12;
constexpr std::int64_t minor_end = 1 << 20;

struct Default {
  std::string_view path;
  unsigned int major;
  unsigned int minor;
};

// /dev/console is bound when there is a terminal, /dev/ptmx is a link.  In
// runc's order, which /proc/PID/mountinfo shows where they are binds.
constexpr std::array<Default, 6> defaults = {{
    {"/dev/null", 1, 3},
    {"/dev/random", 1, 8},
    {"/dev/full", 1, 7},
    {"/dev/tty", 5, 0},
    {"/dev/zero", 1, 5},
    {"/dev/urandom", 1, 9},
}};

constexpr std::string_view ptmx = "/dev/ptmx";

// Then its nodes are the host's, and nothing may be added to them.
bool binds_dev(const std::vector<oci::Mount>& mounts) {
  return std::ranges::any_of(mounts, [](const oci::Mount& mount) {
    const auto has = [&mount](const char* option) {
      return std::ranges::find(mount.options, option) != mount.options.end();
    };
    return container_path(mount.destination) == "/dev" &&
           (mount.type == "bind" || has("bind") || has("rbind"));
  });
}

mode_t type_bits(oci::DeviceType type) {
  switch (type) {
    case oci::DeviceType::character:
      return S_IFCHR;
    case oci::DeviceType::block:
      return S_IFBLK;
    case oci::DeviceType::fifo:
      return S_IFIFO;
  }
  return S_IFCHR;
}

Result<void> check_number(std::int64_t number, std::int64_t end, const std::string& pointer) {
  if (number >= 0 && number < end) return {};
  return fail(pointer + ": " + std::to_string(number) + " is not in [0, " + std::to_string(end) +
              ")");
}

Result<dev_t> device_number(const oci::Device& device, const std::string& pointer) {
  if (device.type == oci::DeviceType::fifo) return dev_t{0};
  TRY(check_number(device.major, major_end, pointer + "/major"));
  TRY(check_number(device.minor, minor_end, pointer + "/minor"));
  return ::makedev(static_cast<unsigned int>(device.major),
                   static_cast<unsigned int>(device.minor));
}

Result<Device> plan_device(const oci::Device& device, const std::string& pointer) {
  if (device.path.empty() || has_nul(device.path)) {
    return fail(pointer + "/path: " + in_quotes(device.path) + " is not a path");
  }
  Device planned;
  planned.path = container_path(device.path);
  planned.mode =
      type_bits(device.type) | (device.file_mode.value_or(default_mode) & permission_bits);
  planned.number = TRY(device_number(device, pointer));
  planned.uid = device.uid.value_or(0);
  planned.gid = device.gid.value_or(0);
  return planned;
}

Device default_device(const Default& device) {
  return {.path = std::string(device.path),
          .mode = S_IFCHR | default_mode,
          .number = ::makedev(device.major, device.minor),
          .is_default = true};
}

}  // namespace

Result<std::vector<Device>> plan_devices(const oci::Spec& spec) {
  if (binds_dev(spec.mounts)) return {};
  std::vector<Device> configured;
  std::set<std::string> paths;
  const std::vector<oci::Device>& devices = spec.linux_.devices;
  for (std::size_t i = 0; i < devices.size(); ++i) {
    Device device = TRY(plan_device(devices[i], "/linux/devices/" + std::to_string(i)));
    paths.insert(device.path);
    if (device.path != ptmx) configured.push_back(std::move(device));
  }
  std::vector<Device> all;
  for (const Default& device : defaults) {
    if (!paths.contains(std::string(device.path))) all.push_back(default_device(device));
  }
  all.insert(all.end(), configured.begin(), configured.end());
  return all;
}

std::vector<Link> plan_links(const oci::Spec& spec) {
  if (binds_dev(spec.mounts)) return {};
  return {
      {.path = "/dev/fd", .target = "/proc/self/fd"},
      {.path = "/dev/stdin", .target = "/proc/self/fd/0"},
      {.path = "/dev/stdout", .target = "/proc/self/fd/1"},
      {.path = "/dev/stderr", .target = "/proc/self/fd/2"},
      {.path = "/dev/core", .target = "/proc/kcore"},
      {.path = std::string(ptmx), .target = "pts/ptmx"},
  };
}

}  // namespace coracle::plan
