// Advisories about what the runtime's own processes tell each other, and who else can listen.
#include <unistd.h>

#include <string>

#include <doctest/doctest.h>

#include "tests/support/attack.hpp"
#include "tests/support/sockets.hpp"
#include "tests/support/text.hpp"

using namespace coracle::test;

namespace {

// Refused in one line of words: not killed, and nothing has run.
void check_refusal(const Outcome& outcome) {
  CHECK_MESSAGE(outcome.exit_code == 1, outcome.text().substr(0, 2000));
  CHECK(outcome.err != "");
  CHECK_FALSE(contains(outcome.out, "ran=here"));
}

Json mappings(unsigned count) {
  Json all = Json::array();
  for (unsigned i = 0; i < count; ++i)
    all.push_back({{"containerID", i}, {"hostID", 1'000'000 + i}, {"size", 1}});
  return all;
}

}  // namespace

TEST_CASE("CVE-2021-43784: what is too long for a message of 64 KiB is refused or arrives whole") {
  std::string path;  // whose names are in its way, and cannot be left out
  for (int i = 0; i < 300; ++i) path += "/" + std::string(220, 'n');
  for (const Way& way : ways()) {
    if (way.terminal || way.command == Command::create) continue;
    CAPTURE(way.text());
    Attack source(way);
    source.bundle.probe("args ran=here");
    add_mount(source.bundle.config, "/etc/long", "bind", path, {"bind"});
    check_refusal(source.attempt());
    Attack destination(way);
    add_mount(destination.bundle.config, path, "tmpfs", "tmpfs", {});
    check_refusal(destination.attempt());
    Attack space(way);
    drop_namespace(space.bundle.config, "network");
    add_namespace(space.bundle.config, "network", path);
    check_refusal(space.attempt());
  }
}

TEST_CASE("CVE-2021-43784: 10000 mappings, and a length that wraps around, are refused") {
  // 65536 and some: what is left of the length would be few, well-formed mappings.
  for (const unsigned count : {341U, 4'000U, 10'000U}) {
    Attack attack({});
    add_namespace(attack.bundle.config, "user");
    for (const char* map : {"uidMappings", "gidMappings"})
      attack.bundle.config["linux"][map] = mappings(count);
    check_refusal(attack.attempt());
  }
}

TEST_CASE("CVE-2021-43784: 1000 mounts with names of 3000 bytes arrive whole") {
  Attack attack({});
  std::string name;
  for (int i = 0; i < 14; ++i) name += "/" + std::string(200, 'n');
  for (int i = 0; i < 1000; ++i)
    add_mount(attack.bundle.config, "/tmp/" + std::to_string(i) + name, "tmpfs", "tmpfs", {});
  attack.bundle.probe("mount /tmp/999" + name);
  const Outcome outcome = attack.attempt();
  CHECK_MESSAGE(outcome.value("mount.type") == "tmpfs", outcome.text().substr(0, 2000));
}

// The container shares its network namespace with the runtime, and with nobody else.
TEST_CASE("CVE-2020-15257: the runtime listens at no abstract socket") {
  for (const Way& way : ways()) {
    Attack attack(way);
    drop_namespace(attack.bundle.config, "network");
    drop_mount(attack.bundle.config, "/sys");
    attack.bundle.probe("cat /proc/net/unix");
    const Outcome outcome = attack.attempt({"unshare", "--net"});
    CHECK_MESSAGE(contains(outcome.out, "RefCount"), way.text(), outcome.text());
    CHECK_MESSAGE(!contains(outcome.out, "@"), way.text(), outcome.text());
  }
}

TEST_CASE("CVE-2020-15257: one that is there is seen so") {
  const std::string name = "@coracle-test-" + std::to_string(::getpid());
  const DatagramSocket socket(name);
  Attack attack({});
  drop_namespace(attack.bundle.config, "network");
  drop_mount(attack.bundle.config, "/sys");
  attack.bundle.probe("cat /proc/net/unix");
  CHECK(contains(attack.attempt().out, name));
}
