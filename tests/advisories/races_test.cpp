// Advisories about directories that are exchanged while the runtime works on them.
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/attack.hpp"
#include "tests/support/racer.hpp"

using namespace coracle::test;
namespace fs = std::filesystem;

namespace {

// With openat2(2), and with the walk that stands in for it.
const std::vector<std::vector<std::string>> resolvers = {{}, {CORACLE_WITHOUT_BINARY, "openat2"}};

// `times` attempts in all, in every way that `ways` has, while /race of the image and a link to
// `target` change places.
template <class F>
void race(const std::vector<Way>& ways, int times, const std::string& target, F arrange) {
  const int each = std::max(1, times / static_cast<int>(ways.size() * resolvers.size()));
  for (const auto& resolver : resolvers) {
    for (const Way& way : ways) {
      Attack attack(way);
      const std::string rootfs = attack.bundle.rootfs();
      fs::create_directory(rootfs + "/race");
      fs::create_directory_symlink(target.empty() ? attack.victim.climbing() : target,
                                   rootfs + "/link");
      arrange(attack);
      const Outcome quiet = attack.attempt(resolver);
      CHECK_MESSAGE(quiet.exit_code == 0, way.text(), quiet.text());
      const Racer racer(rootfs + "/race", rootfs + "/link");
      for (int i = 1; i < each; ++i) attack.attempt(resolver);
    }
  }
}

// Mounts of `count` tmpfs below /race: as many moments to be caught in.
void add_targets(Attack& attack, int count) {
  for (int i = 0; i < count; ++i)
    add_mount(attack.bundle.config, "/race/" + std::to_string(i), "tmpfs", "tmpfs", {"size=4k"});
}

}  // namespace

TEST_CASE("CVE-2021-30465: a directory exchanged for a link while mounts are made in it") {
  race(ways(), races(48), "", [](Attack& attack) {
    add_targets(attack, 100);
    attack.bundle.config["linux"]["maskedPaths"] = {"/race/1", "/race/2", "/race/null"};
    attack.bundle.config["linux"]["readonlyPaths"] = {"/race", "/race/3"};
    attack.bundle.probe("ls /race/dir");
  });
}

TEST_CASE("CVE-2024-45310: a directory exchanged for a link while files are made in it") {
  race(ways(), races(48), "", [](Attack& attack) {
    write_file(attack.bundle.path("source"), "text\n");
    for (int i = 0; i < 30; ++i) {
      const std::string name = "/race/deep" + std::to_string(i);
      add_mount(attack.bundle.config, name + "/file", "bind", attack.bundle.path("source"),
                {"bind"});
      add_mount(attack.bundle.config, name + "/directory", "tmpfs", "tmpfs", {"size=4k"});
    }
  });
}
