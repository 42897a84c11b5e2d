// --timings: where the time of a command went, by names that its user knows.
#include <filesystem>
#include <set>
#include <string>

#include <doctest/doctest.h>

#include "tests/support/bundle.hpp"
#include "tests/support/summary.hpp"
#include "tests/support/text.hpp"

using namespace coracle::test;
namespace fs = std::filesystem;

namespace {

constexpr int host_side = 1;
constexpr int init_side = 3;

// The names of one side's phases, each of which has an end and a length.
std::set<std::string> phases(const std::string& file, int side) {
  const Json timings = Json::parse(read_file(file));
  CHECK(timings["lost"] == 0);
  std::set<std::string> names;
  for (const Json& event : timings["traceEvents"]) {
    if (event["ph"] != "X" || event["tid"] != side) continue;
    CHECK(event["ts"].get<double>() >= 0);
    CHECK(event["dur"].get<double>() >= 0);
    names.insert(event["name"]);
  }
  return names;
}

Program timed(const Bundle& bundle, const std::string& file, std::vector<std::string> command) {
  command.insert(command.begin(), {"--timings", file});
  return bundle.program(std::move(command));
}

}  // namespace

TEST_CASE("timings: run names the steps of both sides, every mount and every hook") {
  if (testing_runc()) return skip_case("only coracle has --timings");
  Bundle bundle;
  bundle.probe("ids");
  fs::create_directory(bundle.path("volume"));
  add_mount(bundle.config, "/volume", "bind", bundle.path("volume"), {"bind"});
  bundle.config["hooks"]["createRuntime"] = {{{"path", "/bin/true"}}};
  const std::string file = bundle.path("timings.json");
  const Outcome outcome = run(timed(bundle, file, {"run", "--bundle", bundle.dir(), bundle.id()}));
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.err.empty());

  const std::set<std::string> host = phases(file, host_side);
  for (const char* name : {"run", "load config", "plan", "make cgroup", "clone", "program",
                           "createRuntime /bin/true", "delete", "remove cgroup"})
    CHECK_MESSAGE(host.contains(name), name);
  const std::set<std::string> init = phases(file, init_side);
  for (const char* name : {"mount /volume", "mount /proc", "devices", "pivot_root", "privileges"})
    CHECK_MESSAGE(init.contains(name), name);
}

TEST_CASE("timings: exec tells of the process that enters") {
  if (testing_runc()) return skip_case("only coracle has --timings");
  Bundle bundle;
  bundle.probe("wait-signal");
  REQUIRE(bundle.create().exit_code == 0);
  REQUIRE(bundle.start().exit_code == 0);
  const std::string file = bundle.path("timings.json");
  CHECK(run(timed(bundle, file, {"exec", bundle.id(), "/probe", "ids"})).exit_code == 0);
  CHECK(phases(file, host_side).contains("exec"));
  CHECK(phases(file, init_side).contains("working directory"));
  bundle.remove({"--force"});
}

TEST_CASE("timings: a command that fails writes them too") {
  if (testing_runc()) return skip_case("only coracle has --timings");
  Bundle bundle;
  bundle.config["process"]["args"] = {"/not-there"};
  const std::string file = bundle.path("timings.json");
  CHECK(run(timed(bundle, file, {"run", "--bundle", bundle.dir(), bundle.id()})).exit_code == 1);
  CHECK(phases(file, host_side).contains("serve init"));
}

TEST_CASE("timings: a file that cannot be made fails the command before it did anything") {
  if (testing_runc()) return skip_case("only coracle has --timings");
  Bundle bundle;
  const Outcome outcome = run(timed(bundle, bundle.path("no-directory/timings.json"),
                                    {"run", "--bundle", bundle.dir(), bundle.id()}));
  CHECK(outcome.exit_code == 1);
  CHECK(contains(outcome.err, "--timings: open "));
  CHECK(contains(outcome.err, "no such file or directory"));
  CHECK_FALSE(fs::exists(bundle.root() + "/" + bundle.id()));
}
