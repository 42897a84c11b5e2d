// The MUSTs of config.md and config-linux.md that types cannot hold.
#pragma once

#include <string>
#include <string_view>

#include "oci-spec/config.hpp"
#include "runtime/base/result.hpp"

namespace coracle::oci {

// The first rule that `spec` breaks, in the order of the specification, as one
// line: "config.json: /process/cwd: \"tmp\" is not an absolute path".  Pure:
// what depends on the host (LSMs, limits of the cgroup mode, what a namespace
// path leads to) is for others.
//
// ociVersion: every 1.x is accepted, a later minor than ours included, as in
// runc: within a major version the specification only adds properties, and
// unknown properties MUST be ignored.
Result<void> validate(const Spec& spec);

// The rules of `process` alone, for exec; opens with "process.json".
Result<void> validate_process(const Process& process);

// The rules of linux.resources alone, for update; opens with "resources.json".
Result<void> validate_resources(const Resources& resources);

// The path below /proc/sys that a key of linux.sysctl means, as sysctl(8) has
// it: in "net.ipv4.conf.eth0/100.rp_filter" the dots separate and the slash is
// a dot; in "net/ipv4/conf/eth0.100/rp_filter" all stands as it is.  A valid
// key's path does not leave /proc/sys.
std::string sysctl_path(std::string_view key);

}  // namespace coracle::oci
