#include "runtime/cli/suggest.hpp"

#include <algorithm>
#include <vector>

namespace coracle::cli {
namespace {

constexpr std::size_t most_changes = 2;

}  // namespace

std::size_t distance(std::string_view a, std::string_view b) {
  // changes[i][j]: from the first i letters of `a` to the first j of `b`.
  std::vector changes(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        changes[i][j] = i + j;
        continue;
      }
      const std::size_t replaced = changes[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      changes[i][j] = std::min({changes[i - 1][j] + 1, changes[i][j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        changes[i][j] = std::min(changes[i][j], changes[i - 2][j - 2] + 1);
    }
  }
  return changes[a.size()][b.size()];
}

std::string_view nearest(std::string_view typed, std::span<const std::string_view> words) {
  std::string_view best;
  std::size_t fewest = std::min(most_changes + 1, typed.size());
  for (const std::string_view word : words) {
    // No further: a long word typed would cost its length squared.
    if (typed.size() > word.size() + most_changes) continue;
    const std::size_t changes = distance(typed, word);
    if (changes >= fewest) continue;
    fewest = changes;
    best = word;
  }
  return best;
}

}  // namespace coracle::cli
