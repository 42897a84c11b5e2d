// Advisories about ids, groups, capabilities and namespaces that a process got and should not have.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/attack.hpp"
#include "tests/support/summary.hpp"
#include "tests/support/text.hpp"

using namespace coracle::test;
namespace fs = std::filesystem;

namespace {

constexpr Owner owners[] = {Owner::root, Owner::mapped, Owner::user};
const std::string no_capability = "0000000000000000";

std::string setgroups_of(const Waiting& container) {
  return read_file("/proc/" + std::to_string(container.bundle.pid()) + "/setgroups");
}

}  // namespace

TEST_CASE("CVE-2014-8989: an ordinary user's container may not drop groups, root's may") {
  Besieged users(Owner::user);
  users.create();
  CHECK(setgroups_of(users) == "deny\n");
  Besieged roots(Owner::mapped);
  roots.create();
  CHECK(setgroups_of(roots) == "allow\n");
}

TEST_CASE("CVE-2016-3697: a numeric user is itself, whatever the image calls so") {
  const auto poison = [](const Bundle& bundle) {
    fs::create_directories(bundle.rootfs() + "/etc");
    write_file(bundle.rootfs() + "/etc/passwd", "7:x:0:0:root:/:/bin/sh\n");
  };
  for (const Way& way : ways()) {
    Attack attack(way);
    poison(attack.bundle);
    attack.bundle.config["process"]["user"] = {{"uid", 7}, {"gid", 7}};
    attack.bundle.probe("ids");
    CHECK_MESSAGE(attack.attempt().value("uid") == "7", way.text());
  }
  for (const Owner owner : {Owner::root, Owner::mapped}) {
    Besieged container(owner);
    poison(container.bundle);
    container.launch();
    CHECK(container.report("ids", {"--user", "7"}).value("uid") == "7");
  }
}

TEST_CASE("CVE-2022-29162: exec --cap leaves the inheritable set empty") {
  for (const Owner owner : owners) {
    CAPTURE(std::string(name(owner)));
    Besieged container(owner);
    set_capabilities(container.bundle.config, {"CAP_CHOWN", "CAP_KILL"});
    container.launch();
    const Outcome added = container.report("caps", {"--cap", "CAP_NET_RAW", "--cap", "CAP_FOWNER"});
    CHECK(added.value("CapInh") == no_capability);
    CHECK(added.value("CapAmb") == no_capability);
    CHECK(added.value("CapEff") == "0000000000002029");
  }
}

TEST_CASE("CVE-2022-27650: exec without a word leaves the inheritable set empty") {
  for (const Owner owner : owners) {
    CAPTURE(std::string(name(owner)));
    Besieged container(owner);
    set_capabilities(container.bundle.config, {"CAP_CHOWN", "CAP_KILL"});
    container.launch();
    const Outcome plain = container.report("caps");
    CHECK(plain.value("CapInh") == no_capability);
    CHECK(plain.value("CapEff") == "0000000000000021");
    const Outcome other = container.report("caps", {"--user", owner == Owner::user ? "0" : "7"});
    CHECK(other.value("CapInh") == no_capability);
  }
}

TEST_CASE(
    "CVE-2025-27612: a process of exec has what its own file says, not what the container has") {
  for (const Owner owner : owners) {
    CAPTURE(std::string(name(owner)));
    Besieged container(owner);
    set_capabilities(container.bundle.config, {"CAP_CHOWN", "CAP_KILL"});
    container.launch();
    Json process = probe_process("caps");
    process["capabilities"] = {
        {"bounding", {"CAP_KILL"}}, {"effective", {"CAP_KILL"}}, {"permitted", {"CAP_KILL"}}};
    const Outcome outcome = container.exec_file(process);
    CHECK(outcome.value("CapInh") == no_capability);
    CHECK(outcome.value("CapAmb") == no_capability);
    for (const char* set : {"CapEff", "CapPrm", "CapBnd"})
      CHECK(outcome.value(set) == "0000000000000020");
  }
}

TEST_CASE("CVE-2022-24769: a container has inheritable capabilities only when it asks for them") {
  for (const Way& way : ways_with_users()) {
    Attack attack(way);
    attack.bundle.config["process"]["capabilities"].erase("inheritable");
    attack.bundle.probe("caps");
    const Outcome outcome = attack.attempt();
    CHECK_MESSAGE(outcome.value("CapInh") == no_capability, way.text(), outcome.text());
  }
}

TEST_CASE("CVE-2026-30892: a number given as user is that user, never root") {
  for (const Owner owner : {Owner::root, Owner::mapped}) {
    CAPTURE(std::string(name(owner)));
    Besieged container(owner);
    container.launch();
    CHECK(container.report("ids", {"-u", "1"}).value("uid") == "1");
    CHECK(container.report("ids", {"-u", "1:2"}).value("gid") == "2");
    CHECK(container.report("ids", {"-u", "65000"}).value("euid") == "65000");
  }
}

TEST_CASE("CVE-2026-30892: what is no number in full never runs as root") {
  for (const Owner owner : owners) {
    CAPTURE(std::string(name(owner)));
    Besieged container(owner);
    container.launch();
    for (const char* user : {"1:", ":", ":1", "-1", "4294967295", "4294967296", "0x1", " 1",
                             "1000:abc", "root", "+1", "1:-1", "1 "}) {
      const Outcome outcome = container.exec({"--user=" + std::string(user)}, {"/probe", "ids"});
      CHECK_MESSAGE(outcome.exit_code == 255, std::string(user));
      CHECK_MESSAGE(outcome.out == "", std::string(user), ": ", outcome.out);
    }
  }
}

TEST_CASE(
    "CVE-2022-0185: a filter may deny what makes namespaces, the runtime needs them earlier") {
  for (const Way& way : ways_with_users()) {
    Attack attack(way);
    attack.bundle.config["linux"]["seccomp"] = seccomp(
        {{{"names", {"unshare", "setns", "mount", "clone3", "fsopen", "open_tree", "move_mount"}},
          {"action", "SCMP_ACT_ERRNO"}}});
    attack.bundle.probe("seccomp 272 0x10000000 -- seccomp 430 0 0");  // unshare, fsopen
    const Outcome outcome = attack.attempt();
    CHECK_MESSAGE(outcome.value("syscall.272") == "EPERM", way.text(), outcome.text());
    CHECK_MESSAGE(outcome.value("syscall.430") == "EPERM", way.text(), outcome.text());
  }
}

// Without a user namespace, files with root's rights are the container's to make; with one, the
// root of a container must not leave any that a user of the host could execute.
TEST_CASE("set-uid planting: a file that a mapped root makes set-uid is not the host root's") {
  for (Way way : ways_with_users()) {
    if (way.owner == Owner::root) continue;
    Attack attack(way);
    const std::string volume = attack.bundle.path("volume");
    fs::create_directory(volume);
    fs::permissions(volume, fs::perms(0777));
    add_mount(attack.bundle.config, "/volume", "bind", volume, {"bind"});
    attack.bundle.probe(
        "write /volume/planted x -- chown /volume/planted 0 0 -- "
        "chmod /volume/planted 4755");
    attack.attempt();
    struct stat facts = {};
    REQUIRE(::stat((volume + "/planted").c_str(), &facts) == 0);
    CHECK_MESSAGE((facts.st_uid != 0 || (facts.st_mode & S_ISUID) == 0), way.text());
    CHECK_MESSAGE((facts.st_gid != 0 || (facts.st_mode & S_ISGID) == 0), way.text());
  }
}
