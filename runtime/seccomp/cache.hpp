// Compiled filters, kept from one command to the next: libseccomp takes some milliseconds for an
// engine's usual profile, which is the same for all its containers.
#pragma once

#include <string>

#include "runtime/base/result.hpp"
#include "runtime/seccomp/filter.hpp"

namespace coracle::seccomp {

// What compile() makes of `config`, from `directory` (made when missing, mode 0700) if an equal one
// was compiled before by this build of ours, with this libseccomp, on this kernel.  Equal is every
// field but the listener's, and it is compared whole: a digest only finds the file.  The directory
// holds at most 128 filters.  One that belongs to another user, or that others may write, is
// neither believed nor written; what cannot be read or kept is compiled: no error of its own.
Result<Filter> compile_cached(const oci::Seccomp& config, UnknownSyscalls unknown,
                              const std::string& directory);

}  // namespace coracle::seccomp
