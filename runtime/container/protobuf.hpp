// The wire format of Protocol Buffers, as far as CRIU's messages need it: pure.
// Spec: protobuf.dev/programming-guides/encoding
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.hpp"

namespace coracle::container::protobuf {

// A message in the making.  Fields stand in the order of the calls.
class Message {
 public:
  // int32, int64, uint32, bool and enum alike; negative ones take ten bytes.
  void number(std::uint32_t field, std::int64_t value);
  void text(std::uint32_t field, std::string_view value);
  void message(std::uint32_t field, const Message& value) { text(field, value.bytes_); }

  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

// One field as it stands on the wire: its meaning is the reader's to know.
struct Field {
  std::uint32_t number = 0;
  std::uint64_t value = 0;  // of a varint; else 0
  std::string_view bytes;   // of a string or message, into the text that was parsed
};

// The fields of one message, in its order, those of fixed size left out.
// Refuses what is cut short, and groups.
class Fields {
 public:
  static Result<Fields> parse(std::string_view message);

  // The last one counts, as the format demands; absent: nothing.
  std::optional<std::int32_t> number(std::uint32_t field) const;
  std::optional<std::string_view> text(std::uint32_t field) const;
  bool is_true(std::uint32_t field) const { return number(field).value_or(0) != 0; }

  const std::vector<Field>& all() const { return fields_; }

 private:
  const Field* find(std::uint32_t number) const;

  std::vector<Field> fields_;
};

}  // namespace coracle::container::protobuf
