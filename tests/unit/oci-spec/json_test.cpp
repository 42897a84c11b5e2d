// The value tree: what is read, what is refused, and where.
#include "oci-spec/json.hpp"

#include <doctest/doctest.h>

#include <string>

#include "tests/unit/oci-spec/minimal.hpp"

using namespace coracle::oci;
using test::error_of;

namespace {

std::string refusal(std::string_view text) {
  return error_of(json::parse(text, "x.json"));
}

std::string repeat(std::string_view part, int times) {
  std::string whole;
  for (int i = 0; i < times; ++i) whole += part;
  return whole;
}

}  // namespace

TEST_CASE("json: members and elements keep the order of the text") {
  const std::string text = R"({"b": 1, "a": [true, null, "x"]})";
  const auto document = json::parse(text, "x.json");
  REQUIRE(document.has_value());
  std::string seen;
  for (const json::Value& member : document->root().children()) {
    seen += member.key();
    for (const json::Value& element : member.children()) seen += element.text();
  }
  CHECK(seen == "batruenullx");
}

TEST_CASE("json: a number is kept as it is written") {
  const auto document = json::parse("[18446744073709551616, -0, 1.50e+3]", "x.json");
  REQUIRE(document.has_value());
  std::string seen;
  for (const json::Value& element : document->root().children())
    seen += std::string(element.text()) + " ";
  CHECK(seen == "18446744073709551616 -0 1.50e+3 ");
}

TEST_CASE("json: an escaped string is decoded and outlives the parser") {
  const auto document = json::parse(R"(["a\n\"\u00e9\ud83d\ude00", "b\\ud800"])", "x.json");
  REQUIRE(document.has_value());
  const json::Children elements = document->root().children();
  CHECK((*elements.begin()).text() == "a\n\"\u00e9\U0001f600");
  CHECK((*++elements.begin()).text() == "b\\ud800");
}

TEST_CASE("json: a document can be moved before values are taken") {
  auto first = json::parse(R"({"a": "x\ny"})", "x.json");
  REQUIRE(first.has_value());
  const json::Document moved = *std::move(first);
  CHECK(moved.root().find("a")->text() == "x\ny");
}

TEST_CASE("json: find skips null and unknown members") {
  const auto document = json::parse(R"({"a": null, "b": 1})", "x.json");
  REQUIRE(document.has_value());
  CHECK_FALSE(document->root().find("a").has_value());
  CHECK_FALSE(document->root().find("c").has_value());
  CHECK(document->root().find("b")->text() == "1");
}

TEST_CASE("json: a pointer escapes as RFC 6901 demands") {
  const auto document = json::parse(R"({"a/b": [0, {"~\n": 1}]})", "x.json");
  REQUIRE(document.has_value());
  const json::Value list = *document->root().children().begin();
  const json::Value object = *++list.children().begin();
  CHECK(document->root().pointer().empty());
  CHECK(list.pointer() == "/a~1b");
  CHECK((*object.children().begin()).pointer() == "/a~1b/1/~0\\x0a");
}

TEST_CASE("json: an empty text is one clear error") {
  CHECK(refusal("") == "x.json: is empty, expected a JSON object");
  CHECK(refusal(" \r\n\t") == "x.json: is empty, expected a JSON object");
}

TEST_CASE("json: a syntax error is one line with its place") {
  CHECK(refusal("{\n  \"a\": [1,") == "x.json: line 2, column 11: parse error: premature EOF");
  CHECK(refusal("{\"a\": 01}").find('\n') == std::string::npos);
  CHECK_FALSE(refusal("{\"a\": 1,}").empty());
  CHECK_FALSE(refusal("{'a': 1}").empty());
  CHECK_FALSE(refusal("/* c */ {}").empty());
  CHECK_FALSE(refusal("[NaN]").empty());
}

TEST_CASE("json: anything after the value is refused") {
  CHECK(refusal("{} x") == "x.json: line 1, column 5: parse error: trailing garbage");
  CHECK(refusal("{}{}") == "x.json: line 1, column 4: parse error: trailing garbage");
  CHECK(refusal("{} \n").empty());
}

TEST_CASE("json: a duplicate name is refused with its pointer") {
  CHECK(refusal(R"({"root": {"path": 1, "path": 2}})") == "x.json: /root/path: duplicate property");
  CHECK(refusal(R"([{"a": 1, "\u0061": 2}])") == "x.json: /0/a: duplicate property");
  CHECK(refusal(R"({"": 1, "": 2})") == "x.json: /: duplicate property");
  CHECK(refusal(R"({"a": {"b": 1}, "b": 1})").empty());
}

TEST_CASE("json: nesting is refused beyond the limit and costs no stack") {
  CHECK(refusal(repeat("[", 512) + repeat("]", 512)).empty());
  CHECK(refusal(repeat("[", 513) + repeat("]", 513)) == "x.json: nested deeper than 512 levels");
  CHECK(refusal(repeat("{\"a\":", 100000)) == "x.json: nested deeper than 512 levels");
}

TEST_CASE("json: a NUL byte in the text is refused") {
  CHECK_FALSE(refusal(std::string_view("{\"a\": \"x\0y\"}", 12)).empty());
  CHECK_FALSE(refusal(std::string_view("{}\0", 3)).empty());
}

TEST_CASE("json: what is found is shown short") {
  const std::string text = "[" + repeat("9", 1000) + ", \"" + repeat("\u00e9", 1000) + "\"]";
  const auto document = json::parse(text, "x.json");
  REQUIRE(document.has_value());
  const json::Children elements = document->root().children();
  CHECK((*elements.begin()).refuse("a uint32").error().text() ==
        "x.json: /0: " + repeat("9", 64) + "... is not a uint32");
  CHECK((*++elements.begin()).found() == "\"" + repeat("\u00e9", 32) + "\"...");
}

TEST_CASE("json: 100,000 members are checked for duplicates in one sort") {
  std::string text = "{";
  for (int i = 0; i < 100000; ++i) text += "\"k" + std::to_string(i) + "\":0,";
  CHECK(refusal(text + "\"last\":0}").empty());
  CHECK(refusal(text + "\"k500\":0}") == "x.json: /k500: duplicate property");
}
