// Names of architectures -> libseccomp's tokens -> audit architectures.
#include "runtime/seccomp/architectures.hpp"

#include <seccomp.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include "runtime/base/strings.hpp"
#include "runtime/seccomp/filter.hpp"

namespace coracle::seccomp {
namespace {

constexpr std::string_view prefix = "SCMP_ARCH_";

// In alphabetical order, as `features` lists them.
constexpr std::array<std::string_view, 23> specified = {
    "SCMP_ARCH_AARCH64",  "SCMP_ARCH_ARM",         "SCMP_ARCH_LOONGARCH64", "SCMP_ARCH_M68K",
    "SCMP_ARCH_MIPS",     "SCMP_ARCH_MIPS64",      "SCMP_ARCH_MIPS64N32",   "SCMP_ARCH_MIPSEL",
    "SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PARISC",      "SCMP_ARCH_PARISC64",
    "SCMP_ARCH_PPC",      "SCMP_ARCH_PPC64",       "SCMP_ARCH_PPC64LE",     "SCMP_ARCH_RISCV64",
    "SCMP_ARCH_S390",     "SCMP_ARCH_S390X",       "SCMP_ARCH_SH",          "SCMP_ARCH_SHEB",
    "SCMP_ARCH_X32",      "SCMP_ARCH_X86",         "SCMP_ARCH_X86_64",
};

// libseccomp's own name is the specification's in lower case; 0 when this
// libseccomp is older than its support for the architecture.
std::uint32_t resolve(std::string_view name) {
  std::string own(name.substr(prefix.size()));
  for (char& letter : own) letter = static_cast<char>(std::tolower(letter));
  return seccomp_arch_resolve_name(own.c_str());
}

Result<std::uint32_t> architecture_token(const std::string& name) {
  if (std::ranges::find(specified, name) == specified.end()) {
    return fail("/linux/seccomp/architectures: " + in_quotes(name) + " is not an architecture");
  }
  const std::uint32_t token = resolve(name);
  if (token == 0) {
    return fail("/linux/seccomp/architectures: libseccomp " + library_version() +
                " does not support " + name);
  }
  return token;
}

}  // namespace

Result<std::vector<std::uint32_t>> architecture_tokens(const std::vector<std::string>& names) {
  std::vector<std::uint32_t> tokens = {seccomp_arch_native()};
  for (const std::string& name : names) {
    const std::uint32_t token = TRY(architecture_token(name));
    if (std::ranges::find(tokens, token) == tokens.end()) tokens.push_back(token);
  }
  return tokens;
}

std::uint32_t audit_architecture(std::uint32_t token) {
  return token == SCMP_ARCH_X32 ? SCMP_ARCH_X86_64 : token;
}

std::vector<std::string> known_architectures() {
  std::vector<std::string> known;
  for (const std::string_view name : specified) {
    if (resolve(name) != 0) known.emplace_back(name);
  }
  return known;
}

}  // namespace coracle::seccomp
