// GVariant's text format.
#include "runtime/dbus/text.hpp"

#include <doctest/doctest.h>

using namespace coracle;
using namespace coracle::dbus;

namespace {

std::string type_of(std::string_view text) {
  const auto value = parse_value(text);
  return value ? value->type : value.error().text();
}

template <class T>
T data_of(std::string_view text) {
  const auto value = parse_value(text);
  REQUIRE_MESSAGE(value.has_value(), value.error().text());
  return std::get<T>(value->data);
}

}  // namespace

TEST_CASE("D-Bus value: a number without a type is an int32, or a double") {
  CHECK(type_of("5") == "i");
  CHECK(data_of<std::int64_t>("-5") == -5);
  CHECK(data_of<std::int64_t>("0x10") == 16);
  CHECK(data_of<std::int64_t>("010") == 8);
  CHECK(data_of<std::int64_t>("0") == 0);
  CHECK(data_of<double>("1.5") == 1.5);
  CHECK(data_of<double>("-1e3") == -1000);
}

TEST_CASE("D-Bus value: a keyword or a signature gives a number its type") {
  CHECK(type_of("uint64 123456789") == "t");
  CHECK(data_of<std::uint64_t>("uint64 18446744073709551615") == 18446744073709551615u);
  CHECK(data_of<std::int64_t>("int64 -9223372036854775808") == INT64_MIN);
  CHECK(type_of("@t 5") == "t");
  CHECK(type_of("byte 255") == "y");
  CHECK(type_of("double 5") == "d");
  CHECK(type_of("boolean true") == "b");
}

TEST_CASE("D-Bus value: a number out of its type's range is refused") {
  CHECK(type_of("byte 256") == "no value of type \"y\": \"256\"");
  CHECK(type_of("uint32 -1") == "no value of type \"u\": \"-1\"");
  CHECK(type_of("2147483648") == "no value of type \"i\": \"2147483648\"");
  CHECK(type_of("int16 -32769") == "no value of type \"n\": \"-32769\"");
}

TEST_CASE("D-Bus value: texts have either quote, and escapes") {
  CHECK(data_of<std::string>("'inactive-or-failed'") == "inactive-or-failed");
  CHECK(data_of<std::string>("\"it's\"") == "it's");
  CHECK(data_of<std::string>("'a\\n\\t\\'\\u00e9\\U0001f40b'") == "a\n\t'\xc3\xa9\xf0\x9f\x90\x8b");
  CHECK(type_of("'open") == "a text without its closing quote");
  CHECK(type_of("'\\u0000'") == "no character: \"\\\\u0000\"");
  CHECK(type_of("'\\ud800'") == "no character: \"\\\\ud800\"");
  CHECK(type_of("objectpath '/a'") == "o");
}

TEST_CASE("D-Bus value: elements of an array have the type of the first") {
  CHECK(parse_value("['a', 'b']").value() == array("s", {text("a"), text("b")}));
  CHECK(parse_value("[uint64 1, 2]").value() == array("t", {uint64(1), uint64(2)}));
  CHECK(parse_value("@as []").value() == array("s", {}));
  CHECK(parse_value("@au [1, 2]").value() == array("u", {uint32(1), uint32(2)}));
  CHECK(type_of("[1, 'b']") == "a value of type \"s\" where \"i\" is wanted");
  CHECK(type_of("[]") == "an empty array has no type: write \"@as []\"");
  CHECK(type_of("b'hi'") == "ay");
}

TEST_CASE("D-Bus value: structures, dictionaries and variants") {
  CHECK(parse_value("[('/dev/null', 'rwm')]").value() ==
        array("(ss)", {structure({text("/dev/null"), text("rwm")})}));
  CHECK(type_of("(1, true, 's')") == "(ibs)");
  CHECK(type_of("(1,)") == "(i)");
  CHECK(type_of("{'key': 1, 'other': 2}") == "a{si}");
  CHECK(type_of("{'key': <1>, 'other': <'two'>}") == "a{sv}");
  CHECK(type_of("@a{sv} {}") == "a{sv}");
  CHECK(parse_value("<uint64 1>").value() == variant(uint64(1)));
  CHECK(type_of("@(st) ('a', 5)") == "(st)");
}

TEST_CASE("D-Bus value: what is no value is refused") {
  CHECK(type_of("") == "the value ends too early");
  CHECK(type_of("   ") == "the value ends too early");
  CHECK(type_of("nothing") == "unknown word \"nothing\"");
  CHECK(type_of("1 2") == "text after the value: \"2\"");
  CHECK(type_of("[1") == "no ',' at \"\"");
  CHECK(type_of("()") == "a structure without members");
  CHECK(type_of("@z 1") == "no type after \"@\": \"z 1\"");
  CHECK(type_of("uint64") == "the value ends too early");
  CHECK(type_of("uint64 'a'") == "a value of type \"s\" where \"t\" is wanted");
  CHECK(type_of("1x") == "no value of type \"i\": \"1x\"");
}

TEST_CASE("D-Bus value: depth has a bound") {
  CHECK(parse_value(std::string(32, '[') + "1" + std::string(32, ']')).has_value());
  CHECK(type_of(std::string(33, '[') + "1" + std::string(33, ']')) == "more than 32 levels");
  CHECK(type_of("@" + std::string(100'000, 'a') + "i []").starts_with("no type after"));
}
