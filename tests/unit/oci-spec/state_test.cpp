// State <-> JSON.
#include "oci-spec/state.hpp"

#include <doctest/doctest.h>

#include "tests/unit/oci-spec/minimal.hpp"

using namespace coracle::oci;
using test::error_of;

TEST_CASE("state: a running container is one line of JSON") {
  CHECK(write_state({.oci_version = "1.3.0",
                     .id = "web1",
                     .status = Status::running,
                     .pid = 42,
                     .bundle = "/b",
                     .annotations = {{"k", "v"}}}) ==
        R"({"ociVersion":"1.3.0","id":"web1","status":"running","pid":42,"bundle":"/b",)"
        R"("annotations":{"k":"v"}})");
}

TEST_CASE("state: pid 0 and no annotations are left out") {
  CHECK(write_state({.oci_version = "1.3.0",
                     .id = "web1",
                     .status = Status::stopped,
                     .pid = 0,
                     .bundle = "/b",
                     .annotations = {}}) ==
        R"({"ociVersion":"1.3.0","id":"web1","status":"stopped","bundle":"/b"})");
}

TEST_CASE("state: what is written reads back") {
  const auto state =
      parse_state(R"({"ociVersion":"1.3.0","id":"a","status":"paused","pid":7,"bundle":"/b"})");
  REQUIRE(state.has_value());
  CHECK(state->status == Status::paused);
  CHECK(state->pid == 7);
  CHECK(error_of(parse_state("{}")) == "state: /ociVersion: missing, expected a string");
}

TEST_CASE("state: every status has its word") {
  CHECK(to_string(Status::creating) == "creating");
  CHECK(to_string(Status::created) == "created");
  CHECK(to_string(Status::running) == "running");
  CHECK(to_string(Status::paused) == "paused");
  CHECK(to_string(Status::stopped) == "stopped");
}
