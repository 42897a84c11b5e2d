// state.json.
#include "runtime/container/state_json.hpp"

#include <doctest/doctest.h>

using namespace coracle;
using container::ContainerFacts;

namespace {

ContainerFacts example() {
  ContainerFacts state;
  state.id = "web1";
  state.oci_version = "1.3.0";
  state.pid = 42;
  state.start_time = 567890;
  state.bundle = "/bundle";
  state.rootfs = "/bundle/rootfs";
  state.created = "2026-11-21T19:40:34.123456789Z";
  state.owner = 1000;
  state.rootless = true;
  state.restored = true;
  state.external_descriptors = {"/dev/null", "pipe:[1]", "pipe:[2]"};
  state.cgroup_paths = {.v1 = {{"memory", "/sys/fs/cgroup/memory/web1"}},
                        .v2 = "/sys/fs/cgroup/unified/web1"};
  state.annotations = {{"key", "value"}};
  return state;
}

}  // namespace

TEST_CASE("state.json: what is written reads back") {
  const ContainerFacts state = example();
  const std::string text = container::render_facts(state);
  const auto read = container::parse_facts(text, "state.json");
  REQUIRE(read.has_value());
  CHECK(read->id == state.id);
  CHECK(read->pid == state.pid);
  CHECK(read->start_time == state.start_time);
  CHECK(read->owner == state.owner);
  CHECK(read->rootless);
  CHECK(read->restored);
  CHECK(read->external_descriptors == state.external_descriptors);
  CHECK(read->cgroup_paths == state.cgroup_paths);
  CHECK(read->annotations == state.annotations);
  CHECK(container::render_facts(*read) == text);
}

TEST_CASE("state.json: keys are those of runc") {
  const std::string text = container::render_facts(example());
  for (const char* key :
       {"\"id\":\"web1\"", "\"init_process_pid\":42", "\"init_process_start\":567890",
        "\"rootless\":true", "\"external_descriptors\":[\"/dev/null\",\"pipe:[1]\",\"pipe:[2]\"]",
        "\"cgroup_paths\":{\"\":\"/sys/fs/cgroup/unified/web1\","
        "\"memory\":\"/sys/fs/cgroup/memory/web1\"}"})
    CHECK_MESSAGE(text.find(key) != std::string::npos, key);
}

TEST_CASE("state.json: a half-made container has no pid and reads back") {
  ContainerFacts state = example();
  state.pid = 0;
  state.start_time = 0;
  state.cgroup_paths = {};
  const auto read = container::parse_facts(container::render_facts(state), "state.json");
  REQUIRE(read.has_value());
  CHECK(read->pid == 0);
  CHECK(read->cgroup_paths == cgroup::Paths{});
}

TEST_CASE("state.json: a text that was cut is refused by name") {
  std::string text = container::render_facts(example());
  text.resize(text.size() / 2);
  const auto read = container::parse_facts(text, "/run/coracle/web1/state.json");
  REQUIRE_FALSE(read.has_value());
  CHECK(read.error().text().starts_with("/run/coracle/web1/state.json"));
}

TEST_CASE("state.json: a missing key is named") {
  CHECK(container::parse_facts("{\"id\":\"web1\"}", "state.json").error().text() ==
        "state.json: /ociVersion: missing, expected a string");
}
