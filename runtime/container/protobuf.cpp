// Varints and length-delimited fields.
#include "runtime/container/protobuf.hpp"

#include <algorithm>

namespace coracle::container::protobuf {
namespace {

enum class Wire : std::uint8_t { varint = 0, fixed64 = 1, length = 2, fixed32 = 5 };

constexpr unsigned bits_a_byte = 7;
constexpr unsigned longest_varint = 10;

void append_varint(std::string& bytes, std::uint64_t value) {
  for (; value >= 0x80; value >>= bits_a_byte) bytes += static_cast<char>((value & 0x7f) | 0x80);
  bytes += static_cast<char>(value);
}

void append_key(std::string& bytes, std::uint32_t field, Wire wire) {
  append_varint(bytes, (std::uint64_t{field} << 3) | static_cast<std::uint64_t>(wire));
}

class Reader {
 public:
  explicit Reader(std::string_view rest) : rest_(rest) {}

  bool at_end() const { return rest_.empty(); }

  Result<std::uint64_t> varint() {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < longest_varint && i < rest_.size(); ++i) {
      const auto byte = static_cast<unsigned char>(rest_[i]);
      value |= std::uint64_t{byte & 0x7fU} << (i * bits_a_byte);
      if (byte < 0x80) {
        rest_.remove_prefix(i + 1);
        return value;
      }
    }
    return fail("protobuf: a number is cut short");
  }

  Result<std::string_view> bytes(std::uint64_t size) {
    if (size > rest_.size()) return fail("protobuf: a field is cut short");
    const std::string_view taken = rest_.substr(0, static_cast<std::size_t>(size));
    rest_.remove_prefix(taken.size());
    return taken;
  }

 private:
  std::string_view rest_;
};

}  // namespace

void Message::number(std::uint32_t field, std::int64_t value) {
  append_key(bytes_, field, Wire::varint);
  append_varint(bytes_, static_cast<std::uint64_t>(value));
}

void Message::text(std::uint32_t field, std::string_view value) {
  append_key(bytes_, field, Wire::length);
  append_varint(bytes_, value.size());
  bytes_ += value;
}

Result<Fields> Fields::parse(std::string_view message) {
  Fields fields;
  Reader reader(message);
  while (!reader.at_end()) {
    const std::uint64_t key = TRY(reader.varint());
    Field field;
    field.number = static_cast<std::uint32_t>(key >> 3);
    switch (static_cast<Wire>(key & 7)) {
      case Wire::varint:
        field.value = TRY(reader.varint());
        break;
      case Wire::length: {
        const std::uint64_t size = TRY(reader.varint());
        field.bytes = TRY(reader.bytes(size));
        break;
      }
      case Wire::fixed64:
        TRY(reader.bytes(8));
        continue;
      case Wire::fixed32:
        TRY(reader.bytes(4));
        continue;
      default:
        return fail("protobuf: field " + std::to_string(field.number) + " has wire type " +
                    std::to_string(key & 7));
    }
    fields.fields_.push_back(field);
  }
  return fields;
}

const Field* Fields::find(std::uint32_t number) const {
  const auto found = std::find_if(fields_.rbegin(), fields_.rend(),
                                  [&](const Field& field) { return field.number == number; });
  return found == fields_.rend() ? nullptr : &*found;
}

std::optional<std::int32_t> Fields::number(std::uint32_t field) const {
  const Field* found = find(field);
  if (found == nullptr) return std::nullopt;
  return static_cast<std::int32_t>(found->value);
}

std::optional<std::string_view> Fields::text(std::uint32_t field) const {
  const Field* found = find(field);
  if (found == nullptr) return std::nullopt;
  return found->bytes;
}

}  // namespace coracle::container::protobuf
