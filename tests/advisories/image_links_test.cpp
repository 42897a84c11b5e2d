// Advisories about links that an image has where the runtime mounts, makes or removes something.
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/attack.hpp"
#include "tests/support/text.hpp"

using namespace coracle::test;
namespace fs = std::filesystem;

namespace {

// With openat2(2), and with the walk that stands in for it.
const std::vector<std::vector<std::string>> resolvers = {{}, {CORACLE_WITHOUT_BINARY, "openat2"}};

// An absolute link and one that climbs: for a runtime that joins strings, and one that resolves
// relative links alone.
std::vector<std::string> targets(const Attack& attack) {
  return {attack.victim.path(), attack.victim.climbing()};
}

// The image has `name` as link to the victim, and whatever `arrange` adds.
template <class F>
void attack_by_link(const std::string& name, F arrange) {
  for (const Way& way : ways_with_users()) {
    for (const int kind : {0, 1}) {
      Attack attack(way);
      attack.replace_by_link(name, targets(attack).at(static_cast<std::size_t>(kind)));
      arrange(attack);
      attack.attempt();
    }
  }
}

// As above, where the runtime must refuse to run it.
void refuses_link(const std::string& name) {
  for (const Way& way : ways_with_users()) {
    Attack attack(way);
    attack.replace_by_link(name, attack.victim.path());
    attack.bundle.probe("write " + name + "/planted x");
    CHECK_MESSAGE(attack.attempt().exit_code != 0, way.text());
  }
}

}  // namespace

TEST_CASE("attacks: each begins with a container that runs in every way") {
  for (const Way& way : ways_with_users()) {
    Attack attack(way);
    const Outcome outcome = attack.attempt();
    CHECK_MESSAGE(outcome.exit_code == 0, way.text(), outcome.text());
    CHECK_MESSAGE(outcome.value("uid") == "0", way.text(), outcome.text());
  }
}

TEST_CASE("CVE-2013/2015-133x (LXC): a destination that is a link stays inside the image") {
  attack_by_link("/etc/evil", [](Attack& attack) {
    add_mount(attack.bundle.config, "/etc/evil", "tmpfs", "tmpfs", {});
    attack.bundle.probe("write /etc/evil/planted x");
  });
  // Nothing is mounted on the link, so that nothing is between what is made below it and a victim.
  attack_by_link("/etc/evil", [](Attack& attack) {
    write_file(attack.bundle.path("source"), "text\n");
    add_mount(attack.bundle.config, "/etc/evil/made", "tmpfs", "tmpfs", {});
    add_mount(attack.bundle.config, "/etc/evil/file", "bind", attack.bundle.path("source"),
              {"bind"});
    attack.bundle.probe("write /etc/evil/planted x");
  });
}

TEST_CASE("CVE-2019-18837: directories of the image that lead out of it are not mounted through") {
  for (const char* name : {"/dev", "/dev/pts", "/dev/shm"}) {
    attack_by_link("/dev", [name](Attack& attack) {
      drop_mount(attack.bundle.config, name);
      attack.bundle.config["linux"]["maskedPaths"] = {"/etc/null", "/dev/null", "/sys/firmware"};
      attack.bundle.config["linux"]["readonlyPaths"] = {"/etc", "/proc/sys"};
      attack.bundle.probe("write /dev/shm/planted x");
    });
  }
}

TEST_CASE("CVE-2023-27561: /proc of the image as link to a volume is refused") {
  for (const Way& way : ways_with_users()) {
    Attack attack(way);
    const std::string volume = attack.bundle.path("volume");
    fs::create_directories(volume + "/self");
    fs::permissions(volume, fs::perms(0777));
    fs::create_directory(attack.bundle.rootfs() + "/volume");
    attack.replace_by_link("/proc", "/volume");
    // Before /proc, as volumes of engines are not; a runtime mounts in the order that it is given.
    const Json others = attack.bundle.config["mounts"];
    attack.bundle.config["mounts"] = Json::array();
    add_mount(attack.bundle.config, "/volume", "bind", volume, {"bind"});
    for (const Json& mount : others) attack.bundle.config["mounts"].push_back(mount);
    CHECK_MESSAGE(attack.attempt().exit_code != 0, way.text());
  }
}

TEST_CASE("CVE-2023-28642: /proc of the image as link is refused, labels are not faked") {
  refuses_link("/proc");
}

TEST_CASE("CVE-2025-54867: /sys of the image as link is refused") {
  refuses_link("/sys");
}

TEST_CASE("CVE-2025-24965: links where the runtime makes files, devices and links") {
  for (const auto& resolver : resolvers) {
    for (const Way& way : ways_with_users()) {
      Attack attack(way);
      attack.leave_dev_to_image();
      const std::string& victim = attack.victim.path();
      for (const char* name : {"/null", "/full", "/zero", "/fd", "/stdin", "/ptmx", "/console"})
        attack.replace_by_link(std::string("/dev") + name, victim + name);
      attack.replace_by_link("/etc/file", victim + "/made");
      attack.replace_by_link("/etc/chain", "/etc/chain2");
      attack.replace_by_link("/etc/chain2", "../.." + victim + "/../victim/other");
      write_file(attack.bundle.path("source"), "text\n");
      add_mount(attack.bundle.config, "/etc/file", "bind", attack.bundle.path("source"), {"bind"});
      add_mount(attack.bundle.config, "/etc/chain", "tmpfs", "tmpfs", {});
      attack.bundle.config["process"]["cwd"] = "/etc/chain/down";
      attack.attempt(resolver);
    }
  }
}

TEST_CASE("CVE-2026-41579: /dev of the image as link, nothing of the host is removed or made") {
  for (const auto& resolver : resolvers) {
    for (const Way& way : ways_with_users()) {
      for (const int kind : {0, 1}) {
        Attack attack(way);
        attack.leave_dev_to_image();
        attack.replace_by_link("/dev", targets(attack).at(static_cast<std::size_t>(kind)));
        attack.attempt(resolver);
      }
    }
  }
}

TEST_CASE("CVE-2026-47766: /dev of the image as link, no default device is made on the host") {
  for (const Way& way : ways_with_users()) {
    Attack attack(way);
    attack.leave_dev_to_image();
    attack.replace_by_link("/dev", attack.victim.path() + "/dir");
    attack.bundle.config["linux"]["devices"] = {
        {{"type", "c"}, {"path", "/dev/fuse"}, {"major", 10}, {"minor", 229}}};
    attack.attempt();
  }
}

TEST_CASE("state directory: an id leads nowhere else, a link in its place is no state") {
  for (const std::string id : {"..", "../victim", "a/../../victim", "."}) {
    Attack attack(Way{});
    const Bundle& bundle = attack.bundle;
    CHECK(bundle.command({"run", "--bundle", bundle.dir(), id}).exit_code != 0);
    CHECK(bundle.command({"delete", "--force", id}).out == "");
  }
  Attack attack(Way{});
  fs::create_directory(attack.bundle.root());
  fs::create_directory_symlink(attack.victim.path(),
                               attack.bundle.root() + "/" + attack.bundle.id());
  CHECK(attack.bundle.run().exit_code != 0);
  fs::remove(attack.bundle.root() + "/" + attack.bundle.id());
}
