// linux.seccomp -> a BPF program, on the host, before the clone.
// Spec: config-linux.md#seccomp; seccomp(2), libseccomp
#pragma once

#include <linux/filter.h>

#include <string>
#include <vector>

#include "oci-spec/config_linux.hpp"
#include "runtime/base/result.hpp"

namespace coracle::seccomp {

struct Filter {
  std::vector<sock_filter> program;   // what init loads with seccomp(2)
  unsigned int flags = 0;             // SECCOMP_FILTER_FLAG_*
  bool notifies = false;              // needs SECCOMP_FILTER_FLAG_NEW_LISTENER
  std::vector<std::string> warnings;  // at most one for all unknown system calls
};

// Refuses what has nothing to do with how a filter is compiled: NOTIFY as default action and on
// write(2), and NOTIFY without listenerPath.
Result<void> check(const oci::Seccomp& config);

// Compiles `config`, checked.  System calls newer than every one that the profile names
// answer ENOSYS, as under runc, so that libc falls back to an older one.
// A name that libseccomp does not have is warned of, or refused.
// Refuses an errnoRet where the action takes none.
enum class UnknownSyscalls { warn, refuse };
Result<Filter> compile(const oci::Seccomp& config, UnknownSyscalls unknown = UnknownSyscalls::warn);

// What this build understands, for `features`.
std::vector<std::string> known_actions();
std::vector<std::string> known_operators();
std::vector<std::string> known_architectures();
std::vector<std::string> known_flags();
// Those of known_flags() that the running kernel takes.
std::vector<std::string> supported_flags();
// "2.5.4"
std::string library_version();

}  // namespace coracle::seccomp
