// The rules of linux.seccomp.  Spec: config-linux.md#seccomp
#include <algorithm>
#include <array>

#include "oci-spec/validate_parts.hpp"
#include "oci-spec/words.hpp"
#include "runtime/base/strings.hpp"

namespace coracle::oci {

namespace {

constexpr std::array architectures = std::to_array<std::string_view>({
    "SCMP_ARCH_X86",         "SCMP_ARCH_X86_64",      "SCMP_ARCH_X32",     "SCMP_ARCH_ARM",
    "SCMP_ARCH_AARCH64",     "SCMP_ARCH_LOONGARCH64", "SCMP_ARCH_M68K",    "SCMP_ARCH_MIPS",
    "SCMP_ARCH_MIPS64",      "SCMP_ARCH_MIPS64N32",   "SCMP_ARCH_MIPSEL",  "SCMP_ARCH_MIPSEL64",
    "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PPC",         "SCMP_ARCH_PPC64",   "SCMP_ARCH_PPC64LE",
    "SCMP_ARCH_S390",        "SCMP_ARCH_S390X",       "SCMP_ARCH_SH",      "SCMP_ARCH_SHEB",
    "SCMP_ARCH_PARISC",      "SCMP_ARCH_PARISC64",    "SCMP_ARCH_RISCV64",
});

bool takes_errno(SeccompAction action) {
  return action == SeccompAction::errno_ || action == SeccompAction::trace;
}

std::string no_errno(std::uint32_t number, SeccompAction action) {
  return std::to_string(number) + " has no meaning with " + std::string(word(action)) +
         ", expected SCMP_ACT_ERRNO or SCMP_ACT_TRACE";
}

Result<void> check_syscall(const SeccompSyscall& rule, std::size_t i) {
  constexpr std::string_view pointer = "/linux/seccomp/syscalls";
  if (rule.names.empty())
    return broken("empty, expected at least one system call", pointer, i, "names");
  for (std::size_t n = 0; n < rule.names.size(); ++n)
    if (rule.names[n].empty()) return broken("\"\" is not a system call", pointer, i, "names", n);
  if (rule.errno_ret && !takes_errno(rule.action))
    return broken(no_errno(*rule.errno_ret, rule.action), pointer, i, "errnoRet");
  for (std::size_t n = 0; n < rule.args.size(); ++n)
    if (rule.args[n].index > 5)
      return broken(std::to_string(rule.args[n].index) + " is not between 0 and 5", pointer, i,
                    "args", n, "index");
  return {};
}

}  // namespace

Result<void> check_seccomp(const Seccomp& seccomp) {
  constexpr std::string_view pointer = "/linux/seccomp";
  if (seccomp.default_errno_ret && !takes_errno(seccomp.default_action))
    return broken(no_errno(*seccomp.default_errno_ret, seccomp.default_action), pointer,
                  "defaultErrnoRet");
  for (std::size_t i = 0; i < seccomp.architectures.size(); ++i)
    if (std::ranges::find(architectures, seccomp.architectures[i]) == architectures.end())
      return broken(in_quotes(seccomp.architectures[i]) + " is not an architecture of libseccomp",
                    pointer, "architectures", i);
  if (!seccomp.listener_metadata.empty() && seccomp.listener_path.empty())
    return broken("set without listenerPath", pointer, "listenerMetadata");
  for (std::size_t i = 0; i < seccomp.syscalls.size(); ++i)
    TRY(check_syscall(seccomp.syscalls[i], i));
  return {};
}

}  // namespace coracle::oci
