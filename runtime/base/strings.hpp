// Text helpers that more than one folder needs.
#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coracle {

// The parts of `text` between `separator`s; empty parts are kept, so that
// split("a,,b", ',') has three.  An empty text has one empty part.  The parts are views: a
// temporary would be gone before them.
std::vector<std::string_view> split(std::string_view text, char separator);
template <std::same_as<std::string> Temporary>
std::vector<std::string_view> split(Temporary&& text, char separator) = delete;

std::string join(const std::vector<std::string>& parts, std::string_view separator);

// `text` without leading and trailing white space: a view, as those of split().
std::string_view trim(std::string_view text);
template <std::same_as<std::string> Temporary>
std::string_view trim(Temporary&& text) = delete;

// The whole of `text` as a number, or nothing: no sign for unsigned types, no
// white space, no prefix, no overflow.
template <std::integral T>
std::optional<T> parse_number(std::string_view text, int base = 10) {
  T value{};
  const char* end = text.data() + text.size();
  const auto [stopped, problem] = std::from_chars(text.data(), end, value, base);
  if (problem != std::errc() || stopped != end || text.empty()) return std::nullopt;
  return value;
}

// `text` in double quotes, with quotes, backslashes and control characters
// escaped, for error messages; cut after `most` bytes.
std::string in_quotes(std::string_view text, std::size_t most = 200);

}  // namespace coracle
