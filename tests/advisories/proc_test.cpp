// Advisories about /proc and /sys that are not the kernel's: writes that are led elsewhere.
#include <filesystem>
#include <string>

#include <doctest/doctest.h>

#include "tests/support/apparmor.hpp"
#include "tests/support/attack.hpp"
#include "tests/support/racer.hpp"
#include "tests/support/text.hpp"

using namespace coracle::test;
namespace fs = std::filesystem;

namespace {

// A volume that anybody may write to, with `name` in it as link to `target`.
std::string make_volume(const Attack& attack, const std::string& name, const std::string& target) {
  const std::string volume = attack.bundle.path("volume");
  fs::create_directories(volume);
  fs::permissions(volume, fs::perms(0777));
  fs::create_symlink(target, volume + "/" + name);
  return volume;
}

// As a volume that is to pass for /proc: what runtimes read and write there.
std::string make_proc(const Attack& attack) {
  const std::string volume = make_volume(attack, "thread-self", "self");
  fs::create_directories(volume + "/self/attr");
  fs::create_directories(volume + "/self/task");
  fs::create_directories(volume + "/self/fd");
  fs::create_directories(volume + "/sys");
  for (const char* name : {"attr/exec", "attr/current", "fd/0", "fd/1", "fd/2", "exe"})
    write_file(volume + "/self/" + name, "");
  return volume;
}

// What init of a container has on the host, by its name in /proc/PID/status.
std::string status_of(pid_t pid, const std::string& field) {
  const std::string text = read_file("/proc/" + std::to_string(pid) + "/status");
  const std::size_t at = text.find("\n" + field + ":");
  if (at == std::string::npos) return "(none)";
  const std::size_t from = at + field.size() + 3;
  return text.substr(from, text.find('\n', from) - from);
}

// A volume is to be mounted in a directory that becomes a link into /proc: what the runtime then
// writes at `covered` goes to a file of the attacker's choice.
void race_into_proc(const std::string& covered, const std::string& file, const Json& sysctls) {
  const fs::path place(covered);
  for (const Way& way : ways()) {
    Attack attack(way);
    const std::string rootfs = attack.bundle.rootfs();
    const std::string volume = make_volume(attack, file, "/proc/sys/kernel/core_pattern");
    const std::string target = "/race/" + place.filename().string();
    fs::create_directories(rootfs + target);
    fs::create_directory_symlink(place.parent_path(), rootfs + "/link");
    add_mount(attack.bundle.config, target, "bind", volume, {"bind"});
    attack.bundle.config["linux"]["sysctl"] = sysctls;
    attack.bundle.probe("mount " + covered);
    CHECK_MESSAGE(attack.attempt().exit_code == 0, way.text());
    const Racer racer(rootfs + "/race", rootfs + "/link");
    for (int i = 1; i < races(160) / 8; ++i) {
      const Outcome outcome = attack.attempt();
      if (outcome.exit_code != 0) continue;  // refused
      CHECK_MESSAGE(outcome.value("mount") == "none", way.text(), outcome.text());
    }
  }
}

const std::string secret = "what the profile denies";

// Confined by the profile it cannot read what is in its /denied.
void confine(Bundle& bundle, const AppArmorProfile& profile) {
  write_file(bundle.rootfs() + "/denied", secret);
  bundle.config["process"]["apparmorProfile"] = profile.name();
}

std::vector<Way> ways_without_terminal() {
  std::vector<Way> found = ways();
  std::erase_if(found, [](const Way& way) { return way.terminal; });
  return found;
}

}  // namespace

TEST_CASE("CVE-2019-16884: a volume may not cover /proc") {
  for (const Way& way : ways_with_users()) {
    for (const char* at : {"/proc", "/proc/self", "/proc/self/attr", "/proc/sys"}) {
      Attack attack(way);
      if (at == std::string("/proc")) drop_mount(attack.bundle.config, at);
      add_mount(attack.bundle.config, at, "bind", make_proc(attack), {"bind"});
      CHECK_MESSAGE(attack.attempt().exit_code != 0, way.text(), " at ", std::string(at));
    }
  }
}

TEST_CASE("CVE-2019-16884: nor may it through a link of the image") {
  for (const Way& way : ways_with_users()) {
    for (const char* to : {"/proc", "../proc/self/attr", "/proc/sys/kernel"}) {
      Attack attack(way);
      attack.replace_by_link("/etc/link", to);
      const std::string volume = make_volume(attack, "exec", "/etc/exec");
      add_mount(attack.bundle.config, "/etc/link", "bind", volume, {"bind"});
      CHECK_MESSAGE(attack.attempt().exit_code != 0, way.text(), " to ", std::string(to));
    }
  }
}

// A mount stays with its directory when that gets another name, so that /proc may be anything
// afterwards; what must not happen is a procfs where the link led.
TEST_CASE("CVE-2019-19921: /proc of the image changes places with a link while it is mounted") {
  for (const Way& way : ways()) {
    Attack attack(way);
    const std::string rootfs = attack.bundle.rootfs();
    fs::create_directories(rootfs + "/volume/self/attr");
    fs::create_directory_symlink("volume", rootfs + "/link");
    attack.bundle.probe("statfs /volume");
    CHECK_MESSAGE(attack.attempt().exit_code == 0, way.text());
    const Racer racer(rootfs + "/proc", rootfs + "/link");
    for (int i = 1; i < races(80) / 8; ++i) {
      const Outcome outcome = attack.attempt();
      if (outcome.exit_code != 0) continue;  // refused
      CHECK_MESSAGE(outcome.value("fs.type") != "0x9fa0", way.text(), outcome.text());
    }
  }
}

TEST_CASE("CVE-2025-52881: a sysctl is not led to another by a volume in /proc") {
  race_into_proc("/proc/sys/net/ipv4", "ip_forward", {{"net.ipv4.ip_forward", "1"}});
}

TEST_CASE("CVE-2025-52881: nor are the labels: /proc/1/attr cannot be covered in a race") {
  race_into_proc("/proc/1/attr", "exec", Json::object());
}

TEST_CASE("labels: what a profile denies is what these cases look for") {
  if (!apparmor_is_on()) return;
  const AppArmorProfile profile;
  for (const Way& way : ways_without_terminal()) {
    Attack attack(way);
    confine(attack.bundle, profile);
    attack.bundle.probe("cat /denied");
    CHECK_MESSAGE(attack.attempt().out == "cat=EACCES\n", way.text());
    attack.bundle.config["process"].erase("apparmorProfile");
    CHECK_MESSAGE(attack.attempt().out == secret, way.text());
  }
}

TEST_CASE("CVE-2019-16884, labels: no volume in /proc takes what is written for the profile") {
  if (!apparmor_is_on()) return;
  const AppArmorProfile profile;
  for (const Way& way : ways_without_terminal()) {
    for (const char* at : {"/proc", "/proc/self", "/proc/self/attr", "/proc/1/attr"}) {
      Attack attack(way);
      confine(attack.bundle, profile);
      if (at == std::string("/proc")) drop_mount(attack.bundle.config, at);
      add_mount(attack.bundle.config, at, "bind", make_proc(attack), {"bind"});
      attack.bundle.probe("cat /denied");
      CHECK_MESSAGE(!contains(attack.attempt().out, secret), way.text(), " at ", std::string(at));
    }
  }
}

TEST_CASE("CVE-2023-28642, labels: nor does /proc of the image, which is a link") {
  if (!apparmor_is_on()) return;
  const AppArmorProfile profile;
  for (const Way& way : ways_without_terminal()) {
    Attack attack(way);
    confine(attack.bundle, profile);
    fs::rename(make_proc(attack), attack.bundle.rootfs() + "/fake");
    attack.replace_by_link("/proc", "/fake");
    attack.bundle.probe("cat /denied");
    CHECK_MESSAGE(!contains(attack.attempt().out, secret), way.text());
  }
}

TEST_CASE("CVE-2025-52881, labels: nor does a volume that gets there in a race") {
  if (!apparmor_is_on()) return;
  const AppArmorProfile profile;
  for (const Way& way : ways_without_terminal()) {
    Attack attack(way);
    confine(attack.bundle, profile);
    const std::string rootfs = attack.bundle.rootfs();
    fs::create_directories(rootfs + "/race/attr");
    fs::create_directory_symlink("/proc/1", rootfs + "/link");
    const std::string volume = make_proc(attack) + "/self/attr";
    fs::create_directories(volume + "/apparmor");
    write_file(volume + "/apparmor/exec", "");
    add_mount(attack.bundle.config, "/race/attr", "bind", volume, {"bind"});
    attack.bundle.probe("cat /denied");
    CHECK_MESSAGE(attack.attempt().out == "cat=EACCES\n", way.text());
    const Racer racer(rootfs + "/race", rootfs + "/link");
    for (int i = 1; i < races(160) / 8; ++i)
      CHECK_MESSAGE(!contains(attack.attempt().out, secret), way.text());
  }
}

TEST_CASE("CVE-2013/2015-133x (LXC), labels: exec needs no /proc of the container's for them") {
  if (!apparmor_is_on()) return;
  const AppArmorProfile profile;
  for (const Owner owner : {Owner::root, Owner::mapped}) {
    CAPTURE(std::string(name(owner)));
    Besieged container(owner);
    confine(container.bundle, profile);
    set_capabilities(container.bundle.config, {"CAP_SYS_ADMIN", "CAP_KILL"});
    container.bundle.probe("do-mount none /proc tmpfs -- wait-signal");
    container.launch();
    CHECK(container.bundle.wrote("do-mount=ok"));
    CHECK(container.exec({}, {"/probe", "cat", "/denied"}).out == "cat=EACCES\n");
  }
}

TEST_CASE("CVE-2013/2015-133x (LXC): exec believes nothing in a /proc that the container covered") {
  for (const Owner owner : {Owner::root, Owner::mapped, Owner::user}) {
    CAPTURE(std::string(name(owner)));
    Besieged container(owner);
    set_capabilities(container.bundle.config, {"CAP_SYS_ADMIN", "CAP_KILL"});
    container.bundle.probe("do-mount none /proc tmpfs -- wait-signal");
    container.launch();
    CHECK(container.bundle.wrote("do-mount=ok"));
    const std::string pid_file = container.bundle.path("exec.pid");
    Program program = container.program({"--detach", "--pid-file", pid_file, "--user", "0:0"},
                                        {"/probe", "wait-signal"});
    program.out_path = container.bundle.path("exec-output");
    if (run(program).exit_code == 0) {  // it may also refuse
      const pid_t pid = static_cast<pid_t>(std::stol(read_file(pid_file)));
      CHECK(status_of(pid, "CapEff") == "0000000000200020");
      CHECK(status_of(pid, "CapBnd") == "0000000000200020");
      CHECK(status_of(pid, "NoNewPrivs") == "1");
      CHECK(namespace_of(pid, "mnt") == namespace_of(container.bundle.pid(), "mnt"));
    }
  }
}

TEST_CASE("CVE-2022-0811: the value or name of a sysctl smuggles no second one") {
  for (const Way& way : ways_with_users()) {
    for (const char* value :
         {"1\nkernel.core_pattern=x", "1+kernel.core_pattern=x", "1\nkernel/core_pattern=x"}) {
      Attack attack(way);
      attack.bundle.config["linux"]["sysctl"] = {{"kernel.shm_rmid_forced", value}};
      attack.attempt();
    }
    for (const char* key :
         {"net.../../kernel/core_pattern", "net/../kernel/core_pattern", "kernel.core_pattern",
          "kernel/core_pattern", "net.ipv4.ip_forward+kernel.core_pattern"}) {
      Attack attack(way);
      attack.bundle.config["linux"]["sysctl"] = {{key, "x"}};
      CHECK_MESSAGE(attack.attempt().exit_code != 0, way.text(), " ", std::string(key));
    }
  }
}
