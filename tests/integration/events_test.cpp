// `events`: what a container uses, and that it ran out of memory.
#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/container_cgroup.hpp"
#include "tests/support/summary.hpp"
#include "tests/support/text.hpp"

using namespace coracle::test;

namespace {

// The stream's lines so far, without one that is half written.
std::vector<Json> events_in(const std::string& path) {
  std::vector<Json> events;
  std::istringstream lines(read_file(path));
  for (std::string line; std::getline(lines, line) && !lines.eof();)
    events.push_back(Json::parse(line));
  return events;
}

std::size_t count(const std::vector<Json>& events, const char* type) {
  return static_cast<std::size_t>(
      std::ranges::count_if(events, [&](const Json& event) { return event.at("type") == type; }));
}

Program stream(const Bundle& bundle, const char* interval) {
  Program program = bundle.program({"events", "--interval", interval, bundle.id()});
  program.out_path = bundle.path("events");
  program.err_path = bundle.path("events-errors");
  return program;
}

bool streamed(const Bundle& bundle, const char* type, std::size_t least) {
  return eventually([&] { return count(events_in(bundle.path("events")), type) >= least; });
}

// Memory for the shell alone, and a program that wants all there is.
void configure_hog(Bundle& bundle, const char* script) {
  bundle.add_busybox();
  bundle.config["process"]["args"] = {"/bin/sh", "-c", script};
  bundle.config["linux"]["resources"]["memory"] = {{"limit", 16'777'216}, {"swap", 16'777'216}};
}

void check_refused(const Outcome& outcome, const char* reason) {
  CHECK(outcome.exit_code == 1);
  CHECK_MESSAGE(contains(outcome.err, reason), outcome.text());
}

}  // namespace

TEST_CASE("events --stats: one line of what the container uses, and nothing on stderr") {
  for (const CgroupView view : possible_views()) {
    Bundle bundle;
    bundle.view = view;
    bundle.probe("wait-signal");
    bundle.launch();
    REQUIRE(bundle.wrote("ready=1"));
    const Outcome outcome = bundle.command({"events", "--stats", bundle.id()});
    REQUIRE_MESSAGE(outcome.exit_code == 0, name(view), ": ", outcome.text());
    CHECK(outcome.err == "");
    CHECK(std::ranges::count(outcome.out, '\n') == 1);
    CHECK(outcome.out.starts_with("{\"type\":\"stats\",\"id\":\"" + bundle.id() + "\",\"data\":{"));
    const Json data = Json::parse(outcome.out).at("data");
    CHECK(data.at("cpu").at("usage").at("total") > 0);
    CHECK(data.at("pids").at("current") == 1);
    for (const char* part : {"cpuset", "memory", "blkio", "hugetlb", "intel_rdt"})
      CHECK_MESSAGE(data.at(part).is_object(), part);
    CHECK(data.contains("network_interfaces"));
    CHECK(bundle.remove({"--force"}).exit_code == 0);
  }
}

TEST_CASE("events --stats v1: limits and use are those of the cgroup's files") {
  Bundle bundle;
  if (!shows(bundle, CgroupView::v1)) return;
  bundle.config["linux"]["resources"] = {
      {"memory", {{"limit", 33'554'432}, {"swap", 67'108'864}}},
      {"pids", {{"limit", 20}}},
      {"cpu", {{"cpus", "0"}, {"quota", 50'000}, {"period", 100'000}}}};
  bundle.probe("wait-signal");
  bundle.launch();
  REQUIRE(bundle.wrote("ready=1"));
  const Outcome outcome = bundle.command({"events", "--stats", bundle.id()});
  const Json data = Json::parse(outcome.out).at("data");
  const Json& memory = data.at("memory");
  CHECK(memory.at("usage").at("limit") == 33'554'432);
  CHECK(memory.at("usage").at("usage") > 0);
  CHECK(memory.at("swap").at("limit") == 67'108'864);
  CHECK(memory.at("raw").at("hierarchical_memory_limit") == 33'554'432);
  CHECK(data.at("pids").at("limit") == 20);
  CHECK(data.at("cpuset").at("cpus") == Json::array({0}));
  CHECK(data.at("cpuset").at("mems") == Json::array({0}));
  CHECK(data.at("cpu").at("usage").at("percpu").is_array());
  CHECK(data.at("cpu").at("throttling").is_object());
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("events --stats: it works for a container that is created or paused") {
  Bundle bundle;
  bundle.probe("wait-signal");
  REQUIRE(bundle.create().exit_code == 0);
  CHECK(bundle.command({"events", "--stats", bundle.id()}).exit_code == 0);
  REQUIRE(bundle.start().exit_code == 0);
  REQUIRE(bundle.command({"pause", bundle.id()}).exit_code == 0);
  CHECK(bundle.command({"events", "--stats", bundle.id()}).exit_code == 0);
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("events: statistics come at every interval until the container is deleted") {
  for (const CgroupView view : {CgroupView::v1, CgroupView::hybrid}) {
    Bundle bundle;
    if (!shows(bundle, view)) return;
    bundle.probe("wait-signal");
    bundle.launch();
    Running running(stream(bundle, "20ms"));
    CHECK(streamed(bundle, "stats", 5));
    CHECK(bundle.remove({"--force"}).exit_code == 0);
    CHECK(running.wait().exit_code == 0);
    CHECK(count(events_in(bundle.path("events")), "oom") == 0);
    CHECK(read_file(bundle.path("events-errors")) == "");
  }
}

TEST_CASE("events: they end when the container stops") {
  if (testing_runc()) return skip_case("those of runc end on v1 when the cgroup is removed");
  for (const CgroupView view : possible_views()) {
    Bundle bundle;
    bundle.view = view;
    bundle.probe("wait-signal");
    bundle.launch();
    Running running(stream(bundle, "20ms"));
    CHECK(streamed(bundle, "stats", 1));
    CHECK(bundle.kill("KILL").exit_code == 0);
    CHECK(running.wait().exit_code == 0);
    CHECK(bundle.reaches("stopped"));
    CHECK(bundle.remove().exit_code == 0);
  }
}

TEST_CASE("events: they end when nobody reads them") {
  if (testing_runc()) return skip_case("runc notices it with the next event");
  Bundle bundle;
  bundle.probe("wait-signal");
  bundle.launch();
  Program program = bundle.program({"events", "--interval=1h", bundle.id()});
  std::string command;
  for (const std::string& word : program.args) command += word + " ";
  program.args = {"/bin/sh", "-c", command + "| true"};
  CHECK(run(program).exit_code == 0);
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("events v1: running out of memory is an event of its own") {
  Bundle bundle;
  if (!shows(bundle, CgroupView::v1)) return;
  configure_hog(bundle, "tail /dev/zero; while :; do sleep 1; done");
  REQUIRE(bundle.create().exit_code == 0);
  Running running(stream(bundle, "20ms"));
  REQUIRE(streamed(bundle, "stats", 1));
  REQUIRE(bundle.start().exit_code == 0);
  CHECK(streamed(bundle, "oom", 1));
  CHECK(contains(read_file(bundle.path("events")),
                 "{\"type\":\"oom\",\"id\":\"" + bundle.id() + "\"}\n"));
  CHECK(bundle.remove({"--force"}).exit_code == 0);
  CHECK(running.wait().exit_code == 0);
}

TEST_CASE("events v1: that init itself was killed for want of memory is not lost") {
  Bundle bundle;
  if (!shows(bundle, CgroupView::v1)) return;
  configure_hog(bundle, "exec tail /dev/zero");
  REQUIRE(bundle.create().exit_code == 0);
  Running running(stream(bundle, "20ms"));
  REQUIRE(streamed(bundle, "stats", 1));
  REQUIRE(bundle.start().exit_code == 0);
  REQUIRE(bundle.reaches("stopped"));
  CHECK(streamed(bundle, "oom", 1));
  CHECK(bundle.remove().exit_code == 0);
  CHECK(running.wait().exit_code == 0);
}

TEST_CASE("events: they refuse a container that does not run, and what is no interval") {
  Bundle bundle;
  check_refused(bundle.command({"events", bundle.id()}), "container does not exist");
  CHECK(bundle.run({"--keep"}).exit_code == 0);
  for (const char* flag : {"--stats", "--interval=1s"})
    check_refused(bundle.command({"events", flag, bundle.id()}), "is not running");
  check_refused(bundle.command({"events", "--interval", "0", bundle.id()}),
                "duration interval must be greater than 0");
  check_refused(bundle.command({"events", "--interval", "-1s", bundle.id()}),
                "duration interval must be greater than 0");
  check_refused(bundle.command({"events", "--interval", "5", bundle.id()}), "for flag -interval");
  CHECK(bundle.remove().exit_code == 0);
}
