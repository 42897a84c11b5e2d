// config.md#mounts and #posix-platform-mounts, but for the options.
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include <doctest/doctest.h>

#include "conformance/spec/container.hpp"

using namespace coracle::conformance;

namespace {

// A directory of the host with a file of user 0's, bound to /m.
struct Bound : Container {
  Bound() {
    REQUIRE(::mkdir(path("source").c_str(), 0755) == 0);
    REQUIRE(::mount("tmpfs", path("source").c_str(), "tmpfs", 0, nullptr) == 0);
    write_file(path("source/file"), "");
    add_mount(config, "/m", "none", path("source"), {"bind"});
  }
  ~Bound() { ::umount2(path("source").c_str(), MNT_DETACH); }

  void map(const std::string& kind) {
    config["mounts"].back()["options"] = {"bind", "idmap"};
    config["mounts"].back()[kind] = {{{"containerID", 0}, {"hostID", 5000}, {"size", 1000}}};
  }
};

}  // namespace

TEST_CASE("config.md#mounts 1: a mount is made on what the one listed before has made") {
  Container container;
  add_mount(container.config, "/m", "tmpfs", "first", {});
  add_mount(container.config, "/m/below", "tmpfs", "second", {});
  const Outcome seen = container.tells("mount /m -- mount /m/below");
  const std::vector<std::string> sources = seen.values("mount.source");
  CHECK(sources == std::vector<std::string>{"first", "second"});
  CHECK(container.tells("ls /m").value("entry") == "below");
}

TEST_CASE("config.md#mounts 1: of two mounts at one place the later is on top") {
  Container container;
  add_mount(container.config, "/m", "tmpfs", "first", {"size=64k"});
  add_mount(container.config, "/m", "tmpfs", "second", {"size=128k"});
  CHECK(container.tells("statfs /m").value("fs.bytes") == "131072");
}

TEST_CASE("config.md#mounts 3: a relative destination is relative to the container's root") {
  Container container;
  container.config["process"]["cwd"] = "/tmp";
  add_mount(container.config, "m/relative", "tmpfs", "relative", {});
  CHECK(container.tells("mount /m/relative").value("mount.source") == "relative");
}

TEST_CASE(
    "config.md#linux-mount-options 63, config.md#linux-mount-options 69, "
    "config.md#posix-platform-mounts 1, config.md#posix-platform-mounts 4: a mapped mount leaves "
    "the owners of its source alone (SHOULD)") {
  Bound container;
  container.map("uidMappings");
  container.map("gidMappings");
  const Outcome seen = container.tells("stat /m/file");
  CHECK(seen.value("uid") == "5000");
  CHECK(seen.value("gid") == "5000");
  struct stat facts = {};
  REQUIRE(::stat(container.path("source/file").c_str(), &facts) == 0);
  CHECK(facts.st_uid == 0);
  CHECK(facts.st_gid == 0);
}

TEST_CASE("config.md#posix-platform-mounts 3: uidMappings without gidMappings are refused") {
  Bound container;
  container.must_refuse([&](Json&) { container.map("uidMappings"); });
}

TEST_CASE("config.md#posix-platform-mounts 6: gidMappings without uidMappings are refused") {
  Bound container;
  container.must_refuse([&](Json&) { container.map("gidMappings"); });
}
