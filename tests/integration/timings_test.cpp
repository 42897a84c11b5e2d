// --timings: where the time of a command went, by names that its user knows.
#include <algorithm>
#include <filesystem>
#include <map>
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

// One side's phases, each of which has an end and a length in microseconds; of one that comes
// again the longest.
std::map<std::string, double> phases(const std::string& file, int side) {
  const Json timings = Json::parse(read_file(file));
  CHECK(timings["lost"] == 0);
  std::map<std::string, double> lengths;
  for (const Json& event : timings["traceEvents"]) {
    if (event["ph"] != "X" || event["tid"] != side) continue;
    CHECK(event["ts"].get<double>() >= 0);
    CHECK(event["dur"].get<double>() >= 0);
    double& length = lengths[event["name"].get<std::string>()];
    length = std::max(length, event["dur"].get<double>());
  }
  return lengths;
}

Program timed(const Bundle& bundle, const std::string& file, std::vector<std::string> command) {
  command.insert(command.begin(), {"--timings", file});
  return bundle.program(std::move(command));
}

}  // namespace

TEST_CASE("timings: run names the steps of both sides and every mount") {
  if (testing_runc()) return skip_case("only coracle has --timings");
  Bundle bundle;
  bundle.probe("ids");
  fs::create_directory(bundle.path("volume"));
  add_mount(bundle.config, "/volume", "bind", bundle.path("volume"), {"bind"});
  const std::string file = bundle.path("timings.json");
  const Outcome outcome = run(timed(bundle, file, {"run", "--bundle", bundle.dir(), bundle.id()}));
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.err.empty());

  const auto host = phases(file, host_side);
  for (const char* name :
       {"run", "load config", "claim id", "plan", "make cgroup", "save config", "save state",
        "clone", "program", "delete", "remove cgroup", "remove state"})
    CHECK_MESSAGE(host.contains(name), name);
  const auto init = phases(file, init_side);
  for (const char* name : {"devices", "pivot_root", "privileges"})
    CHECK_MESSAGE(init.contains(name), name);
  REQUIRE_FALSE(bundle.config["mounts"].empty());
  for (const Json& mount : bundle.config["mounts"]) {
    const std::string name = "mount " + mount["destination"].get<std::string>();
    CHECK_MESSAGE(init.contains(name), name);
  }
}

TEST_CASE("timings: every hook is named, and has its own time") {
  if (testing_runc()) return skip_case("only coracle has --timings");
  Bundle bundle;
  bundle.probe("ids");
  const std::map<std::string, int> sides = {
      {"prestart", host_side},       {"createRuntime", host_side}, {"createContainer", init_side},
      {"startContainer", init_side}, {"poststart", host_side},     {"poststop", host_side}};
  for (const auto& [kind, side] : sides)
    bundle.config["hooks"][kind] = {
        {{"path", bundle.rootfs() + "/probe"}, {"args", {"p", "exit", "0"}}}};
  bundle.config["hooks"]["startContainer"][0]["path"] = "/probe";
  bundle.config["hooks"]["createRuntime"].push_back(
      {{"path", "/bin/sleep"}, {"args", {"sleep", "0.2"}}});
  const std::string file = bundle.path("timings.json");
  CHECK(run(timed(bundle, file, {"run", "--bundle", bundle.dir(), bundle.id()})).exit_code == 0);

  for (const auto& [kind, side] : sides) {
    const Json& hook = bundle.config["hooks"][kind][0];
    const std::string name = kind + " " + hook["path"].get<std::string>();
    CHECK_MESSAGE(phases(file, side).contains(name), name);
  }
  // It slept no less than this, whatever the machine does.
  CHECK(phases(file, host_side).at("createRuntime /bin/sleep") >= 200'000);
}

TEST_CASE("timings: create, start and delete tell of their own part") {
  if (testing_runc()) return skip_case("only coracle has --timings");
  Bundle bundle;
  bundle.probe("ids");
  const std::string file = bundle.path("timings.json");
  const auto phases_of = [&](std::vector<std::string> command) {
    Program program = timed(bundle, file, std::move(command));
    program.out_path = bundle.path("output");  // the container keeps it open
    CHECK(run(program).exit_code == 0);
    return phases(file, host_side);
  };
  const auto create = phases_of({"create", "--bundle", bundle.dir(), bundle.id()});
  CHECK(create.contains("serve init"));
  CHECK_FALSE(create.contains("await execve"));
  CHECK(phases_of({"start", bundle.id()}).contains("await execve"));
  REQUIRE(bundle.reaches("stopped"));
  CHECK(phases_of({"delete", bundle.id()}).contains("remove cgroup"));
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
