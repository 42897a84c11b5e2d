// Much of everything: mounts, text, containers at the same time.
#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/bundle.hpp"
#include "tests/support/leftovers.hpp"
#include "tests/support/soft_limit.hpp"
#include "tests/support/summary.hpp"
#include "tests/support/text.hpp"

using namespace coracle::test;
namespace fs = std::filesystem;

namespace {

Program create_program(const Bundle& bundle, const std::string& id) {
  Program program = bundle.program({"create", "--bundle", bundle.dir(), id});
  program.out_path = bundle.path("output." + id);
  program.err_path = bundle.path("errors." + id);
  return program;
}

}  // namespace

TEST_CASE("scale: 1,000 bind mounts are made, read-only every other") {
  for (const bool userns : {false, true}) {
    Bundle bundle;
    fs::create_directory(bundle.path("volume"));
    write_file(bundle.path("volume") + "/file", "text\n");
    for (int i = 0; i < 1000; ++i) {
      add_mount(bundle.config, "/many/" + std::to_string(i), "bind", bundle.path("volume"),
                {"bind", i % 2 == 0 ? "ro" : "rw"});
    }
    if (userns) bundle.map_ids(1'000'000);
    bundle.probe("mountinfo -- line /many/999/file -- readonly /many/998");
    Program program = bundle.program({"run", "--bundle", bundle.dir(), bundle.id()});
    program.limit_s = 60;
    const Outcome outcome = run(program);
    CHECK_MESSAGE(outcome.exit_code == 0, outcome.err);
    CHECK(std::ranges::count(outcome.out, '\n') > 1000);
    CHECK(outcome.value("/many/999/file") == "text");
    CHECK(outcome.value("writable") == "EROFS");
  }
}

TEST_CASE("scale: a configuration of 10 MB is read, kept and told") {
  Bundle bundle;
  for (int i = 0; i < 100; ++i)
    bundle.config["annotations"]["org.example." + std::to_string(i)] = std::string(100'000, 'x');
  bundle.probe("wait-signal");
  bundle.launch();
  CHECK(bundle.state().at("annotations") == bundle.config["annotations"]);
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("scale: 64 containers are created two at a time, and all are there") {
  Bundle bundle;
  bundle.config["linux"].erase("cgroupsPath");
  std::vector<std::string> ids;
  for (int pair = 0; pair < 32; ++pair) {
    std::vector<std::unique_ptr<Running>> workers;
    for (const char* half : {"a", "b"}) {
      ids.push_back(bundle.id() + "-" + half + std::to_string(pair));
      workers.push_back(std::make_unique<Running>(create_program(bundle, ids.back())));
    }
    for (const auto& worker : workers) {
      const Outcome outcome = worker->wait();
      CHECK_MESSAGE(outcome.exit_code == 0, outcome.text());
    }
  }
  const Outcome list = bundle.command({"list", "-q"});
  CHECK(std::ranges::count(list.out, '\n') == 64);
  for (const std::string& id : ids) {
    CHECK(contains(list.out, id));
    CHECK(bundle.command({"delete", "--force", id}).exit_code == 0);
  }
  CHECK(!has_containers(bundle.root()));
}

TEST_CASE("scale: 500 containers are listed in order, with threads and without") {
  Bundle bundle;
  bundle.probe("wait-signal");
  bundle.launch();
  nlohmann::json state =
      nlohmann::json::parse(read_file(bundle.root() + "/" + bundle.id() + "/state.json"));
  std::vector<fs::path> copies;
  std::string ids = bundle.id() + "\n";
  for (int i = 100; i < 600; ++i) {
    const std::string id = bundle.id() + "-" + std::to_string(i);
    ids += id + "\n";
    state["id"] = id;
    copies.push_back(fs::path(bundle.root()) / id);
    fs::create_directory(copies.back());
    write_file(copies.back() / "state.json", state.dump());
  }
  const auto check_list = [&] {
    const Outcome list = bundle.command({"list", "-q"});
    CHECK_MESSAGE(list.exit_code == 0, list.text());
    CHECK(list.out == ids);
  };
  check_list();
  {
    // New threads' stacks are as large by default, and this one has no place in any address space.
    const SoftLimit no_threads(RLIMIT_STACK, rlim_t{1} << 60);
    check_list();
  }
  for (const fs::path& copy : copies) fs::remove_all(copy);
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("scale: of 12 creates with one id at the same time one succeeds") {
  Bundle bundle;
  std::vector<std::unique_ptr<Running>> all;
  const Program program = bundle.program({"create", "--bundle", bundle.dir(), bundle.id()});
  for (int i = 0; i < 12; ++i) {
    Program one = program;
    one.out_path = bundle.path("output." + std::to_string(i));
    all.push_back(std::make_unique<Running>(one));
  }
  int succeeded = 0;
  for (const auto& one : all) {
    const Outcome outcome = one->wait();
    if (outcome.exit_code == 0) {
      ++succeeded;
    } else {
      CHECK_MESSAGE(contains(outcome.out, "container with given ID already exists"),
                    outcome.text());
    }
  }
  CHECK(succeeded == 1);
  CHECK(bundle.status() == "created");
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}
