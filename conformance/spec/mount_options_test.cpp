// config.md#linux-mount-options: the rows of flags, as a tmpfs shows them, and what is said of all.
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "conformance/spec/container.hpp"

using namespace coracle::conformance;

namespace {

using Options = std::vector<std::string>;

// What /proc tells of a tmpfs that was mounted with `options`.
struct Mount {
  std::string options;  // of the mount
  std::string super;    // of the file system
};

Mount made_with(const Options& options) {
  Container container;
  add_mount(container.config, "/m", "tmpfs", "tmpfs", options);
  const Outcome seen = container.tells("mount /m");
  return {.options = seen.value("mount.options"), .super = seen.value("mount.super")};
}

// The option sets a flag of the mount, and its opposite does not.
void check_sets(const std::string& option, const std::string& opposite) {
  CHECK(has_option(made_with({option}).options, option));
  CHECK_FALSE(has_option(made_with({opposite}).options, option));
}

// The option takes away the flag that the opposite has set before.
void check_clears(const std::string& option, const std::string& opposite) {
  CHECK(has_option(made_with({opposite}).options, opposite));
  CHECK_FALSE(has_option(made_with({opposite, option}).options, opposite));
}

// The same for flags of the file system.
void check_sets_super(const std::string& option) {
  CHECK(has_option(made_with({option}).super, option));
  CHECK_FALSE(has_option(made_with({}).super, option));
}

void check_clears_super(const std::string& option, const std::string& opposite) {
  CHECK(has_option(made_with({opposite}).super, opposite));
  CHECK_FALSE(has_option(made_with({opposite, option}).super, opposite));
}

// Nothing shows the option; but tmpfs refuses what it does not know, and what follows works.
void check_is_no_data(const std::string& option) {
  CHECK(has_option(made_with({option, "nodev"}).options, "nodev"));
}

}  // namespace

TEST_CASE("config.md#linux-mount-options 2: async takes back sync") {
  check_clears_super("async", "sync");
}

TEST_CASE("config.md#linux-mount-options 3: atime takes back noatime") {
  check_clears("atime", "noatime");
}

TEST_CASE("config.md#linux-mount-options 5: defaults is known, and no data for the file system") {
  check_is_no_data("defaults");
}

TEST_CASE("config.md#linux-mount-options 6: dev takes back nodev") {
  check_clears("dev", "nodev");
}

TEST_CASE("config.md#linux-mount-options 7: diratime takes back nodiratime") {
  check_clears("diratime", "nodiratime");
}

TEST_CASE("config.md#linux-mount-options 8: dirsync sets the flag of the file system") {
  check_sets_super("dirsync");
}

TEST_CASE("config.md#linux-mount-options 9: exec takes back noexec") {
  check_clears("exec", "noexec");
}

TEST_CASE("config.md#linux-mount-options 10: iversion is known, and no data for the file system") {
  check_is_no_data("iversion");
}

TEST_CASE("config.md#linux-mount-options 11: lazytime sets the flag of the file system") {
  check_sets_super("lazytime");
}

TEST_CASE("config.md#linux-mount-options 12: loud is known, and no data for the file system") {
  check_is_no_data("loud");
}

TEST_CASE("config.md#linux-mount-options 13: noatime sets the flag of the mount") {
  check_sets("noatime", "atime");
}

TEST_CASE("config.md#linux-mount-options 14: nodev sets the flag of the mount") {
  check_sets("nodev", "dev");
}

TEST_CASE("config.md#linux-mount-options 15: nodiratime sets the flag of the mount") {
  check_sets("nodiratime", "diratime");
}

TEST_CASE("config.md#linux-mount-options 16: noexec sets the flag of the mount") {
  check_sets("noexec", "exec");
}

TEST_CASE(
    "config.md#linux-mount-options 17: noiversion is known, and no data for the file system") {
  check_is_no_data("noiversion");
}

TEST_CASE("config.md#linux-mount-options 18: nolazytime takes back lazytime") {
  check_clears_super("nolazytime", "lazytime");
}

TEST_CASE(
    "config.md#linux-mount-options 19: norelatime is known, and no data for the file system") {
  check_is_no_data("norelatime");
}

TEST_CASE("config.md#linux-mount-options 20: nostrictatime takes back strictatime") {
  CHECK_FALSE(has_option(made_with({"strictatime"}).options, "relatime"));
  CHECK(has_option(made_with({"strictatime", "nostrictatime"}).options, "relatime"));
}

TEST_CASE("config.md#linux-mount-options 21: nosuid sets the flag of the mount") {
  check_sets("nosuid", "suid");
}

TEST_CASE("config.md#linux-mount-options 22: nosymfollow sets the flag of the mount (SHOULD)") {
  check_sets("nosymfollow", "symfollow");
}

TEST_CASE("config.md#linux-mount-options 28: relatime sets the flag of the mount") {
  check_sets("relatime", "noatime");
}

TEST_CASE("config.md#linux-mount-options 29: remount changes what is mounted there") {
  Container container;
  add_mount(container.config, "/m", "tmpfs", "tmpfs", {});
  CHECK(container.tells("touch /m/file").value("touch") == "ok");
  add_mount(container.config, "/m", "tmpfs", "tmpfs", {"remount", "ro"});
  const Outcome seen = container.tells("touch /m/file -- mount /m");
  CHECK(seen.value("touch") == "EROFS");
  CHECK(seen.value("mount.type") == "tmpfs");
}

TEST_CASE("config.md#linux-mount-options 38: ro sets the flag of the mount") {
  check_sets("ro", "rw");
}

TEST_CASE("config.md#linux-mount-options 49: rw takes back ro") {
  check_clears("rw", "ro");
}

TEST_CASE("config.md#linux-mount-options 51: silent is known, and no data for the file system") {
  check_is_no_data("silent");
}

TEST_CASE("config.md#linux-mount-options 53: strictatime takes relatime from the mount") {
  CHECK(has_option(made_with({}).options, "relatime"));
  const std::string options = made_with({"strictatime"}).options;
  CHECK_FALSE(has_option(options, "relatime"));
  CHECK_FALSE(has_option(options, "noatime"));
}

TEST_CASE("config.md#linux-mount-options 54: suid takes back nosuid") {
  check_clears("suid", "nosuid");
}

TEST_CASE("config.md#linux-mount-options 55: symfollow takes back nosymfollow (SHOULD)") {
  check_clears("symfollow", "nosymfollow");
}

TEST_CASE("config.md#linux-mount-options 56: sync sets the flag of the file system") {
  check_sets_super("sync");
}

TEST_CASE("config.md#linux-mount-options 71: of two options that differ the last counts (SHOULD)") {
  CHECK(has_option(made_with({"rw", "ro"}).options, "ro"));
  CHECK(has_option(made_with({"ro", "rw"}).options, "rw"));
  CHECK(has_option(made_with({"exec", "noexec"}).options, "noexec"));
}

TEST_CASE("config.md#linux-mount-options 72: an unknown option is the file system's (SHOULD)") {
  CHECK(has_option(made_with({"size=128k", "nr_inodes=77"}).super, "size=128k"));
  CHECK(has_option(made_with({"size=128k", "nr_inodes=77"}).super, "nr_inodes=77"));
}
