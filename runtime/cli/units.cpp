// go-units' RAMInBytes and Go's time.ParseDuration.
#include "runtime/cli/units.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <string>

#include "runtime/base/strings.hpp"

namespace coracle::cli {
namespace {

struct Unit {
  std::string_view name;
  double value;
};

constexpr std::array durations = {
    Unit{"ns", 1},   Unit{"us", 1e3}, Unit{"µs", 1e3}, Unit{"μs", 1e3},
    Unit{"ms", 1e6}, Unit{"s", 1e9},  Unit{"m", 60e9}, Unit{"h", 3600e9},
};

// "1", "1.5", ".5": no sign, no exponent.
std::optional<double> parse_decimal(std::string_view text) {
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, problem] =
      std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (text.empty() || text.front() == '-' || problem != std::errc() || stopped != end)
    return std::nullopt;
  return number;
}

// 1024 for "k", "kb", "KiB"; 1 for "" and "b".
std::optional<double> factor_of(std::string_view suffix) {
  std::string name;
  for (const char c : suffix)
    name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (name.empty() || name == "b") return 1;
  const std::size_t power = std::string_view("kmgtpe").find(name[0]);
  const std::string rest = name.substr(1);
  const bool known = rest.empty() || rest == "b" || rest == "ib";
  if (power == std::string_view::npos || !known) return std::nullopt;
  double factor = 1024;
  for (std::size_t i = 0; i < power; ++i) factor *= 1024;
  return factor;
}

std::optional<std::int64_t> whole(double number) {
  // The first double that an int64 does not hold.
  constexpr double end = 9223372036854775808.0;
  if (!(number < end)) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

}  // namespace

std::optional<std::int64_t> parse_size(std::string_view text) {
  if (text == "-1") return -1;
  const std::size_t last_digit = text.find_last_of("0123456789.");
  if (last_digit == std::string_view::npos) return std::nullopt;
  const std::string_view digits = text.substr(0, last_digit + 1);
  std::string_view suffix = text.substr(last_digit + 1);
  if (suffix.starts_with(' ')) suffix.remove_prefix(1);
  const auto factor = factor_of(suffix);
  if (!factor) return std::nullopt;
  // A double holds no more than 53 bits of it.
  if (const auto plain = parse_number<std::int64_t>(digits); plain && *plain >= 0 && *factor == 1)
    return plain;
  const auto number = parse_decimal(digits);
  return number ? whole(*number * *factor) : std::nullopt;
}

std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text == "0") return std::chrono::nanoseconds(0);
  if (text.empty()) return std::nullopt;
  double total = 0;
  while (!text.empty()) {
    const std::size_t digits = text.find_first_not_of("0123456789.");
    if (digits == std::string_view::npos) return std::nullopt;
    const auto number = parse_decimal(text.substr(0, digits));
    text.remove_prefix(digits);
    const std::string_view name = text.substr(0, text.find_first_of("0123456789."));
    text.remove_prefix(name.size());
    const auto unit = std::ranges::find(durations, name, &Unit::name);
    if (!number || unit == durations.end()) return std::nullopt;
    total += *number * unit->value;
  }
  const auto count = whole(total);
  if (!count) return std::nullopt;
  return std::chrono::nanoseconds(negative ? -*count : *count);
}

}  // namespace coracle::cli
