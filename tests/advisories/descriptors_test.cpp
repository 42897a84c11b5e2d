// CVE-2024-21626: descriptors of the runtime as working directory or program.
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/attack.hpp"
#include "tests/support/sockets.hpp"
#include "tests/support/text.hpp"

using namespace coracle::test;
namespace fs = std::filesystem;

namespace {

std::string descriptor(int fd) {
  return "/proc/self/fd/" + std::to_string(fd);
}

// Whatever is open while the runtime works; that of Go's runtimes was 7 or 8.
void refuses_directories(const Way& way, int last) {
  Attack attack(way);
  fs::create_symlink("/proc/self/fd/7", attack.bundle.rootfs() + "/link");
  fs::create_symlink("/proc/self/fd/8", attack.bundle.rootfs() + "/link8");
  attack.bundle.probe("cwd -- ls ../../.. -- write ../../../planted x");
  std::vector<std::string> directories = {"/link", "/link8"};
  for (int fd = 3; fd <= last; ++fd) directories.push_back(descriptor(fd));
  for (const std::string& directory : directories) {
    attack.bundle.config["process"]["cwd"] = directory;
    const Outcome outcome = attack.attempt();
    CHECK_MESSAGE(outcome.exit_code != 0, way.text(), ", ", directory, ": ", outcome.text());
  }
}

// exec, with a terminal or without, its process in `directory`.
int exec_in(const Waiting& container, const std::string& directory, bool terminal) {
  std::vector<std::string> flags = {"--cwd", directory};
  const std::string socket = container.bundle.path("exec-console");
  fs::remove(socket);
  const DeliverySocket console(socket);
  fs::permissions(socket, fs::perms(0777));
  if (terminal) flags.insert(flags.end(), {"--detach", "--tty", "--console-socket", socket});
  return container.exec(flags, {"/probe", "cwd", "--", "ls", "../../.."}).exit_code;
}

}  // namespace

TEST_CASE("CVE-2024-21626: a working directory that is a descriptor of the runtime is refused") {
  refuses_directories({}, 63);
  for (const Way& way : ways_with_users()) refuses_directories(way, 12);
}

TEST_CASE("CVE-2024-21626: exec with such a working directory is refused") {
  for (const Owner owner : {Owner::root, Owner::mapped, Owner::user}) {
    CAPTURE(std::string(name(owner)));
    Besieged container(owner);
    fs::create_symlink("/proc/self/fd/7", container.bundle.rootfs() + "/link");
    container.launch();
    for (const bool terminal : {false, true}) {
      for (int fd = 3; fd < (terminal ? 16 : 64); ++fd)
        CHECK_MESSAGE(exec_in(container, descriptor(fd), terminal) == 255, fd);
      CHECK(exec_in(container, "/link", terminal) == 255);
    }
  }
}

TEST_CASE("CVE-2024-21626: exec with a working directory that was given open is refused") {
  for (const Owner owner : {Owner::root, Owner::mapped, Owner::user}) {
    Besieged container(owner);
    container.launch();
    Program given =
        container.program({"--preserve-fds", "1", "--cwd", descriptor(3)}, {"/probe", "ls", "."});
    given.args.insert(given.args.begin(), {"sh", "-c", "exec \"$@\" 3</etc", "sh"});
    CHECK(run(given).exit_code == 255);
  }
}

TEST_CASE("CVE-2024-21626: only 0, 1 and 2 are open inside, whatever the caller left open") {
  const std::vector<std::string> open = {
      "sh", "-c", "exec \"$@\" 5</etc 7</etc/passwd 9</proc/self/ns/mnt", "sh"};
  for (const Way& way : ways_with_users()) {
    Attack attack(way);
    attack.bundle.probe("fds");
    const Outcome outcome = attack.attempt(open);
    CHECK_MESSAGE(outcome.values("fd.0").size() == 1, way.text(), outcome.text());
    for (int fd = 3; fd < 64; ++fd)
      CHECK_MESSAGE(outcome.values("fd." + std::to_string(fd)).empty(), way.text(), outcome.text());
  }
}

TEST_CASE("CVE-2024-21626: nor in a process of exec") {
  for (const Owner owner : {Owner::root, Owner::mapped, Owner::user}) {
    Besieged container(owner);
    container.launch();
    Program program = container.program({}, {"/probe", "fds"});
    program.args.insert(program.args.begin(),
                        {"sh", "-c", "exec \"$@\" 5</etc 7</etc/passwd 9</proc/self/ns/mnt", "sh"});
    const Outcome outcome = run(program);
    CHECK(outcome.exit_code == 0);
    CHECK(outcome.values("fd.0").size() == 1);
    for (int fd = 3; fd < 64; ++fd) CHECK(outcome.values("fd." + std::to_string(fd)).empty());
  }
}
