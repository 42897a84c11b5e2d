// `ps`: which processes, and what of them.
#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/container_cgroup.hpp"
#include "tests/support/leftovers.hpp"
#include "tests/support/summary.hpp"
#include "tests/support/text.hpp"

using namespace coracle::test;

namespace {

// Init and two programs that it started.
void launch_family(Bundle& bundle) {
  bundle.add_busybox();
  bundle.config["process"]["args"] = {"/bin/sh", "-c",
                                      "sleep 91 & sleep 92 & echo on; exec sleep 93"};
  bundle.launch();
  REQUIRE(bundle.wrote("on"));
}

Outcome ps(const Bundle& bundle, const std::vector<std::string>& words = {}) {
  std::vector<std::string> args = {"ps", bundle.id()};
  args.insert(args.end(), words.begin(), words.end());
  return bundle.command(args);
}

std::vector<pid_t> pids(const Bundle& bundle) {
  const Outcome outcome = bundle.command({"ps", "--format", "json", bundle.id()});
  CHECK_MESSAGE(outcome.exit_code == 0, outcome.text());
  CHECK(outcome.err == "");
  const Json list = Json::parse(outcome.out);
  return list.is_null() ? std::vector<pid_t>() : list.get<std::vector<pid_t>>();
}

std::size_t lines(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

}  // namespace

TEST_CASE("ps --format json: the numbers are those of all its processes on the host") {
  for (const CgroupView view : possible_views()) {
    Bundle bundle;
    bundle.view = view;
    launch_family(bundle);
    CHECK_MESSAGE(eventually([&] { return pids(bundle).size() == 3; }), name(view));
    const std::vector<pid_t> all = pids(bundle);
    CHECK(std::ranges::find(all, bundle.pid()) != all.end());
    CHECK(bundle.remove({"--force"}).exit_code == 0);
  }
}

TEST_CASE("ps: processes in cgroups below the container's are its own") {
  Bundle bundle;
  launch_family(bundle);
  for (const std::string& path : cgroup_directories(bundle.cgroup())) {
    // A cpuset without processors takes nobody.
    if (contains(path, "/cpuset/")) continue;
    std::filesystem::create_directories(path + "/below/further");
    write_file(path + "/below/further/cgroup.procs", std::to_string(bundle.pid()));
  }
  const std::vector<pid_t> all = pids(bundle);
  CHECK(std::ranges::find(all, bundle.pid()) != all.end());
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("ps: without options it is ps -ef for the container") {
  Bundle bundle;
  launch_family(bundle);
  REQUIRE(eventually([&] { return pids(bundle).size() == 3; }));
  const Outcome outcome = ps(bundle);
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.err == "");
  CHECK_MESSAGE(words(outcome.out).starts_with("UID PID PPID C STIME TTY TIME CMD"), outcome.out);
  CHECK(lines(outcome.out) == 4);
  for (const char* program : {"sleep 91", "sleep 92", "sleep 93"})
    CHECK_MESSAGE(contains(outcome.out, program), outcome.out);
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("ps: what follows the id is for ps(1), as several words") {
  Bundle bundle;
  bundle.probe("wait-signal");
  bundle.launch();
  const std::string pid = std::to_string(bundle.pid());
  CHECK(words(ps(bundle, {"-e", "-o", "pid,args"}).out) ==
        "PID COMMAND " + pid + " /probe wait-signal");
  CHECK(words(ps(bundle, {"-o", "pid,args"}).out) == "PID COMMAND " + pid + " /probe wait-signal");
  CHECK(lines(ps(bundle, {"-e", "-x"}).out) == 2);
  CHECK(words(ps(bundle, {"aux"}).out).starts_with("USER PID %CPU %MEM"));
  CHECK(lines(bundle.command({"ps", "-f", "table", bundle.id(), "-f"}).out) == 2);
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("ps: what follows the id may be one word, as engines give it") {
  if (testing_runc()) return skip_case("runc gives ps(1) the one word as it is");
  Bundle bundle;
  bundle.probe("wait-signal");
  bundle.launch();
  const std::string pid = std::to_string(bundle.pid());
  const Outcome outcome =
      bundle.command({"ps", "--format", "table", bundle.id(), "-e -o pid,args"});
  CHECK(words(outcome.out) == "PID COMMAND " + pid + " /probe wait-signal");
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("ps: a container that has stopped has no processes") {
  Bundle bundle;
  CHECK(bundle.run({"--keep"}).exit_code == 0);
  CHECK(pids(bundle).empty());
  const Outcome outcome = ps(bundle);
  CHECK(outcome.exit_code == 0);
  CHECK(lines(outcome.out) == 1);
  CHECK(bundle.remove().exit_code == 0);
}

TEST_CASE("ps: it refuses an unknown container, an unknown format, and what ps(1) refuses") {
  Bundle bundle;
  const Outcome absent = ps(bundle);
  CHECK(absent.exit_code == 1);
  CHECK_MESSAGE(contains(absent.err, "container does not exist"), absent.text());
  bundle.probe("wait-signal");
  bundle.launch();
  const Outcome format = bundle.command({"ps", "-f", "xml", bundle.id()});
  CHECK(format.exit_code == 1);
  CHECK_MESSAGE(contains(format.err, "invalid format option"), format.text());
  const Outcome column = ps(bundle, {"-o", "args"});
  CHECK(column.exit_code == 1);
  CHECK_MESSAGE(contains(column.err, "couldn't find PID field in ps output"), column.text());
  const Outcome option = ps(bundle, {"--no-such-option"});
  CHECK(option.exit_code == 1);
  CHECK_MESSAGE(contains(option.err, "exit status 1"), option.text());
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}
