// Answering ENOSYS for system calls that are newer than a profile.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <vector>

#include "oci-spec/config_linux.hpp"

namespace coracle::seccomp {

// Instructions to put before the compiled filter of `config`, whose
// architectures are `tokens` (SCMP_ARCH_*).  They answer ENOSYS to every
// number above the largest one that the profile names for that architecture,
// and let everything else pass on.  Empty when the default action lets calls
// through or is ENOSYS already.
//
// Why: libc tries a new system call and falls back to an older one on ENOSYS
// alone; a profile older than that libc would answer EPERM, which libc must
// take for a refusal.
std::vector<sock_filter> enosys_prologue(const oci::Seccomp& config,
                                         const std::vector<std::uint32_t>& tokens);

}  // namespace coracle::seccomp
