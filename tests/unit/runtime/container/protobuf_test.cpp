// The wire format; expected bytes are those of the specification's examples.
#include "runtime/container/protobuf.hpp"

#include <doctest/doctest.h>

using namespace coracle;
using container::protobuf::Fields;
using container::protobuf::Message;
using namespace std::string_literals;

TEST_CASE("protobuf: a number is a varint") {
  Message message;
  message.number(1, 150);
  CHECK(message.bytes() == "\x08\x96\x01");
}

TEST_CASE("protobuf: a negative number takes ten bytes") {
  Message message;
  message.number(1, -2);
  CHECK(message.bytes() == "\x08\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01");
  CHECK(Fields::parse(message.bytes())->number(1) == -2);
}

TEST_CASE("protobuf: a text has its length in front, and a field above 15 a longer key") {
  Message message;
  message.text(2, "testing");
  message.text(16, "");
  CHECK(message.bytes() == "\x12\x07testing\x82\x01\x00"s);
}

TEST_CASE("protobuf: a message inside is a text of its bytes") {
  Message inner;
  inner.number(1, 150);
  Message message;
  message.message(3, inner);
  CHECK(message.bytes() == "\x1a\x03\x08\x96\x01");
}

TEST_CASE("protobuf: what is written reads back, the last of a kind counting") {
  Message message;
  message.number(1, 3);
  message.text(2, "one");
  message.number(1, 0x7fffffff);
  message.text(200, std::string(300, 'x'));
  const auto fields = Fields::parse(message.bytes());
  REQUIRE(fields.has_value());
  CHECK(fields->all().size() == 4);
  CHECK(fields->number(1) == 0x7fffffff);
  CHECK(fields->text(2) == "one");
  CHECK(fields->text(200)->size() == 300);
  CHECK_FALSE(fields->number(7).has_value());
  CHECK_FALSE(fields->is_true(7));
}

TEST_CASE("protobuf: fields of fixed size are passed over") {
  const auto fields = Fields::parse(
      "\x09"
      "12345678"
      "\x15"
      "1234"
      "\x18\x01"s);
  REQUIRE(fields.has_value());
  CHECK(fields->all().size() == 1);
  CHECK(fields->is_true(3));
}

TEST_CASE("protobuf: what is cut short is refused at every place") {
  Message message;
  message.number(1, 150);
  message.text(2, "testing");
  const std::string& bytes = message.bytes();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CAPTURE(size);
    const bool whole = size == 0 || size == 3;
    CHECK(Fields::parse(std::string_view(bytes).substr(0, size)).has_value() == whole);
  }
  CHECK_FALSE(Fields::parse("\x09"
                            "1234567")
                  .has_value());
}

TEST_CASE("protobuf: a number of more than ten bytes and a group are refused") {
  CHECK(Fields::parse("\x08"s + std::string(11, '\xff')).error().text() ==
        "protobuf: a number is cut short");
  CHECK(Fields::parse("\x0b").error().text() == "protobuf: field 1 has wire type 3");
}
