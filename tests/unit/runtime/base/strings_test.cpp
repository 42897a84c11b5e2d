// Text helpers.
#include "runtime/base/strings.hpp"

#include <doctest/doctest.h>

#include <cstdint>

namespace coracle {
namespace {

TEST_CASE("split: keeps empty parts") {
  CHECK(split("a,,b", ',') == std::vector<std::string_view>{"a", "", "b"});
  CHECK(split("", ',') == std::vector<std::string_view>{""});
}

TEST_CASE("parse_number: takes the whole text or nothing") {
  CHECK(parse_number<std::uint32_t>("4294967295") == 4294967295U);
  for (const char* text : {"", "4294967296", "-1", "+1", " 1", "1 ", "0x1", "1:"})
    CHECK_MESSAGE(!parse_number<std::uint32_t>(text).has_value(), text);
  CHECK(parse_number<int>("-7") == -7);
}

TEST_CASE("trim: takes white space from both ends") {
  CHECK(trim(" \ta b\n") == "a b");
  CHECK(trim(" \n").empty());
}

TEST_CASE("quoted: control characters and quotes are escaped") {
  CHECK(in_quotes("a\"b\\c\n") == R"("a\"b\\c\x0a")");
}

TEST_CASE("quoted: a long text is not cut inside a character of UTF-8") {
  CHECK(in_quotes("ab\xc3\xa4", 3) == "\"ab\"...");
  CHECK(in_quotes("ab\xc3\xa4", 4) == "\"ab\xc3\xa4\"");
}

TEST_CASE("join: puts the separator between") {
  CHECK(join({"a", "b"}, ", ") == "a, b");
  CHECK(join({}, ", ").empty());
}

}  // namespace
}  // namespace coracle
