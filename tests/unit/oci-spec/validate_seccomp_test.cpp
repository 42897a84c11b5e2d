// The rules of linux.seccomp.
#include <doctest/doctest.h>

#include "oci-spec/validate.hpp"
#include "tests/unit/oci-spec/minimal.hpp"

using namespace coracle::oci;
using test::error_of;

namespace {

std::string refusal(auto change) {
  Spec spec = test::minimal_spec();
  spec.linux_.seccomp = Seccomp{};
  SeccompSyscall& rule = spec.linux_.seccomp->syscalls.emplace_back();
  rule.names = {"clone"};
  change(*spec.linux_.seccomp);
  return error_of(validate(spec));
}

}  // namespace

TEST_CASE("validate seccomp: a rule names system calls") {
  CHECK(refusal([](Seccomp&) {}).empty());
  CHECK(refusal([](Seccomp& s) { s.syscalls[0].names.clear(); }) ==
        "config.json: /linux/seccomp/syscalls/0/names: empty, expected at least one system call");
  CHECK(refusal([](Seccomp& s) { s.syscalls[0].names.emplace_back(); }) ==
        "config.json: /linux/seccomp/syscalls/0/names/1: \"\" is not a system call");
}

TEST_CASE("validate seccomp: an errno goes with an action that returns it") {
  CHECK(refusal([](Seccomp& s) { s.default_errno_ret = 38; }) ==
        "config.json: /linux/seccomp/defaultErrnoRet: 38 has no meaning with SCMP_ACT_KILL, "
        "expected SCMP_ACT_ERRNO or SCMP_ACT_TRACE");
  const auto with = [](SeccompAction action) {
    return refusal([action](Seccomp& s) {
      s.syscalls[0].action = action;
      s.syscalls[0].errno_ret = 1;
    });
  };
  CHECK(with(SeccompAction::errno_).empty());
  CHECK(with(SeccompAction::trace).empty());
  CHECK_FALSE(with(SeccompAction::allow).empty());
}

TEST_CASE("validate seccomp: architectures are those of the specification") {
  CHECK(refusal([](Seccomp& s) { s.architectures = {"SCMP_ARCH_RISCV64"}; }).empty());
  CHECK(refusal([](Seccomp& s) {
          s.architectures = {"SCMP_ARCH_X86", "x86"};
        }) ==
        "config.json: /linux/seccomp/architectures/1: \"x86\" is not an architecture of "
        "libseccomp");
}

TEST_CASE("validate seccomp: a system call has six arguments") {
  CHECK(refusal([](Seccomp& s) { s.syscalls[0].args.emplace_back().index = 6; }) ==
        "config.json: /linux/seccomp/syscalls/0/args/0/index: 6 is not between 0 and 5");
}

TEST_CASE("validate seccomp: metadata needs a listener") {
  CHECK(refusal([](Seccomp& s) { s.listener_metadata = "m"; }) ==
        "config.json: /linux/seccomp/listenerMetadata: set without listenerPath");
}
