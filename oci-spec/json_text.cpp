// UTF-8, surrogates, positions, pointer tokens.
#include "oci-spec/json_text.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>

#include "oci-spec/json.hpp"
#include "runtime/base/strings.hpp"

namespace coracle::oci::json {

namespace {

bool is_continuation(unsigned char byte) {
  return (byte & 0xc0) == 0x80;
}

// The length of the sequence that opens `text`, or 0 when it is malformed.
std::size_t sequence_length(std::string_view text) {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const std::size_t length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if (!is_continuation(byte(i))) return 0;
  // Overlong forms, surrogates, and what lies above U+10FFFF.
  if (lead == 0xe0 && byte(1) < 0xa0) return 0;
  if (lead == 0xed && byte(1) >= 0xa0) return 0;
  if (lead == 0xf0 && byte(1) < 0x90) return 0;
  if (lead == 0xf4 && byte(1) >= 0x90) return 0;
  return length;
}

// The number in "\uXXXX" at `at`, if there is one.
std::optional<unsigned> escaped_unit(std::string_view text, std::size_t at) {
  const std::string_view escape = text.substr(std::min(at, text.size()), 6);
  if (escape.size() != 6 || !escape.starts_with("\\u")) return std::nullopt;
  return parse_number<unsigned>(escape.substr(2), 16);
}

bool is_high(unsigned unit) {
  return unit >= 0xd800 && unit < 0xdc00;
}
bool is_low(unsigned unit) {
  return unit >= 0xdc00 && unit < 0xe000;
}

// The offset of an escape that is half a surrogate pair, or text.size().
std::size_t lone_surrogate(std::string_view text) {
  std::size_t at = text.find('\\');
  while (at != std::string_view::npos) {
    const std::optional<unsigned> unit = escaped_unit(text, at);
    std::size_t length = 2;
    if (unit && is_low(*unit)) return at;
    if (unit && is_high(*unit)) {
      const std::optional<unsigned> second = escaped_unit(text, at + 6);
      if (!second || !is_low(*second)) return at;
      length = 12;
    }
    at = text.find('\\', at + length);
  }
  return text.size();
}

}  // namespace

std::size_t utf8_prefix(std::string_view text) {
  constexpr std::uint64_t high_bits = 0x8080808080808080;
  std::size_t at = 0;
  while (at < text.size()) {
    std::uint64_t word = high_bits;
    if (text.size() - at >= sizeof word) std::memcpy(&word, text.data() + at, sizeof word);
    if ((word & high_bits) == 0) {
      at += sizeof word;
      continue;
    }
    const std::size_t length = sequence_length(text.substr(at));
    if (length == 0) return at;
    at += length;
  }
  return at;
}

Result<void> check_text(std::string_view text) {
  if (text.size() > max_size)
    return fail(std::to_string(text.size()) + " bytes are more than the " +
                std::to_string(max_size) + " that are read");
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos)
    return fail("is empty, expected a JSON object");
  if (const std::size_t at = utf8_prefix(text); at != text.size())
    return fail(position(text, at) + ": invalid UTF-8");
  if (const std::size_t at = lone_surrogate(text); at != text.size())
    return fail(position(text, at) + ": " + std::string(text.substr(at, 6)) +
                " is half of a surrogate pair");
  return {};
}

std::size_t whole_characters(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text.size();
  while (most > 0 && is_continuation(static_cast<unsigned char>(text[most]))) --most;
  return most;
}

std::string position(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  return "line " + std::to_string(line) + ", column " +
         std::to_string(before.size() - line_start + 1);
}

std::string escape_token(std::string_view key) {
  const std::size_t most = whole_characters(key, 200);
  std::string token;
  for (const char c : key.substr(0, most)) {
    if (c == '~') {
      token += "~0";
    } else if (c == '/') {
      token += "~1";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      constexpr std::string_view digits = "0123456789abcdef";
      token += "\\x";
      token += digits[static_cast<unsigned char>(c) >> 4];
      token += digits[static_cast<unsigned char>(c) & 15];
    } else {
      token += c;
    }
  }
  if (key.size() > most) token += "...";
  return token;
}

}  // namespace coracle::oci::json
