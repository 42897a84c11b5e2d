#include "tests/support/apparmor.hpp"

#include <unistd.h>

#include <doctest/doctest.h>

#include "tests/support/process.hpp"
#include "tests/support/summary.hpp"

namespace coracle::test {
namespace {

Outcome parse(const std::string& what, const std::string& name) {
  const std::string text = "abi <abi/4.0>,\nprofile " + name +
                           " flags=(attach_disconnected) {\n  file,\n  capability,\n  network,\n"
                           "  signal,\n  ptrace,\n  unix,\n  userns,\n  mount,\n  umount,\n"
                           "  deny /denied rw,\n}\n";
  return run({.args = {"apparmor_parser", "--skip-cache", what}, .input = text});
}

}  // namespace

bool apparmor_is_on() {
  if (read_file("/sys/module/apparmor/parameters/enabled") == "Y\n") return true;
  skip_case("AppArmor is not on here: contrib/vm has a kernel where it is");
  return false;
}

AppArmorProfile::AppArmorProfile(const std::string& suffix)
    : name_("coracle-test-" + std::to_string(::getpid()) + suffix) {
  const Outcome loaded = parse("--replace", name_);
  REQUIRE_MESSAGE(loaded.exit_code == 0, loaded.text());
}

AppArmorProfile::~AppArmorProfile() {
  CHECK(parse("--remove", name_).exit_code == 0);
}

}  // namespace coracle::test
