// What this build and the running kernel understand of linux.seccomp.
#pragma once

#include <string>

#include "oci-spec/config_linux.hpp"

namespace coracle::seccomp {

// "SCMP_ACT_ALLOW"
std::string action_name(oci::SeccompAction action);

// "SECCOMP_FILTER_FLAG_LOG"
std::string flag_name(oci::SeccompFlag flag);

// For seccomp(2); 0 for TSYNC, which means nothing before the only thread
// becomes the container's.
unsigned int flag_bits(oci::SeccompFlag flag);

// Whether the running kernel takes `flag`.
bool kernel_takes(oci::SeccompFlag flag);

}  // namespace coracle::seccomp
