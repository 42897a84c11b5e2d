// How `state` and `list` show containers.
#include "runtime/cli/description.hpp"

#include <doctest/doctest.h>

using namespace coracle;

namespace {

constexpr std::string_view passwd =
    "root:x:0:0:root:/root:/bin/bash\nweb:x:1000:1000::/home/web:/bin/sh\n";

container::Described example() {
  container::Described described;
  described.facts.id = "web1";
  described.facts.oci_version = "1.3.0";
  described.facts.pid = 42;
  described.facts.bundle = "/a/long/way/to/the/bundle";
  described.facts.rootfs = "/rootfs";
  described.facts.created = "2026-11-21T19:40:34Z";
  described.status = oci::Status::running;
  return described;
}

std::string json_of(const container::Described& described) {
  oci::json::Writer out(oci::json::Layout::compact);
  cli::write_description(out, described, passwd);
  return std::move(out).text();
}

}  // namespace

TEST_CASE("user_name: an id without an entry is shown as a number") {
  CHECK(cli::user_name(0, passwd) == "root");
  CHECK(cli::user_name(1000, passwd) == "web");
  CHECK(cli::user_name(100, passwd) == "#100");
  CHECK(cli::user_name(0, "") == "#0");
  CHECK(cli::user_name(7, "root:x:0:0\n\n:\nlast:x:7:7") == "last");
}

TEST_CASE("description: fields are in the order of runc") {
  CHECK(json_of(example()) == R"({"ociVersion":"1.3.0","id":"web1","pid":42,"status":"running",)"
                              R"("bundle":"/a/long/way/to/the/bundle","rootfs":"/rootfs",)"
                              R"("created":"2026-11-21T19:40:34Z","owner":"root"})");
}

TEST_CASE("description: annotations are shown where there are any") {
  container::Described described = example();
  described.facts.annotations = {{"a", "b"}};
  CHECK(json_of(described).find(R"("annotations":{"a":"b"},"owner")") != std::string::npos);
}

TEST_CASE("description: a stopped container has no process") {
  container::Described described = example();
  described.status = oci::Status::stopped;
  CHECK(json_of(described).find(R"("pid":0,"status":"stopped")") != std::string::npos);
}

TEST_CASE("table: of no containers it has a header") {
  cli::Table table;
  CHECK(table.take_lines(100) ==
        "ID          PID         STATUS      BUNDLE      CREATED     OWNER\n");
  CHECK(table.take_lines(100) == "");
}

TEST_CASE("table: columns are aligned, however many lines are taken at once") {
  const std::string header =
      "ID          PID         STATUS      BUNDLE                      CREATED                "
      "OWNER\n";
  const std::string row =
      "web1        42          running     /a/long/way/to/the/bundle   2026-11-21T19:40:34Z   "
      "root\n";
  cli::Table table;
  for (int i = 0; i < 3; ++i) table.add(example(), passwd);
  CHECK(table.take_lines(2) == header + row);
  CHECK(table.take_lines(2) == row + row);
  CHECK(table.take_lines(2) == "");
}
