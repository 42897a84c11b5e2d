#include "runtime/plan/number_list.hpp"

#include <climits>

#include <string>

#include "runtime/base/strings.hpp"

namespace coracle::plan {
namespace {

constexpr std::size_t number_end = 1024;  // MAX_NUMNODES where it is largest
constexpr std::size_t word_bits = sizeof(unsigned long) * CHAR_BIT;

struct Range {
  std::size_t first = 0;
  std::size_t last = 0;
};

// "3" or "0-3"
Result<Range> parse_range(std::string_view text, std::string_view name) {
  const std::size_t dash = text.find('-');
  const auto first = parse_number<std::size_t>(text.substr(0, dash));
  const auto last =
      dash == std::string_view::npos ? first : parse_number<std::size_t>(text.substr(dash + 1));
  const std::string one(name);
  if (!first || !last || *first > *last)
    return fail(in_quotes(text) + " is neither a " + one + " nor a range of " + one + "s");
  if (*last >= number_end)
    return fail(one + " " + std::to_string(*last) + " is not below " + std::to_string(number_end));
  return Range{.first = *first, .last = *last};
}

}  // namespace

Result<std::vector<unsigned long>> parse_number_list(std::string_view text, std::string_view name) {
  std::vector<unsigned long> mask;
  if (trim(text).empty()) return mask;
  for (const std::string_view part : split(text, ',')) {
    const Range range = TRY(parse_range(trim(part), name));
    if (mask.size() <= range.last / word_bits) mask.resize(range.last / word_bits + 1);
    for (std::size_t number = range.first; number <= range.last; ++number)
      mask[number / word_bits] |= 1UL << number % word_bits;
  }
  return mask;
}

}  // namespace coracle::plan
