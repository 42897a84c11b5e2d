// What device rules say of single devices: for the lines of v1 and the program
// of v2.  Private to devices.cpp, device_match.cpp and device_program.cpp.
#pragma once

#include <linux/bpf.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "oci-spec/config_linux.hpp"

namespace coracle::cgroup {

inline constexpr std::int64_t any_number = -1;
inline constexpr unsigned full_access =
    BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE | BPF_DEVCG_ACC_MKNOD;

// A rule for one type of device.
struct DeviceMatch {
  char type = 'c';  // 'c', 'b'
  std::int64_t major = any_number;
  std::int64_t minor = any_number;
  unsigned access = full_access;  // BPF_DEVCG_ACC_*

  bool is_everything() const {
    return major == any_number && minor == any_number && access == full_access;
  }
  bool same_devices(const DeviceMatch& other) const {
    return type == other.type && major == other.major && minor == other.minor;
  }
  bool covers(const DeviceMatch& other) const {
    return type == other.type && (major == any_number || major == other.major) &&
           (minor == any_number || minor == other.minor);
  }
  bool overlaps(const DeviceMatch& other) const {
    const auto meet = [](std::int64_t a, std::int64_t b) {
      return a == any_number || b == any_number || a == b;
    };
    return type == other.type && meet(major, other.major) && meet(minor, other.minor);
  }
};

// BPF_DEVCG_ACC_* of the letters r, w and m in `access`.
unsigned access_bits(std::string_view access);

// What `rule` says of characters and of blocks.  None for a number that no
// device has, and for no access.
std::vector<DeviceMatch> matches_of(const oci::DeviceRule& rule);

// A rule for all access to every device, as engines write first.
bool is_everything(const oci::DeviceRule& rule);

}  // namespace coracle::cgroup
