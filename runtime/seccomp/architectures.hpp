// The architectures of linux.seccomp as libseccomp numbers them.
// Spec: config-linux.md#seccomp
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/base/result.hpp"

namespace coracle::seccomp {

// Set in the number of every x32 system call; x32 and x86_64 share one audit
// architecture, which is all that the kernel shows a filter beside it.
constexpr std::uint32_t x32_bit = 1U << 30;

// libseccomp's tokens (SCMP_ARCH_*) of `names` without duplicates, the native
// architecture first whether it is named or not.  Fails on a name that the
// specification or this libseccomp does not have.
Result<std::vector<std::uint32_t>> architecture_tokens(const std::vector<std::string>& names);

// The architecture as seccomp_data::arch shows it: x32 is x86_64 there.
std::uint32_t audit_architecture(std::uint32_t token);

}  // namespace coracle::seccomp
