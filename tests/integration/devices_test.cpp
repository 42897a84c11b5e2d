// config-linux.md#devices and #default-devices.
#include <sys/stat.h>
#include <sys/sysmacros.h>

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

namespace {

Json device(const std::string& path, const std::string& type, int major, int minor) {
  return {{"path", path}, {"type", type}, {"major", major}, {"minor", minor}};
}

}  // namespace

TEST_CASE("devices: the default ones are there, for everybody") {
  Bundle bundle;
  const Outcome outcome = bundle.report(
      "stat /dev/null -- stat /dev/zero -- stat /dev/full -- stat /dev/random -- "
      "stat /dev/urandom -- stat /dev/tty");
  CHECK(outcome.values("rdev") == Values{"1:3", "1:5", "1:7", "1:8", "1:9", "5:0"});
  CHECK(outcome.values("mode") == Values(6, "0666"));
  CHECK(outcome.values("uid") == Values(6, "0"));
}

TEST_CASE("devices: the links of default devices are there") {
  Bundle bundle;
  const Outcome outcome = bundle.report(
      "readlink /dev/fd -- readlink /dev/stdin -- readlink /dev/stdout -- readlink /dev/stderr -- "
      "readlink /dev/ptmx");
  CHECK(outcome.values("link") == Values{"/proc/self/fd", "/proc/self/fd/0", "/proc/self/fd/1",
                                         "/proc/self/fd/2", "pts/ptmx"});
}

TEST_CASE("devices: /dev/console is there only with a terminal") {
  Bundle bundle;
  CHECK(bundle.report("stat /dev/console").value("stat") == "ENOENT");
}

TEST_CASE("devices: a configured one has its numbers, mode and owner") {
  Bundle bundle;
  Json fuse = device("/dev/own/fuse", "c", 10, 229);
  fuse.update({{"fileMode", 0640}, {"uid", 5}, {"gid", 6}});
  bundle.config["linux"]["devices"] = {fuse, device("/dev/loop", "b", 7, 0)};
  const Outcome outcome = bundle.report("stat /dev/own/fuse -- stat /dev/loop");
  CHECK(outcome.values("type") == Values{"char", "block"});
  CHECK(outcome.values("rdev") == Values{"10:229", "7:0"});
  CHECK(outcome.values("mode").front() == "0640");
  CHECK(outcome.values("uid").front() == "5");
  CHECK(outcome.values("gid").front() == "6");
}

TEST_CASE("devices: a FIFO needs no numbers") {
  Bundle bundle;
  bundle.config["linux"]["devices"] = {{{"path", "/dev/pipe"}, {"type", "p"}}};
  CHECK(bundle.report("stat /dev/pipe").value("type") == "fifo");
}

TEST_CASE("devices: a default one in the configuration is no error") {
  if (testing_old_runc()) return skip_case("runc 1.1 denies them in its cgroup then");
  Bundle bundle;
  bundle.config["linux"]["devices"] = {device("/dev/null", "c", 1, 3),
                                       device("/dev/tty", "c", 5, 0)};
  CHECK(bundle.report("stat /dev/null").value("rdev") == "1:3");
}

TEST_CASE("devices: in a user namespace the host's node is bound") {
  Bundle bundle;
  bundle.map_ids(1'000'000);
  bundle.config["linux"]["devices"] = {device("/dev/loop-control", "c", 10, 237)};
  if (!fs::exists("/dev/loop-control")) return skip_case("the host has no /dev/loop-control");
  const Outcome outcome = bundle.report("stat /dev/loop-control -- mount /dev/loop-control");
  CHECK(outcome.value("rdev") == "10:237");
  CHECK(outcome.value("mount.root") == "/loop-control");
}

TEST_CASE("devices: the host's own nodes are left as they are") {
  if (testing_old_runc()) return skip_case("runc 1.1 denies the configured node in its cgroup");
  struct stat before = {};
  REQUIRE(::stat("/dev/null", &before) == 0);
  Bundle bundle;
  bundle.config["process"]["user"] = {{"uid", 42}, {"gid", 43}};
  Json null = device("/dev/null", "c", 1, 3);
  null.update({{"fileMode", 0600}, {"uid", 42}, {"gid", 43}});
  bundle.config["linux"]["devices"] = {null};
  bundle.report("stat /dev/null");
  struct stat after = {};
  REQUIRE(::stat("/dev/null", &after) == 0);
  CHECK(after.st_uid == before.st_uid);
  CHECK(after.st_gid == before.st_gid);
  CHECK(after.st_mode == before.st_mode);
}

TEST_CASE("devices: an unknown type is refused") {
  Bundle bundle;
  bundle.config["linux"]["devices"] = {device("/dev/x", "z", 1, 3)};
  CHECK(bundle.run().exit_code == 1);
}

TEST_CASE("devices: a node that the cgroup denies cannot be opened, an allowed one can") {
  Bundle bundle;
  set_capabilities(bundle.config, {"CAP_MKNOD"});
  bundle.config["linux"]["resources"]["devices"] = {
      {{"allow", false}, {"access", "rwm"}},
      {{"allow", true}, {"type", "c"}, {"major", 1}, {"minor", 11}, {"access", "wm"}}};
  const Outcome outcome = bundle.report(
      "mknod /dev/kmsg c 1 11 -- open /dev/kmsg -- mknod /dev/own c 10 229 -- open /dev/own -- "
      "open /dev/null");
  CHECK(outcome.values("open.read") == Values{"EPERM", "EPERM", "ok"});
  CHECK(outcome.values("open.write") == Values{"ok", "EPERM", "ok"});
  // Making nodes of any kind stays allowed: runc's and its engines' default.
  CHECK(outcome.values("mknod").front() == "ok");
}
