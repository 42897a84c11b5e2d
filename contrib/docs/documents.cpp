// Templates -> documents.
#include "contrib/docs/documents.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "runtime/base/strings.hpp"

namespace coracle::docs {
namespace {

// "# @options@" -> "options".
std::optional<std::string_view> marker_in(std::string_view line) {
  const std::size_t first = line.find('@');
  if (first == std::string_view::npos || line.back() != '@' || first + 1 >= line.size())
    return std::nullopt;
  return line.substr(first + 1, line.size() - first - 2);
}

}  // namespace

std::span<const Document> documents() {
  static const std::array all = {
      Document{"contrib/docs/coracle.8.in", "contrib/man/coracle.8", man_page_parts()},
      Document{"contrib/docs/coracle.bash.in", "contrib/completions/coracle.bash", bash_parts()},
      Document{"contrib/docs/_coracle.in", "contrib/completions/_coracle", zsh_parts()},
      Document{"contrib/docs/coracle.fish.in", "contrib/completions/coracle.fish", fish_parts()},
  };
  return all;
}

Result<std::string> fill(const Document& document, std::string_view from) {
  std::string text;
  std::size_t filled = 0;
  if (from.ends_with('\n')) from.remove_suffix(1);
  for (const std::string_view line : split(from, '\n')) {
    const auto marker = marker_in(line);
    if (!marker) {
      text.append(line) += '\n';
      continue;
    }
    const auto part = std::ranges::find(document.parts, *marker, &Part::marker);
    if (part == document.parts.end())
      return fail(std::string(document.from) + ": there is no part " + in_quotes(*marker));
    text += part->render();
    ++filled;
  }
  if (filled == document.parts.size()) return text;
  return fail(std::string(document.from) + ": " + std::to_string(filled) + " of " +
              std::to_string(document.parts.size()) + " parts have a line");
}

}  // namespace coracle::docs
