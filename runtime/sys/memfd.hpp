// Files in memory, without a name.  memfd_create(2)
#pragma once

#include "runtime/base/result.hpp"
#include "runtime/sys/fd.hpp"

namespace coracle::sys {

// Sealed against ever being executed; or to be executed, and to be sealed by a caller who shows it.
enum class MemfdUse { data, program };

// `name` is what /proc/self/fd shows.  Says to the kernel what it is for, without which the sysctl
// vm.memfd_noexec lets none be executed (1), or none be made (2: nor any program).
Result<Fd> make_memfd(const char* name, MemfdUse use);

}  // namespace coracle::sys
