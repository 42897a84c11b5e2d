// Advisories about files of /dev that are not what their names say.
#include <filesystem>
#include <string>

#include <doctest/doctest.h>

#include "tests/support/attack.hpp"
#include "tests/support/racer.hpp"
#include "tests/support/sockets.hpp"
#include "tests/support/text.hpp"

using namespace coracle::test;
namespace fs = std::filesystem;

namespace {

constexpr const char* core_pattern = "/proc/sys/kernel/core_pattern";

// A volume of the attacker's is the container's /dev; its path.
std::string bring_dev(Attack& attack) {
  const std::string devices = attack.bundle.path("devices");
  fs::create_directories(devices + "/pts");
  fs::create_directories(devices + "/shm");
  fs::create_directories(devices + "/evil");
  for (const std::string& directory : {devices, devices + "/evil"})
    fs::permissions(directory, fs::perms(0777));
  attack.leave_dev_to_image();
  add_mount(attack.bundle.config, "/dev", "bind", devices, {"bind"});
  return devices;
}

// Nothing of the masked file is to be read, and what is written to it gets nowhere.
void hide_secret(Attack& attack) {
  write_file(attack.bundle.rootfs() + "/etc/secret", "text\n");
  attack.bundle.config["linux"]["maskedPaths"] = {"/etc/secret"};
  attack.bundle.probe("cat /etc/secret -- write /etc/secret x");
}

// `target` in the image's own /dev, which nothing covers, or in one that is brought.
void attack_null(const std::string& target, bool brought) {
  for (const Way& way : ways_with_users()) {
    Attack attack(way);
    if (brought) {
      fs::create_symlink(target, bring_dev(attack) + "/null");
    } else {
      attack.leave_dev_to_image();
      attack.replace_by_link("/dev/null", target);
    }
    hide_secret(attack);
    const Outcome outcome = attack.attempt();
    CHECK_MESSAGE(!contains(outcome.out, "text"), way.text(), outcome.text());
  }
}

}  // namespace

TEST_CASE("CVE-2025-31133: a /dev/null that is a link is not bound on masked paths") {
  attack_null(core_pattern, true);
  attack_null(core_pattern, false);
}

TEST_CASE("CVE-2025-31133: nor one that leads nowhere: the masked path stays hidden") {
  attack_null("/absent", true);
}

TEST_CASE("CVE-2025-31133: nor one that changes places with a file while it is bound") {
  for (const Way& way : ways()) {
    Attack attack(way);
    const std::string devices = bring_dev(attack);
    fs::create_symlink(core_pattern, devices + "/evil/null");
    write_file(devices + "/null", "");
    hide_secret(attack);
    attack.attempt();
    const Racer racer(devices + "/null", devices + "/evil/null");
    for (int i = 1; i < races(48) / 8; ++i) {
      const Outcome outcome = attack.attempt();
      CHECK_MESSAGE(!contains(outcome.out, "text"), way.text(), outcome.text());
    }
  }
}

// devpts is where it should be, and its directory changes places with one of the attacker's.
TEST_CASE("CVE-2025-52565: /dev/console is the terminal, whatever happens to /dev/pts") {
  for (Way way : ways()) {
    if (!way.terminal) continue;
    Attack attack(way);
    const std::string devices = bring_dev(attack);
    fs::create_symlink("pts/ptmx", devices + "/ptmx");
    for (const char* name : {"/console", "/null"}) {
      write_file(devices + name, "");
      fs::permissions(devices + name, fs::perms(0666));
    }
    add_mount(attack.bundle.config, "/dev/null", "bind", "/dev/null", {"bind"});
    for (int i = 0; i < 4; ++i)
      fs::create_symlink(core_pattern, devices + "/evil/" + std::to_string(i));
    add_mount(attack.bundle.config, "/dev/pts", "devpts", "devpts",
              {"newinstance", "ptmxmode=0666", "mode=0620"});
    attack.bundle.probe("stat /dev/console -- write /dev/console x");
    CHECK_MESSAGE(attack.attempt().value("rdev").starts_with("136:"), way.text());
    const Racer racer(devices + "/pts", devices + "/evil");
    for (int i = 1; i < races(120) / 4; ++i) {
      const Outcome outcome = attack.attempt();
      if (outcome.exit_code != 0) continue;  // refused
      CHECK_MESSAGE(outcome.value("rdev").starts_with("136:"), way.text(), outcome.text());
    }
  }
}

TEST_CASE("CVE-2025-52565: a /dev/console of the image that is a link is not bound on") {
  for (const Way& way : ways_with_users()) {
    for (const bool brought : {false, true}) {
      Attack attack(way);
      if (brought) {
        const std::string devices = bring_dev(attack);
        fs::create_symlink("/etc/secret", devices + "/console");
        fs::create_symlink("pts/ptmx", devices + "/ptmx");
      } else {
        attack.leave_dev_to_image();
        attack.replace_by_link("/dev/console", attack.victim.climbing() + "/made");
      }
      add_mount(attack.bundle.config, "/dev/pts", "devpts", "devpts",
                {"newinstance", "ptmxmode=0666", "mode=0620"});
      attack.attempt();
    }
  }
}

TEST_CASE("CVE-2025-52565: exec takes no terminal from a /dev/pts/ptmx that is none") {
  for (const Owner owner : {Owner::root, Owner::mapped, Owner::user}) {
    Besieged container(owner);
    drop_mount(container.bundle.config, "/dev/pts");
    container.launch();
    const std::string socket = container.bundle.path("console");
    const DeliverySocket console(socket);
    fs::permissions(socket, fs::perms(0777));
    const Outcome outcome =
        container.exec({"--detach", "--tty", "--console-socket", socket}, {"/probe", "tty"});
    CHECK_MESSAGE(outcome.exit_code == 255, outcome.text());
  }
}
