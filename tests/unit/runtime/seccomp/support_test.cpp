// What `features` says of seccomp, and the names of architectures.
#include "runtime/seccomp/support.hpp"

#include <doctest/doctest.h>
#include <seccomp.h>

#include <algorithm>
#include <string>
#include <vector>

#include "runtime/seccomp/architectures.hpp"
#include "runtime/seccomp/filter.hpp"

namespace {

using namespace coracle;
using namespace coracle::seccomp;

bool contains(const std::vector<std::string>& list, const std::string& text) {
  return std::ranges::find(list, text) != list.end();
}

}  // namespace

TEST_CASE("seccomp support: actions, operators and flags are the specification's") {
  CHECK(known_actions().size() == 9);
  CHECK(known_operators().size() == 7);
  CHECK(known_flags().size() == 4);
  CHECK(std::ranges::is_sorted(known_actions()));
  CHECK(std::ranges::is_sorted(known_operators()));
  for (const oci::SeccompAction action :
       {oci::SeccompAction::kill, oci::SeccompAction::errno_, oci::SeccompAction::notify}) {
    CHECK(contains(known_actions(), action_name(action)));
  }
}

TEST_CASE("seccomp support: supported flags are known ones") {
  for (const std::string& flag : supported_flags()) CHECK(contains(known_flags(), flag));
}

TEST_CASE("seccomp support: architectures that the library has are known") {
  const std::vector<std::string> known = known_architectures();
  CHECK(known.size() >= 19);
  CHECK(std::ranges::is_sorted(known));
  CHECK(contains(known, "SCMP_ARCH_X86_64"));
  CHECK(contains(known, "SCMP_ARCH_RISCV64"));
  for (const std::string& name : known) CHECK(architecture_tokens({name}).has_value());
}

TEST_CASE("seccomp architectures: the native one is first, and each is there once") {
  const std::uint32_t native = seccomp_arch_native();
  CHECK(architecture_tokens({}).value() == std::vector{native});
  const auto tokens = architecture_tokens(
      {"SCMP_ARCH_X86", "SCMP_ARCH_X86_64", "SCMP_ARCH_X32", "SCMP_ARCH_AARCH64", "SCMP_ARCH_X86"});
  CHECK(tokens.value().front() == native);
  CHECK(std::ranges::count(tokens.value(), native) == 1);
  CHECK(std::ranges::count(tokens.value(), static_cast<std::uint32_t>(SCMP_ARCH_X86)) == 1);
}

TEST_CASE("seccomp architectures: x32 is x86_64 to the kernel") {
  CHECK(audit_architecture(SCMP_ARCH_X32) == SCMP_ARCH_X86_64);
  CHECK(audit_architecture(SCMP_ARCH_X86) == SCMP_ARCH_X86);
}

TEST_CASE("seccomp architectures: one that does not exist is named in the error") {
  CHECK(architecture_tokens({"SCMP_ARCH_PDP11"}).error().text() ==
        "/linux/seccomp/architectures: \"SCMP_ARCH_PDP11\" is not an architecture");
  const std::vector<std::string> known = known_architectures();
  for (const std::string name : {"SCMP_ARCH_SH", "SCMP_ARCH_LOONGARCH64"}) {
    if (contains(known, name)) continue;
    CHECK(architecture_tokens({name}).error().text() ==
          "/linux/seccomp/architectures: libseccomp " + library_version() + " does not support " +
              name);
  }
}
