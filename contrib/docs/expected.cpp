// The names that help texts use, and what they mean to a shell.
#include "contrib/docs/expected.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "runtime/base/strings.hpp"
#include "runtime/sys/signals.hpp"

namespace coracle::docs {
namespace {

struct Name {
  std::string_view name;
  Kind kind;
};

constexpr Name value_names[] = {
    {"dir", Kind::directory},
    {"file", Kind::file},
    {"path", Kind::file},
    {"socket", Kind::file},
};

constexpr Name argument_names[] = {
    {"container-id", Kind::container},
    {"file", Kind::file},
    {"signal", Kind::signal},
};

template <std::size_t size>
Kind kind_of(const Name (&names)[size], std::string_view name) {
  const auto* found = std::ranges::find(names, name, &Name::name);
  return found == std::end(names) ? Kind::nothing : found->kind;
}

std::vector<std::string> quoted_words(std::string_view text) {
  std::vector<std::string> words;
  while (true) {
    const std::size_t first = text.find('"');
    if (first == std::string_view::npos) return words;
    const std::size_t last = text.find('"', first + 1);
    if (last == std::string_view::npos) return words;
    words.emplace_back(text.substr(first + 1, last - first - 1));
    text.remove_prefix(last + 1);
  }
}

// Such a command makes the container: there are no ids to choose from.
bool takes_bundle(const cli::Command& command) {
  return std::ranges::find(command.options, std::string_view("bundle"), &cli::Option::name) !=
         command.options.end();
}

Expected argument_named(std::string_view name, const cli::Command& command) {
  if (name.find('|') != std::string_view::npos) {
    Expected choice = {.kind = Kind::words, .words = {}};
    for (const std::string_view word : split(name, '|')) choice.words.emplace_back(word);
    return choice;
  }
  const Kind kind = kind_of(argument_names, name);
  const bool is_new = kind == Kind::container && takes_bundle(command);
  return {.kind = is_new ? Kind::nothing : kind, .words = {}};
}

}  // namespace

Expected value_of(const cli::Option& option) {
  std::vector<std::string> words = quoted_words(option.help);
  if (!words.empty()) return {.kind = Kind::words, .words = std::move(words)};
  return {.kind = kind_of(value_names, option.value), .words = {}};
}

// "<add|remove> <container-id> [signal]": a name, or the words to choose from,
// are what stands between two brackets.
std::vector<Expected> arguments_of(const cli::Command& command) {
  std::vector<Expected> all;
  std::string_view rest = command.arguments;
  while (true) {
    const std::size_t first = rest.find_first_of("<[");
    const std::size_t last = rest.find_first_of(">]", first);
    if (last == std::string_view::npos) return all;
    all.push_back(argument_named(rest.substr(first + 1, last - first - 1), command));
    if (command.options_end_at_argument) return all;
    rest.remove_prefix(last + 1);
  }
}

std::vector<std::string> signal_names() {
  constexpr int first_real_time = 32;
  constexpr std::string_view prefix = "SIG";
  std::vector<std::string> names;
  for (int number = 1; number < first_real_time; ++number)
    names.push_back(sys::signal_name(number).substr(prefix.size()));
  return names;
}

std::vector<std::string> spellings(const cli::Option& option) {
  std::vector<std::string> all = {"--" + std::string(option.name)};
  if (option.letter != 0) all.push_back(std::string("-") + option.letter);
  return all;
}

}  // namespace coracle::docs
