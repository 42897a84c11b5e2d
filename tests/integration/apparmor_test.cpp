// process.apparmorProfile, where the kernel has AppArmor.
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/apparmor.hpp"
#include "tests/support/bundle.hpp"
#include "tests/support/summary.hpp"
#include "tests/support/text.hpp"

using namespace coracle::test;

namespace {

void run_shell(Bundle& bundle, const std::string& script) {
  bundle.add_busybox();
  write_file(bundle.rootfs() + "/denied", "secret\n");
  bundle.config["process"]["args"] = {"/bin/sh", "-c", script};
}

const std::string show = "cat /proc/self/attr/current /denied";

}  // namespace

TEST_CASE("apparmor: the profile is in force for the program") {
  if (!apparmor_is_on()) return;
  const AppArmorProfile profile;
  Bundle bundle;
  run_shell(bundle, show);
  bundle.config["process"]["apparmorProfile"] = profile.name();
  const Outcome outcome = bundle.run();
  CHECK_MESSAGE(outcome.out == profile.in_force(), outcome.text());
  CHECK(contains(outcome.err, "ermission denied"));
}

TEST_CASE("apparmor: without a profile nothing is denied") {
  if (!apparmor_is_on()) return;
  Bundle bundle;
  run_shell(bundle, show);
  CHECK(bundle.run().out == "unconfined\nsecret\n");
}

TEST_CASE("apparmor: the profile is in force in a user namespace and without new privileges") {
  if (!apparmor_is_on()) return;
  const AppArmorProfile profile;
  for (const bool mapped : {false, true}) {
    for (const bool no_new_privileges : {false, true}) {
      CAPTURE(mapped);
      CAPTURE(no_new_privileges);
      Bundle bundle;
      run_shell(bundle, show);
      if (mapped) bundle.map_ids(1'000'000);
      bundle.config["process"]["noNewPrivileges"] = no_new_privileges;
      bundle.config["process"]["apparmorProfile"] = profile.name();
      const Outcome outcome = bundle.run();
      CHECK_MESSAGE(outcome.out == profile.in_force(), outcome.text());
    }
  }
}

TEST_CASE("apparmor: exec has the container's profile, or the one that it asks for") {
  if (!apparmor_is_on()) return;
  const AppArmorProfile profile;
  const AppArmorProfile other("-other");
  Bundle bundle;
  run_shell(bundle, "sleep 99");
  bundle.config["process"]["apparmorProfile"] = profile.name();
  bundle.launch();
  const std::vector<std::string> look = {"cat", "/proc/self/attr/current"};
  std::vector<std::string> args = {"exec", bundle.id()};
  args.insert(args.end(), look.begin(), look.end());
  CHECK(bundle.command(args).out == profile.in_force());
  args.insert(args.begin() + 1, {"--apparmor", other.name()});
  CHECK(bundle.command(args).out == other.in_force());
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("apparmor: a profile that the kernel does not have is refused") {
  if (!apparmor_is_on()) return;
  Bundle bundle;
  run_shell(bundle, show);
  bundle.config["process"]["apparmorProfile"] = "coracle-test-nowhere";
  const Outcome outcome = bundle.run();
  CHECK(outcome.exit_code == 1);
  CHECK_MESSAGE(contains(outcome.err, "AppArmor profile"), outcome.text());
  CHECK(outcome.out == "");
}
