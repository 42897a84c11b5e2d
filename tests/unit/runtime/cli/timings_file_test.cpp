// The text of --timings FILE.
#include "runtime/cli/timings_file.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace coracle;
using sys::timings::Record;
using sys::timings::Side;

namespace {

Record record(std::string_view name, Side side, std::int64_t start_ns, std::int64_t end_ns) {
  Record made = {.name = {}, .side = side, .start_ns = start_ns, .end_ns = end_ns};
  std::ranges::copy(name, made.name.begin());
  return made;
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("timings file: times are microseconds since the first phase") {
  const std::string text =
      cli::render_timings({.records = {record("run", Side::host, 5'000'000, 9'000'500),
                                       record("mount /proc", Side::init, 6'001'250, 6'002'000)},
                           .lost = 0},
                          "run");
  CHECK(has(text,
            "\"name\": \"run\",\n      \"ph\": \"X\",\n      \"pid\": 1,\n      \"tid\": 1,\n"
            "      \"ts\": 0,\n      \"dur\": 4000.5\n"));
  CHECK(has(text,
            "\"name\": \"mount /proc\",\n      \"ph\": \"X\",\n      \"pid\": 1,\n"
            "      \"tid\": 3,\n      \"ts\": 1001.25,\n      \"dur\": 0.75\n"));
}

TEST_CASE("timings file: a phase that nobody left is an instant") {
  const std::string text =
      cli::render_timings({.records = {record("execute", Side::init, 1'000, 0)}, .lost = 0}, "run");
  CHECK(has(text, "\"name\": \"execute\",\n      \"ph\": \"i\""));
  CHECK_FALSE(has(text, "\"dur\""));
}

TEST_CASE("timings file: the sides have names, and what was lost is told") {
  const std::string text = cli::render_timings({.records = {}, .lost = 7}, "exec");
  for (const char* name : {"exec", "host", "joiner", "init"})
    CHECK(has(text, "\"name\": \"" + std::string(name) + "\""));
  CHECK(has(text, "\"lost\": 7"));
}
