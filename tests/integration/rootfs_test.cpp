// config.md#root and what protects it: read-only, propagation, masked and read-only paths.
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/bundle.hpp"
#include "tests/support/summary.hpp"
#include "tests/support/text.hpp"

using namespace coracle::test;
namespace fs = std::filesystem;
using Values = std::vector<std::string>;

TEST_CASE("root: it is the file system at root.path and nothing of the host's") {
  Bundle bundle;
  const Outcome outcome = bundle.report("ls /");
  CHECK(outcome.values("entry") == Values{"dev", "etc", "probe", "proc", "sys", "tmp"});
}

TEST_CASE("root: an absolute path works as a relative one does") {
  Bundle bundle;
  bundle.config["root"]["path"] = bundle.rootfs();
  CHECK(bundle.report("ids").value("uid") == "0");
}

TEST_CASE("root: readonly is for the root, not for the mounts in it") {
  Bundle bundle;
  bundle.config["root"]["readonly"] = true;
  add_mount(bundle.config, "/tmp", "tmpfs", "tmpfs", {});
  const Outcome outcome = bundle.report("readonly / -- readonly /etc -- readonly /tmp");
  CHECK(outcome.values("writable") == Values{"EROFS", "EROFS", "ok"});
}

TEST_CASE("root: readonly holds in a user namespace too") {
  Bundle bundle;
  bundle.config["root"]["readonly"] = true;
  bundle.map_ids(1'000'000);
  CHECK(bundle.report("readonly /").value("writable") == "EROFS");
}

TEST_CASE("root: without readonly it can be written, and the bundle has it") {
  Bundle bundle;
  CHECK(bundle.report("write /made text").value("write") == "ok");
  CHECK(read_file(bundle.rootfs() + "/made") == "text");
}

TEST_CASE("root: a path that is not there is refused and named") {
  Bundle bundle;
  bundle.config["root"]["path"] = "nowhere";
  const Outcome outcome = bundle.run();
  CHECK(outcome.exit_code == 1);
  CHECK_MESSAGE(contains(outcome.err, "nowhere"), outcome.text());
}

TEST_CASE("root: propagation is private without a word") {
  Bundle bundle;
  CHECK(bundle.report("mount /").value("mount.tags") == "");
}

TEST_CASE("root: propagation is private on machines whose mounts are shared, too") {
  if (testing_old_runc()) return skip_case("runc 1.1.5 leaves it a slave");
  Bundle bundle;
  bundle.probe("mount /");
  const Outcome outcome = run_after(bundle, "mount --make-rshared /");
  CHECK_MESSAGE(outcome.exit_code == 0, outcome.text());
  CHECK(outcome.value("mount.tags") == "");
}

TEST_CASE("root: propagation is as rootfsPropagation says") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  Bundle bundle;
  bundle.config["linux"]["rootfsPropagation"] = "shared";
  CHECK(bundle.report("mount /").value("mount.tags").starts_with("shared:"));
  bundle.config["linux"]["rootfsPropagation"] = "unbindable";
  CHECK(bundle.report("mount /").value("mount.tags") == "unbindable");
}

TEST_CASE("root: an unknown propagation is refused") {
  Bundle bundle;
  bundle.config["linux"]["rootfsPropagation"] = "sideways";
  CHECK(bundle.run().exit_code == 1);
}

TEST_CASE("root: the old root is gone") {
  Bundle bundle;
  const Outcome outcome = bundle.report("mountinfo");
  CHECK_FALSE(contains(outcome.out, "/sys/fs/cgroup/"));
  CHECK_FALSE(contains(outcome.out, " /dev/vda rw /"));
  CHECK(outcome.out.find("- ext4") == outcome.out.rfind("- ext4"));
}

TEST_CASE("root: --no-pivot hides the host's files as well") {
  Bundle bundle;
  bundle.probe("ls / -- line /etc/os-release");
  const Outcome outcome = bundle.run({"--no-pivot"});
  CHECK_MESSAGE(outcome.exit_code == 0, outcome.text());
  CHECK(outcome.values("entry") == Values{"dev", "etc", "probe", "proc", "sys", "tmp"});
}

TEST_CASE("maskedPaths: a file reads empty, a directory is empty and read-only") {
  Bundle bundle;
  write_file(bundle.rootfs() + "/etc/secret", "text\n");
  fs::create_directory(bundle.rootfs() + "/etc/hidden");
  write_file(bundle.rootfs() + "/etc/hidden/file", "text\n");
  bundle.config["linux"]["maskedPaths"] = {"/etc/secret", "/etc/hidden", "/no/such/path"};
  const Outcome outcome = bundle.report(
      "cat /etc/secret -- stat /etc/secret -- ls /etc/hidden -- readonly /etc/hidden");
  CHECK(outcome.out.starts_with("type=char\n"));
  CHECK(outcome.values("entry").empty());
  CHECK(outcome.value("writable") == "EROFS");
}

TEST_CASE("maskedPaths: they stay masked for root with every right") {
  Bundle bundle;
  set_capabilities(bundle.config, {"CAP_SYS_ADMIN", "CAP_DAC_OVERRIDE"});
  write_file(bundle.rootfs() + "/etc/secret", "text\n");
  bundle.map_ids(1'000'000);
  bundle.config["linux"]["maskedPaths"] = {"/etc/secret"};
  const Outcome outcome = bundle.report("cat /etc/secret -- mount /etc/secret");
  CHECK_FALSE(contains(outcome.out, "text"));
}

TEST_CASE("maskedPaths: one mount however often a path is listed, one file system for all") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  Bundle bundle;
  for (const char* name : {"/etc/a", "/etc/b"}) fs::create_directory(bundle.rootfs() + name);
  bundle.config["linux"]["maskedPaths"] = {"/etc/a", "/etc/b", "/etc/a"};
  const std::string mounts = bundle.report("mountinfo").out;
  CHECK(mounts.find(" /etc/a ") == mounts.rfind(" /etc/a "));
}

TEST_CASE("readonlyPaths: a file and a directory can be read but not written") {
  Bundle bundle;
  write_file(bundle.rootfs() + "/etc/file", "text\n");
  fs::create_directory(bundle.rootfs() + "/etc/dir");
  bundle.config["linux"]["readonlyPaths"] = {"/etc/file", "/etc/dir", "/proc/sys", "/no/such"};
  const Outcome outcome = bundle.report(
      "line /etc/file -- readonly /etc/file -- readonly /etc/dir -- "
      "readonly /proc/sys/kernel/hostname");
  CHECK(outcome.value("/etc/file") == "text");
  CHECK(outcome.values("writable") == Values{"EROFS", "EROFS", "EROFS"});
}

TEST_CASE("protected paths: they keep the flags that their mounts have") {
  Bundle bundle;
  bundle.config["linux"]["readonlyPaths"] = {"/proc/sys"};
  drop_mount(bundle.config, "/proc");
  add_mount(bundle.config, "/proc", "proc", "proc", {"nosuid", "noexec", "nodev"});
  const std::string options = bundle.report("mount /proc/sys").value("mount.options");
  for (const char* word : {"ro", "nosuid", "nodev", "noexec"}) CHECK(contains(options, word));
}
