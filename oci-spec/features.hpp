// What the runtime can do, as `features` prints it.  Spec: features.md, features-linux.md
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.hpp"

namespace coracle::oci {

// Every field but the annotations is written, because an absent one would say
// "unknown".
struct Features {
  struct Enabled {
    bool enabled = false;
  };

  struct Cgroup {
    bool v1 = false;
    bool v2 = false;
    bool systemd = false;       // the system's manager as cgroup driver
    bool systemd_user = false;  // the user's
    bool rdma = false;
  };

  struct Seccomp {
    bool enabled = false;
    std::vector<std::string> actions;    // "SCMP_ACT_ALLOW"
    std::vector<std::string> operators;  // "SCMP_CMP_EQ"
    std::vector<std::string> archs;      // "SCMP_ARCH_X86_64"
    std::vector<std::string> known_flags;
    std::vector<std::string> supported_flags;  // those that kernel and library take
  };

  struct IntelRdt {
    bool enabled = false;
    bool schemata = false;
    bool monitoring = false;
  };

  struct MemoryPolicy {
    std::vector<std::string> modes;  // "MPOL_BIND"
    std::vector<std::string> flags;
  };

  struct MountExtensions {
    Enabled idmap;
  };

  struct Linux {
    std::vector<std::string> namespaces;    // "pid"
    std::vector<std::string> capabilities;  // "CAP_CHOWN"
    Cgroup cgroup;
    Seccomp seccomp;
    Enabled apparmor;
    Enabled selinux;
    IntelRdt intel_rdt;
    MemoryPolicy memory_policy;
    MountExtensions mount_extensions;
    Enabled net_devices;
  };

  std::string oci_version_min;
  std::string oci_version_max;
  std::vector<std::string> hooks;          // "createRuntime"
  std::vector<std::string> mount_options;  // "rro"
  Linux linux_;
  std::map<std::string, std::string> annotations;
  // Names of annotations in config.json that can change what runs on the
  // host; one that ends in "." stands for all that it begins.
  std::vector<std::string> potentially_unsafe_config_annotations;
};

// Indented, with a line break at its end.
std::string write_features(const Features& features);

Result<Features> parse_features(std::string_view text, std::string_view name = "features");

}  // namespace coracle::oci
