// Go's spellings of options -> the one that CLI11 reads.
#include <algorithm>

#include "runtime/cli/parse.hpp"

namespace coracle::cli {
namespace {

bool is_option_like(std::string_view word) {
  return word.size() > 1 && word.front() == '-';
}

const Option* find_option(std::span<const Option> options, std::string_view name) {
  const auto found = std::find_if(options.begin(), options.end(), [&](const Option& option) {
    return option.name == name ||
           (option.letter != 0 && name.size() == 1 && name.front() == option.letter);
  });
  return found == options.end() ? nullptr : &*found;
}

// "-name=value" without its dashes and taken apart.
struct Spelled {
  std::string_view name;
  std::string_view value;
  bool has_value = false;
};

Spelled take_apart(std::string_view word) {
  word.remove_prefix(word.starts_with("--") ? 2 : 1);
  const std::size_t equals = word.find('=');
  if (equals == std::string_view::npos) return {.name = word, .value = {}};
  return {.name = word.substr(0, equals), .value = word.substr(equals + 1), .has_value = true};
}

}  // namespace

std::vector<std::string> normalise(std::span<const Option> options,
                                   std::span<const std::string> words, Extent extent) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    const bool ends = word == "--" || (extent == Extent::to_command && !is_option_like(word));
    if (ends) {
      out.insert(out.end(), words.begin() + static_cast<std::ptrdiff_t>(i), words.end());
      break;
    }
    const Spelled spelled = is_option_like(word) ? take_apart(word) : Spelled{};
    const Option* option = find_option(options, spelled.name);
    if (spelled.name.empty() || option == nullptr) {
      out.push_back(word);
      continue;
    }
    out.push_back("--" + std::string(option->name));
    const bool takes_next = !option->value.empty() && !spelled.has_value && i + 1 < words.size();
    const std::string_view value = takes_next ? std::string_view(words[++i]) : spelled.value;
    // An empty value must be a word of its own: "--log=" would take the next one.
    if (value.empty() && (takes_next || spelled.has_value)) out.emplace_back();
    if (!value.empty()) out.back().append("=").append(value);
  }
  return out;
}

}  // namespace coracle::cli
