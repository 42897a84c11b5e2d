// Checks of the raw text.
#include "oci-spec/json_text.hpp"

#include <doctest/doctest.h>

#include "tests/unit/oci-spec/minimal.hpp"

using namespace coracle::oci;
using test::error_of;

TEST_CASE("json text: well-formed UTF-8 is accepted to its bounds") {
  for (const std::string_view text :
       {"plain ascii text", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf",
        "\xee\x80\x80", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"})
    CHECK(json::utf8_prefix(text) == text.size());
}

TEST_CASE("json text: malformed UTF-8 is found at its first byte") {
  for (const std::string_view bad :
       {"\x80", "\xc0\x80", "\xc1\xbf", "\xc3", "\xc3x", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xe2\x82",
        "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"}) {
    CHECK(json::utf8_prefix(bad) == 0);
    CHECK(json::utf8_prefix("eight is" + std::string(bad)) == 8);
  }
}

TEST_CASE("json text: invalid UTF-8 is refused with its place") {
  CHECK(error_of(json::check_text("{\n \"a\": \"\xff\"}")) == "line 2, column 8: invalid UTF-8");
}

TEST_CASE("json text: half a surrogate pair is refused") {
  CHECK(error_of(json::check_text(R"(["\ud800x"])")) ==
        "line 1, column 3: \\ud800 is half of a surrogate pair");
  CHECK_FALSE(json::check_text(R"(["\uDC00"])").has_value());
  CHECK_FALSE(json::check_text(R"(["\ud800\u0041"])").has_value());
  CHECK(json::check_text(R"(["\ud83d\ude00"])").has_value());
  CHECK(json::check_text(R"(["\\ud800"])").has_value());
}

TEST_CASE("json text: a text that is too long is refused") {
  const std::string huge((std::size_t{64} << 20) + 1, ' ');
  CHECK(error_of(json::check_text(huge)) ==
        "67108865 bytes are more than the 67108864 that are read");
}

TEST_CASE("json text: a position counts lines and columns from one") {
  CHECK(json::position("ab\ncd", 0) == "line 1, column 1");
  CHECK(json::position("ab\ncd", 4) == "line 2, column 2");
  CHECK(json::position("ab\ncd", 5) == "line 2, column 3");
}

TEST_CASE("json text: a long token is cut between characters") {
  std::string key(199, 'k');
  CHECK(json::escape_token(key + "\u00e9x") == key + "...");
}
