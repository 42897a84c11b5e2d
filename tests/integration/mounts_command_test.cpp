// `mounts add` and `mounts remove`: mounts of a container that runs.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/text.hpp"
#include "tests/support/waiting.hpp"

using namespace coracle::test;
namespace fs = std::filesystem;

namespace {

Json mount(const std::string& destination, const std::string& type, const std::string& source,
           const std::vector<std::string>& options) {
  return {{"destination", destination}, {"type", type}, {"source", source}, {"options", options}};
}

Outcome change(const Waiting& container, const std::string& action, const Json& mounts) {
  const Bundle& bundle = container.bundle;
  const std::string file = bundle.path("mounts.json");
  write_file(file, mounts.dump());
  ::chmod(file.c_str(), 0644);
  return bundle.command({"mounts", action, bundle.id(), file});
}

Json at_destination(const std::string& path) {
  return Json::array({Json{{"destination", path}}});
}

// A directory of the host with one file, which a mapped root may read.
std::string volume(const Bundle& bundle) {
  const std::string path = bundle.path("volume");
  fs::create_directories(path);
  write_file(path + "/file", "file of the host\n");
  return path;
}

}  // namespace

TEST_CASE("mounts: a directory of the host is added read-only, and removed") {
  for (const Owner owner : {Owner::root, Owner::mapped, Owner::user}) {
    CAPTURE(std::string(name(owner)));
    const Waiting container(owner);
    container.launch();
    const Json mounts =
        Json::array({mount("/a/b", "bind", volume(container.bundle), {"bind", "ro", "noexec"})});
    const Outcome added = change(container, "add", mounts);
    REQUIRE_MESSAGE(added.exit_code == 0, added.text());
    const Outcome there = container.report("cat /a/b/file -- touch /a/b/new -- mount /a/b");
    CHECK(contains(there.out, "file of the host"));
    CHECK(contains(there.out, "EROFS"));
    CHECK(contains(there.out, "noexec"));
    const Outcome removed = change(container, "remove", mounts);
    CHECK_MESSAGE(removed.exit_code == 0, removed.text());
    CHECK_FALSE(contains(container.report("ls /a/b").out, "file"));
  }
}

TEST_CASE("mounts: a tmpfs is added that belongs to the container's root") {
  in_every_place([](const Waiting& container) {
    container.launch();
    const Json mounts = Json::array({mount("/new", "tmpfs", "tmpfs", {"size=64k", "mode=700"})});
    const Outcome added = change(container, "add", mounts);
    REQUIRE_MESSAGE(added.exit_code == 0, added.text());
    const Outcome there = container.report("stat /new -- touch /new/file");
    CHECK(there.value("uid") == "0");
    CHECK(there.value("mode") == "0700");
    CHECK(change(container, "remove", mounts).exit_code == 0);
    CHECK_FALSE(contains(container.report("ls /new").out, "file"));
  });
}

TEST_CASE("mounts: into a container that is created or paused too") {
  const Waiting container;
  container.create();
  const Json first = Json::array({mount("/first", "tmpfs", "tmpfs", {})});
  CHECK(change(container, "add", first).exit_code == 0);
  REQUIRE(container.bundle.start().exit_code == 0);
  REQUIRE(container.bundle.command({"pause", container.bundle.id()}).exit_code == 0);
  const Json second = Json::array({mount("/second", "tmpfs", "tmpfs", {})});
  CHECK(change(container, "add", second).exit_code == 0);
  REQUIRE(container.bundle.command({"resume", container.bundle.id()}).exit_code == 0);
  const Outcome there = container.report("mount /first -- mount /second");
  CHECK(there.values("mount.type") == std::vector<std::string>{"tmpfs", "tmpfs"});
}

TEST_CASE("mounts: a stopped container takes none") {
  const Waiting container;
  container.launch();
  REQUIRE(container.bundle.kill("KILL").exit_code == 0);
  REQUIRE(container.bundle.reaches("stopped"));
  const Json mounts = Json::array({mount("/new", "tmpfs", "tmpfs", {})});
  CHECK(contains(change(container, "add", mounts).err, "container not running"));
}

TEST_CASE("mounts: all are made or none") {
  const Waiting container;
  container.launch();
  const std::string path = volume(container.bundle);
  const Json missing = Json::array(
      {mount("/one", "bind", path, {"bind"}), mount("/two", "bind", path + "/nothing", {"bind"})});
  CHECK(contains(change(container, "add", missing).err, "/nothing"));
  const Json refused = Json::array({mount("/one", "bind", path, {"bind"}),
                                    mount("/one/x", "tmpfs", "tmpfs", {"size=nonsense"})});
  CHECK(change(container, "add", refused).exit_code == 1);
  CHECK_FALSE(contains(container.report("mountinfo").out, "/one"));
}

TEST_CASE("mounts: one that fails when it is in its place already goes with those before it") {
  const Waiting container;
  const Bundle& bundle = container.bundle;
  fs::create_directory(bundle.rootfs() + "/large");
  write_file(bundle.rootfs() + "/large/file", std::string(20'000, 'x'));
  fs::create_symlink("anywhere", bundle.path("link"));
  container.launch();
  const Outcome refused =
      change(container, "add",
             Json::array({mount("/one", "bind", volume(bundle), {"bind"}),
                          mount("/link", "bind", bundle.path("link"), {"bind", "copy-symlink"}),
                          mount("/large", "tmpfs", "tmpfs", {"size=8k", "tmpcopyup"})}));
  CHECK_MESSAGE(contains(refused.err, "no space left"), refused.text());
  const Outcome after = container.report("mountinfo -- stat /large/file -- ls /");
  CHECK_FALSE(contains(after.out, " /one "));
  CHECK_FALSE(contains(after.out, " /large "));
  CHECK(after.value("size") == "20000");
  CHECK_FALSE(contains(after.out, "entry=link"));
}

TEST_CASE("mounts: a symlink of the container's cannot lead outside, nor below /proc") {
  const Waiting container;
  container.launch();
  const Bundle& bundle = container.bundle;
  fs::create_directories(bundle.path("target"));
  fs::create_symlink(bundle.path("target"), bundle.rootfs() + "/tmp/outside");
  fs::create_symlink("/proc/1", bundle.rootfs() + "/tmp/process");
  fs::create_symlink("/", bundle.rootfs() + "/tmp/top");
  const auto at = [&](const std::string& place) {
    return change(container, "add", Json::array({mount(place, "tmpfs", "tmpfs", {})}));
  };
  CHECK(at("/tmp/outside").exit_code == 0);
  CHECK(fs::exists(bundle.rootfs() + bundle.path("target")));
  CHECK(fs::is_empty(bundle.path("target")));
  CHECK(contains(at("/tmp/process/attr").err, "inside /proc"));
  CHECK(contains(at("/tmp/top").err, "the root itself"));
}

TEST_CASE("mounts: what the container shows at /proc is not believed") {
  Waiting container;
  set_capabilities(container.bundle.config, {"CAP_SYS_ADMIN", "CAP_KILL"});
  drop_mount(container.bundle.config, "/proc");
  container.launch();
  const Json mounts = Json::array({mount("/new", "bind", volume(container.bundle), {"bind"})});
  const Outcome added = change(container, "add", mounts);
  CHECK_MESSAGE(added.exit_code == 0, added.text());
  CHECK(contains(container.report("cat /new/file").out, "file of the host"));
}

TEST_CASE("mounts: only what is a mount point can be removed, and not the root") {
  const Waiting container;
  container.launch();
  CHECK(contains(change(container, "remove", at_destination("/tmp")).err, "is not a mount point"));
  CHECK(contains(change(container, "remove", at_destination("/")).err,
                 "the root itself cannot be removed"));
  CHECK(contains(change(container, "remove", at_destination("/nothing")).err,
                 "no such file or directory"));
}

TEST_CASE("mounts: what belongs to a container's making is refused") {
  const Waiting container;
  container.launch();
  for (const char* type : {"proc", "sysfs", "cgroup"}) {
    const std::string place = std::string(type) == "proc" ? "/proc" : "/x";
    const Outcome outcome = change(container, "add", Json::array({mount(place, type, type, {})}));
    CHECK(contains(outcome.err, "a running container takes bind mounts and new file systems"));
  }
  const Outcome remount =
      change(container, "add", Json::array({mount("/dev", "tmpfs", "tmpfs", {"remount"})}));
  CHECK(contains(remount.err, "but no remount"));
}

TEST_CASE("mounts: a container in the host's mount namespace takes none") {
  Waiting container;
  drop_namespace(container.bundle.config, "mount");
  container.bundle.config["mounts"] = Json::array();
  container.bundle.config["linux"].erase("maskedPaths");
  container.bundle.config["linux"].erase("readonlyPaths");
  container.launch();
  const Json mounts = Json::array({mount("/new", "tmpfs", "tmpfs", {})});
  CHECK(contains(change(container, "add", mounts).err, "no mount namespace of its own"));
}

TEST_CASE("mounts: nothing mounted on what was added appears on the host") {
  Waiting container;
  set_capabilities(container.bundle.config, {"CAP_SYS_ADMIN", "CAP_KILL"});
  container.launch();
  const std::string path = volume(container.bundle);
  fs::create_directories(path + "/below");
  REQUIRE(
      change(container, "add", Json::array({mount("/new", "bind", path, {"rbind"})})).exit_code ==
      0);
  CHECK(container.report("do-mount tmpfs /new/below tmpfs").value("do-mount") == "ok");
  for (const std::string& line : host_mounts()) CHECK_FALSE(contains(line, "volume/below"));
}

TEST_CASE("mounts: the list may come from stdin, and must be one") {
  const Waiting container;
  container.launch();
  const Bundle& bundle = container.bundle;
  Program add = bundle.program({"mounts", "add", bundle.id(), "-"});
  add.input = Json::array({mount("/new", "tmpfs", "tmpfs", {})}).dump();
  CHECK(run(add).exit_code == 0);
  CHECK(container.report("mount /new").value("mount.type") == "tmpfs");
  CHECK(contains(change(container, "add", Json{{"mounts", Json::array()}}).err,
                 "an object is not an array"));
  CHECK(contains(change(container, "change", Json::array()).err, "not add or remove"));
}
