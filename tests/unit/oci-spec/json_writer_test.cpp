// JSON output.
#include "oci-spec/json_writer.hpp"

#include <doctest/doctest.h>

#include <cstdint>

using namespace coracle::oci;

namespace {

void write_sample(json::Writer& out) {
  out.begin_object();
  out.key("a");
  out.begin_array();
  out.integer(std::uint64_t{18446744073709551615U});
  out.integer(std::int64_t{-1});
  out.boolean(true);
  out.end_array();
  out.key("b");
  out.empty_array();
  out.key("c");
  out.empty_object();
  out.end_object();
}

}  // namespace

TEST_CASE("json writer: compact output is one line") {
  json::Writer out(json::Layout::compact);
  write_sample(out);
  CHECK(std::move(out).text() == R"({"a":[18446744073709551615,-1,true],"b":[],"c":{}})");
}

TEST_CASE("json writer: indented output uses two spaces and ends its last line") {
  json::Writer out(json::Layout::indented);
  write_sample(out);
  CHECK(std::move(out).text() ==
        "{\n  \"a\": [\n    18446744073709551615,\n    -1,\n    true\n  ],\n"
        "  \"b\": [],\n  \"c\": {}\n}\n");
}

TEST_CASE("json writer: a string is escaped where JSON demands it") {
  json::Writer out(json::Layout::compact);
  out.string(std::string_view("/\"\\\n\x01\0\u00e9", 8));
  CHECK(std::move(out).text() == "\"/\\\"\\\\\\n\\u0001\\u0000\u00e9\"");
}

TEST_CASE("json writer: a decimal number has no digit too many") {
  json::Writer out(json::Layout::compact);
  out.begin_array();
  for (const double number : {0.0, 1.5, 99.99}) out.decimal(number);
  out.end_array();
  CHECK(std::move(out).text() == "[0,1.5,99.99]");
}
