// Reading and writing by a table of fields.
#include "oci-spec/fields.hpp"

#include <doctest/doctest.h>

#include "tests/unit/oci-spec/minimal.hpp"

namespace coracle::oci {

namespace {

enum class Colour { red, green };

struct Inner {
  std::uint32_t size = 0;
};

struct Sample {
  std::string name;
  bool flag = false;
  std::optional<std::int16_t> level;
  std::vector<Inner> parts;
  std::map<std::string, std::string> labels;
  Colour colour = Colour::red;
  Inner inner;
  std::optional<std::vector<std::string>> words;
};

}  // namespace

template <>
struct Words<Colour> {
  static constexpr std::array table = std::to_array<Word<Colour>>({
      {"red", Colour::red},
      {"crimson", Colour::red},
      {"green", Colour::green},
  });
};

template <>
struct Fields<Inner> {
  static constexpr auto table = std::tuple{optional("size", &Inner::size)};
};

template <>
struct Fields<Sample> {
  static constexpr auto table = std::tuple{
      required("name", &Sample::name),     optional("flag", &Sample::flag),
      optional("level", &Sample::level),   optional("parts", &Sample::parts),
      optional("labels", &Sample::labels), always_written("colour", &Sample::colour),
      optional("inner", &Sample::inner),   optional("words", &Sample::words),
  };
};

namespace {

Result<Sample> read(std::string_view text) {
  const json::Document document = TRY(json::parse(text, "x"));
  return Codec<Sample>::read(document.root());
}

std::string write(const Sample& sample) {
  json::Writer out(json::Layout::compact);
  Codec<Sample>::write(out, sample);
  return std::move(out).text();
}

std::string refusal(std::string_view text) {
  return test::error_of(read(text));
}

}  // namespace

TEST_CASE("fields: what is written is what was read") {
  const std::string text =
      R"({"name":"n","flag":true,"level":-5,"parts":[{"size":1},{}],"labels":{"k":"v"},)"
      R"("colour":"green","inner":{"size":2},"words":[]})";
  const auto sample = read(text);
  REQUIRE(sample.has_value());
  CHECK(write(*sample) == text);
}

TEST_CASE("fields: absent and empty ones are left out") {
  CHECK(write(Sample{}) == R"({"name":"","colour":"red"})");
}

TEST_CASE("fields: an empty optional list is not an absent one") {
  CHECK_FALSE(read(R"({"name": "n"})")->words.has_value());
  CHECK_FALSE(read(R"({"name": "n", "words": null})")->words.has_value());
  CHECK(read(R"({"name": "n", "words": []})")->words->empty());
}

TEST_CASE("fields: unknown properties are ignored whatever they hold") {
  CHECK(read(R"({"x": {"name": [1, {"y": "\u0000"}]}, "name": "n", "Name": 4})")->name == "n");
}

TEST_CASE("fields: null counts as absent") {
  CHECK(read(R"({"name": "n", "flag": null, "parts": null, "inner": null})").has_value());
  CHECK(refusal(R"({"name": null})") == "x: /name: missing, expected a string");
  CHECK(refusal(R"({"name": "n", "parts": [null]})") == "x: /parts/0: null is not an object");
}

TEST_CASE("fields: a missing required field is named with its type") {
  CHECK(refusal("{}") == "x: /name: missing, expected a string");
}

TEST_CASE("fields: a wrong type is refused with pointer and value") {
  CHECK(refusal("[]") == "x: an array is not an object");
  CHECK(refusal(R"({"name": 1})") == "x: /name: 1 is not a string");
  CHECK(refusal(R"({"flag": "yes"})") == "x: /flag: \"yes\" is not a boolean");
  CHECK(refusal(R"({"parts": {}})") == "x: /parts: an object is not an array");
  CHECK(refusal(R"({"parts": [{}, {"size": "1"}]})") == "x: /parts/1/size: \"1\" is not a uint32");
  CHECK(refusal(R"({"labels": {"a/b": true}})") == "x: /labels/a~1b: true is not a string");
  CHECK(refusal(R"({"labels": []})") == "x: /labels: an array is not an object");
}

TEST_CASE("fields: integers are held to their range and form") {
  CHECK(read(R"({"name": "n", "level": 32767})")->level == 32767);
  CHECK(refusal(R"({"level": 32768})") == "x: /level: 32768 is not an int16");
  CHECK(refusal(R"({"inner": {"size": 4294967296}})") ==
        "x: /inner/size: 4294967296 is not a uint32");
  CHECK(refusal(R"({"inner": {"size": -1}})") == "x: /inner/size: -1 is not a uint32");
  CHECK(refusal(R"({"inner": {"size": 1.0}})") == "x: /inner/size: 1.0 is not a uint32");
  CHECK(refusal(R"({"inner": {"size": 1e3}})") == "x: /inner/size: 1e3 is not a uint32");
}

TEST_CASE("fields: an unknown word is refused with those that are known") {
  CHECK(refusal(R"({"colour": "blue"})") ==
        "x: /colour: \"blue\" is not one of red, crimson, green");
  CHECK(read(R"({"name": "n", "colour": "crimson"})")->colour == Colour::red);
}

TEST_CASE("fields: a NUL byte in a string or a name is refused") {
  CHECK(refusal(R"({"name": "a\u0000b"})") ==
        "x: /name: \"a\\x00b\" is not a string without NUL bytes");
  CHECK(refusal(R"({"labels": {"a\u0000": "v"}})") == "x: /labels/a\\x00: the name has a NUL byte");
}

}  // namespace coracle::oci
