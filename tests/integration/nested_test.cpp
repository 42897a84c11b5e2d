// Containers where the kernel makes no new proc or mqueue, and runtimes that live in a user
// namespace themselves, as rootless Podman's do.
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/bundle.hpp"
#include "tests/support/summary.hpp"
#include "tests/support/text.hpp"

using namespace coracle::test;
namespace fs = std::filesystem;

namespace {

constexpr unsigned base = 1'000'000;
constexpr unsigned account = 23'456;

std::vector<std::string> operator+(std::vector<std::string> first,
                                   const std::vector<std::string>& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

// As a container's /proc with masked paths is.
const std::string cover_proc = "mount --bind /dev/null /proc/version";

// Makes a /dev that has the host's queues; the machine's may have no directory for them.
std::string show_queues(const Bundle& bundle) {
  const std::string dev = bundle.path("dev");
  return "mkdir " + dev + " && mount -t tmpfs dev " + dev + " && mkdir " + dev + "/mqueue && " +
         "cp -a /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty " + dev + " && " +
         "mount -t mqueue mqueue " + dev + "/mqueue && mount --move " + dev + " /dev";
}

void check_refused(const Outcome& outcome, const std::string& word) {
  CHECK(outcome.exit_code == 1);
  CHECK(outcome.out == "");
  CHECK_MESSAGE(contains(outcome.err, word), outcome.text());
  CHECK_MESSAGE(std::ranges::count(outcome.err, '\n') == 1, outcome.text());
}

// A bundle of an ordinary user, whose runtime is root of a user namespace with that id alone; the
// container has no user namespace of its own.
class InheritingBundle : public Bundle {
 public:
  InheritingBundle() {
    config["linux"].erase("cgroupsPath");
    config["process"].erase("oomScoreAdj");
    own_rootfs(account);
    fs::create_directory(root());
    for (const std::string& directory : {path(""), dir(), root()})
      REQUIRE_MESSAGE(::chown(directory.c_str(), account, account) == 0, directory);
  }

  Outcome run() const {
    const std::string id_of_user = std::to_string(account);
    Program program = Bundle::program({"run", "--bundle", dir(), id()});
    program.args = std::vector<std::string>{"setpriv", "--reuid",  id_of_user,
                                            "--regid", id_of_user, "--clear-groups",
                                            "unshare", "--user",   "--map-root-user"} +
                   program.args;
    return coracle::test::run(program);
  }

  Outcome report(std::string_view commands) {
    probe(commands);
    Outcome outcome = run();
    CHECK_MESSAGE(outcome.exit_code == 0, outcome.text());
    return outcome;
  }
};

}  // namespace

TEST_CASE("proc: the host's is not shown to a container with a PID namespace of its own") {
  Bundle bundle;
  bundle.map_ids(base);
  bundle.probe("line /proc/1/comm");
  check_refused(run_after(bundle, cover_proc), "PID namespace");
}

TEST_CASE("proc: the host's stands in, read-only, for a container that shares its processes") {
  if (testing_runc()) return skip_case("runc has no stand-in");
  Bundle bundle;
  bundle.map_ids(base);
  drop_namespace(bundle.config, "pid");
  bundle.probe("mount /proc");
  const Outcome outcome = run_after(bundle, cover_proc);
  CHECK_MESSAGE(outcome.exit_code == 0, outcome.text());
  CHECK(outcome.value("mount.type") == "proc");
  CHECK_MESSAGE(outcome.value("mount.options").starts_with("ro,"), outcome.out);
}

TEST_CASE("mqueue: the host's is bound for a user namespace that shares its IPC namespace") {
  if (testing_runc()) return skip_case("runc has no stand-in");
  Bundle bundle;
  bundle.map_ids(base);
  drop_namespace(bundle.config, "ipc");
  add_mount(bundle.config, "/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"});
  bundle.probe("mount /dev/mqueue");
  const Outcome outcome = run_after(bundle, show_queues(bundle));
  CHECK_MESSAGE(outcome.exit_code == 0, outcome.text());
  CHECK(outcome.value("mount.type") == "mqueue");
}

TEST_CASE("mqueue: where the host has none to bind, the error says what is missing") {
  Bundle bundle;
  bundle.map_ids(base);
  drop_namespace(bundle.config, "ipc");
  add_mount(bundle.config, "/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"});
  if (!fs::exists("/dev/mqueue")) check_refused(bundle.run(), "no mqueue at /dev/mqueue");
}

TEST_CASE("inherited user namespace: mqueue shows the container's own IPC namespace") {
  InheritingBundle bundle;
  add_mount(bundle.config, "/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"});
  const Outcome outcome = bundle.report("ns -- mount /dev/mqueue -- touch /dev/mqueue/own");
  CHECK(outcome.value("ns.ipc") != fs::read_symlink("/proc/self/ns/ipc").string());
  CHECK(outcome.value("mount.type") == "mqueue");
  CHECK(outcome.value("touch") == "ok");
}

TEST_CASE("inherited user namespace: where setgroups is denied no groups are set") {
  InheritingBundle bundle;
  const Outcome outcome = bundle.report("ids -- line /proc/self/setgroups");
  CHECK(outcome.value("uid") == "0");
  CHECK(outcome.value("/proc/self/setgroups") == "deny");
}

TEST_CASE("inherited user namespace: one below it inherits that setgroups is denied") {
  InheritingBundle bundle;
  map_ids(bundle.config, 0, 1);
  const Outcome outcome = bundle.report("ids -- line /proc/self/setgroups");
  CHECK(outcome.value("uid") == "0");
  CHECK(outcome.value("/proc/self/setgroups") == "deny");
}

TEST_CASE("inherited user namespace: additional groups are refused where setgroups is denied") {
  for (const bool below : {false, true}) {
    InheritingBundle bundle;
    if (below) map_ids(bundle.config, 0, 1);
    bundle.config["process"]["user"]["additionalGids"] = {0};
    check_refused(bundle.run(), "/process/user/additionalGids");
  }
}
