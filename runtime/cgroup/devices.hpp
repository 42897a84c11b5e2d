// Device rules: the rules every container has, their v1 form, their eBPF form.
// Spec: config-linux.md#allowed-device-list
#pragma once

#include <linux/bpf.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "oci-spec/config_linux.hpp"
#include "runtime/base/result.hpp"
#include "runtime/cgroup/cgroup.hpp"

namespace coracle::cgroup {

// Everything is denied at first; then each access (r, w, m) to a device is
// decided by the last rule that covers it.  So say all functions below; a
// negative major or minor means all, as an absent one does.

// `configured`, then what runc adds after it: mknod of anything, and use of
// /dev/{null,zero,full,random,urandom,tty,ptmx,net/tun} and of pty slaves.
std::vector<oci::DeviceRule> effective_device_rules(std::vector<oci::DeviceRule> configured);

// True when no device is denied to anyone.
bool allow_everything(const std::vector<oci::DeviceRule>& rules);

// What to write, in order, into a v1 cgroup whose devices.list reads
// `current`.  No access that both allow is denied in between.  Fails for rules
// that v1 cannot express: one that covers a part of what an earlier, opposite
// rule covers.
Result<std::vector<Setting>> v1_device_settings(std::string_view current,
                                                const std::vector<oci::DeviceRule>& rules);

// A BPF_PROG_TYPE_CGROUP_DEVICE program: 1 allows, 0 denies.  Fails for
// thousands of rules.
Result<std::vector<bpf_insn>> device_program(const std::vector<oci::DeviceRule>& rules);

// One device of systemd's DeviceAllow=: "/dev/char/1:3", "char-136", "block-*".
struct UnitDevice {
  std::string node;
  std::string access;  // "rwm"

  bool operator==(const UnitDevice&) const = default;
};

// All that is allowed; nothing where systemd has no words for the rules: what
// denies single devices, and a minor number of every major.
std::optional<std::vector<UnitDevice>> unit_devices(const std::vector<oci::DeviceRule>& rules);

// Puts `program` in force for the v2 cgroup `dir`, and after that removes those
// that earlier calls put there; an empty one only removes.
Result<void> attach_device_program(const std::string& dir, const std::vector<bpf_insn>& program);

}  // namespace coracle::cgroup
