// Which container, and which configuration: --regex and --config.
#include <filesystem>
#include <string>

#include <doctest/doctest.h>

#include "tests/support/bundle.hpp"
#include "tests/support/text.hpp"

using namespace coracle::test;
namespace fs = std::filesystem;

namespace {

// A second and a third container beside `bundle`'s own: "N-a" and "N-b", in cgroups of their own.
struct Three : Bundle {
  Three() {
    probe("wait-signal");
    launch();
    for (const char* suffix : {"-a", "-b"}) {
      config["linux"]["cgroupsPath"] = cgroup() + suffix;
      Program create = program({"create", "--bundle", dir(), id() + suffix});
      create.out_path = path("output");
      REQUIRE(coracle::test::run(create).exit_code == 0);
      REQUIRE(command({"start", id() + suffix}).exit_code == 0);
    }
  }
  ~Three() { command({"delete", "--force", "--regex", "^" + id()}); }

  std::string listed() const { return words(command({"list", "--quiet"}).out); }
  std::string status_of(const std::string& one) const {
    const Outcome outcome = command({"state", one});
    if (outcome.exit_code != 0) return "none";
    return Json::parse(outcome.out).at("status").get<std::string>();
  }
};

}  // namespace

TEST_CASE("kill --regex: all containers whose id matches get the signal, no other") {
  const Three three;
  const Outcome killed = three.command({"kill", "--regex", "[-][ab]$", "KILL"});
  CHECK_MESSAGE(killed.exit_code == 0, killed.text());
  CHECK(eventually([&] { return three.status_of(three.id() + "-a") == "stopped"; }));
  CHECK(eventually([&] { return three.status_of(three.id() + "-b") == "stopped"; }));
  CHECK(three.status() == "running");
}

TEST_CASE("kill --regex: a failure stops nothing and is told") {
  const Three three;
  REQUIRE(three.command({"kill", three.id() + "-a", "KILL"}).exit_code == 0);
  REQUIRE(eventually([&] { return three.status_of(three.id() + "-a") == "stopped"; }));
  const Outcome killed = three.command({"kill", "-r", "[-][ab]$", "KILL"});
  CHECK(killed.exit_code == 1);
  CHECK(contains(killed.err, "kill " + three.id() + "-a: container not running"));
  CHECK(eventually([&] { return three.status_of(three.id() + "-b") == "stopped"; }));
}

TEST_CASE("delete --regex: all that match and have stopped are deleted, all that match by force") {
  const Three three;
  REQUIRE(three.command({"kill", three.id() + "-a", "KILL"}).exit_code == 0);
  REQUIRE(eventually([&] { return three.status_of(three.id() + "-a") == "stopped"; }));
  const Outcome removed = three.command({"delete", "--regex", "[-][ab]$"});
  CHECK(contains(removed.err, "cannot delete container " + three.id() + "-b"));
  CHECK(three.listed() == three.id() + " " + three.id() + "-b");
  CHECK(three.command({"delete", "--regex", "--force", "[-][ab]$"}).exit_code == 0);
  CHECK(three.listed() == three.id());
}

TEST_CASE("--regex: no match is no error, and what is no expression is refused") {
  Bundle bundle;
  bundle.probe("wait-signal");
  bundle.launch();
  CHECK(bundle.command({"delete", "--force", "--regex", "^nothing$"}).exit_code == 0);
  CHECK(contains(bundle.command({"kill", "--regex", "(", "KILL"}).err, "Unmatched ("));
  CHECK(bundle.status() == "running");
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("run --config: another file is the configuration, its paths count from the bundle") {
  Bundle bundle;
  bundle.probe("exit 7");
  const std::string other = bundle.path("other.json");
  write_file(other, bundle.config.dump());
  bundle.probe("exit 8");
  CHECK(bundle.run({"--config", other}).exit_code == 7);
  CHECK(bundle.run({"-f", other}).exit_code == 7);
  CHECK(bundle.run().exit_code == 8);
}

TEST_CASE("create --config: a relative file counts from the working directory") {
  Bundle bundle;
  bundle.probe("wait-signal");
  write_file(bundle.path("other.json"), bundle.config.dump());
  bundle.config["root"]["path"] = "nothing";
  Program create =
      bundle.program({"create", "--bundle", bundle.dir(), "--config", "other.json", bundle.id()});
  create.directory = bundle.path("");
  create.out_path = bundle.path("output");
  const Outcome created = run(create);
  CHECK_MESSAGE(created.exit_code == 0, read_file(bundle.path("output")));
  CHECK(bundle.status() == "created");
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("create --config: an error names the file") {
  Bundle bundle;
  write_file(bundle.path("other.json"), "[]");
  CHECK(contains(bundle.run({"--config", bundle.path("other.json")}).err,
                 bundle.path("other.json") + ": an array is not an object"));
  CHECK(contains(bundle.run({"--config", bundle.path("none.json")}).err,
                 bundle.path("none.json") + ": no such file or directory"));
}
