// What a user reads when a command fails: one line that tells what failed, on what, and why.
#include <algorithm>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/bundle.hpp"
#include "tests/support/summary.hpp"
#include "tests/support/text.hpp"

using namespace coracle::test;
namespace fs = std::filesystem;

namespace {

struct Mistake {
  std::string name;
  std::function<void(Bundle&)> make;
  std::vector<std::string> words;  // all in the one line
  std::vector<std::string> flags = {};
};

void check_line(const Outcome& outcome, const Mistake& mistake) {
  CAPTURE(mistake.name);
  CHECK(outcome.exit_code != 0);
  CHECK_MESSAGE(std::ranges::count(outcome.err, '\n') == 1, outcome.text());
  for (const std::string& word : mistake.words)
    CHECK_MESSAGE(contains(outcome.err, word), outcome.text());
}

void check_runs(const std::vector<Mistake>& mistakes) {
  for (const Mistake& mistake : mistakes) {
    Bundle bundle;
    mistake.make(bundle);
    check_line(bundle.run(mistake.flags), mistake);
  }
}

auto mount(const std::string& destination, const std::string& type, const std::string& source,
           const std::vector<std::string>& options = {}) {
  return [=](Bundle& bundle) { add_mount(bundle.config, destination, type, source, options); };
}

}  // namespace

TEST_CASE("messages: a bundle that is none") {
  if (testing_runc()) return skip_case("runc has other words");
  Bundle bundle;
  bundle.program({});
  const Outcome outcome = bundle.command({"run", "--bundle", bundle.path(""), bundle.id()});
  check_line(outcome, {.name = "bundle",
                       .make = {},
                       .words = {bundle.path("") + "config.json", "command spec", "--bundle",
                                 "no such file or directory"}});
}

TEST_CASE("messages: a file in place of a bundle") {
  if (testing_runc()) return skip_case("runc has other words");
  Bundle bundle;
  bundle.program({});
  const std::string file = bundle.dir() + "/config.json";
  check_line(bundle.command({"run", "--bundle", file, bundle.id()}),
             {.name = "file", .make = {}, .words = {file, "a bundle is a directory"}});
}

TEST_CASE("messages: a terminal that nobody takes") {
  if (testing_runc()) return skip_case("runc has other words");
  Bundle bundle;
  bundle.config["process"]["terminal"] = true;
  check_line(bundle.create(),
             {.name = "terminal", .make = {}, .words = {"--console-socket", "/process/terminal"}});
}

TEST_CASE("messages: a root file system that is not there, or no directory") {
  if (testing_runc()) return skip_case("runc has other words");
  check_runs({
      {.name = "absent",
       .make = [](Bundle& bundle) { bundle.config["root"]["path"] = "absent"; },
       .words = {"/root/path", "/bundle/absent", "no such file or directory"}},
      {.name = "file",
       .make = [](Bundle& bundle) { bundle.config["root"]["path"] = "config.json"; },
       .words = {"/root/path", "/bundle/config.json", "not a directory"}},
  });
}

TEST_CASE("messages: mounts that cannot be made") {
  if (testing_runc()) return skip_case("runc has other words");
  check_runs({
      {.name = "directory on a file",
       .make = mount("/probe", "bind", "/etc", {"bind"}),
       .words = {"/probe", "a directory cannot cover a file", "not a directory"}},
      {.name = "file on a directory",
       .make = mount("/etc", "bind", "/etc/passwd", {"bind"}),
       .words = {"/etc", "the source is a file, the destination a directory"}},
      {.name = "below a file",
       .make = mount("/probe/x", "bind", "/etc/passwd", {"bind"}),
       .words = {"/probe/x", "nothing can lie below a file"}},
      {.name = "unknown file system",
       .make = mount("/tmp", "nosuchfs", "none"),
       .words = {"this kernel has no file system", "nosuchfs", "no such device"}},
      {.name = "unmapped owner",
       .make =
           [](Bundle& bundle) {
             map_ids(bundle.config, 1'000'000, 5);
             bundle.own_rootfs(1'000'000);
             mount("/tmp", "tmpfs", "tmpfs", {"gid=5"})(bundle);
           },
       .words = {"/mounts/5/options/0", "gid=5", "linux.gidMappings"}},
  });
}

TEST_CASE("messages: limits and files of a command") {
  if (testing_runc()) return skip_case("runc has other words");
  const std::string too_many = "1000000000000";
  check_runs({
      {.name = "more files than the kernel has",
       .make =
           [](Bundle& bundle) {
             bundle.config["process"]["rlimits"] = {{{"type", "RLIMIT_NOFILE"},
                                                     {"soft", 1'000'000'000'000},
                                                     {"hard", 1'000'000'000'000}}};
           },
       .words = {"/process/rlimits", "RLIMIT_NOFILE", too_many, "fs.nr_open"}},
      {.name = "pid file in no directory",
       .make = [](Bundle&) {},
       .words = {"pid file /nowhere/pid", "no such file or directory"},
       .flags = {"--pid-file", "/nowhere/pid"}},
  });
}

TEST_CASE("messages: a socket whose name is too long") {
  if (testing_runc()) return skip_case("runc has other words");
  Bundle bundle;
  bundle.config["process"]["terminal"] = true;
  const std::string socket = bundle.path(std::string(120, 's'));
  check_line(bundle.create({"--console-socket", socket}),
             {.name = "socket", .make = {}, .words = {socket, "shorten the socket's name"}});
}

TEST_CASE("messages: a running container is deleted by force alone, and the error says so") {
  if (testing_runc()) return skip_case("runc has other words");
  Bundle bundle;
  bundle.probe("wait-signal");
  bundle.launch();
  check_line(bundle.remove(),
             {.name = "delete", .make = {}, .words = {"that is not stopped: running", "--force"}});
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("messages: a user who may not write to the state's root learns how to name another") {
  if (testing_runc()) return skip_case("runc has other words");
  Bundle bundle;
  bundle.program({});
  fs::create_directory(bundle.root());
  fs::permissions(bundle.root(), fs::perms(0700));
  bundle.user = 23'456;
  check_line(bundle.command({"list"}),
             {.name = "list",
              .make = {},
              .words = {bundle.root(), "--root", "XDG_RUNTIME_DIR", "permission denied"}});
  bundle.user = 0;
}
