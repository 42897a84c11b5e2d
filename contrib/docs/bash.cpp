// What bash completes, as functions that look up one thing each.
#include <array>

#include "contrib/docs/documents.hpp"
#include "contrib/docs/expected.hpp"
#include "contrib/docs/shell_text.hpp"
#include "runtime/base/strings.hpp"
#include "runtime/cli/commands.hpp"
#include "runtime/cli/globals.hpp"

namespace coracle::docs {
namespace {

// In the template, capitals stand for what is no word to choose, and bars stand
// between words.
std::string word_of(const Expected& expected) {
  switch (expected.kind) {
    case Kind::nothing:
      break;
    case Kind::words:
      return join(expected.words, "|");
    case Kind::file:
      return "FILE";
    case Kind::directory:
      return "DIRECTORY";
    case Kind::container:
      return "CONTAINER";
    case Kind::signal:
      return "SIGNAL";
  }
  return "NOTHING";
}

std::string branch(const std::string& pattern, const std::string& words) {
  return "    " + pattern + ") echo " + single_quoted(words) + " ;;\n";
}

std::string all_spellings(std::span<const cli::Option> options) {
  std::vector<std::string> all;
  for (const cli::Option& option : options) {
    if (option.hidden) continue;
    for (std::string& spelling : spellings(option)) all.push_back(std::move(spelling));
  }
  return join(all, " ");
}

std::string value_branches(std::string_view command, std::span<const cli::Option> options) {
  std::string text;
  for (const cli::Option& option : options) {
    if (option.value.empty()) continue;
    std::vector<std::string> patterns;
    for (const std::string& spelling : spellings(option))
      patterns.push_back(single_quoted(std::string(command) + " " + spelling));
    const Expected expected = value_of(option);
    text += branch(join(patterns, " | "), word_of(expected));
  }
  return text;
}

std::string command_names() {
  std::vector<std::string> names;
  for (const cli::Command* command : cli::commands()) names.emplace_back(command->name);
  return "  echo " + single_quoted(join(names, " ") + " help") + "\n";
}

std::string option_names() {
  std::string text = branch("''", all_spellings(cli::global_options()));
  for (const cli::Command* command : cli::commands())
    text += branch(std::string(command->name), all_spellings(command->options));
  return text;
}

std::string option_values() {
  std::string text = value_branches("", cli::global_options());
  for (const cli::Command* command : cli::commands())
    text += value_branches(command->name, command->options);
  return text;
}

std::string arguments() {
  std::string text;
  for (const cli::Command* command : cli::commands()) {
    std::vector<std::string> words;
    for (const Expected& expected : arguments_of(*command)) words.push_back(word_of(expected));
    if (command->options_end_at_argument) words.emplace_back("PROGRAM");
    if (!words.empty()) text += branch(std::string(command->name), join(words, " "));
  }
  return text;
}

std::string signals() {
  return "  echo " + single_quoted(join(signal_names(), " ")) + "\n";
}

}  // namespace

std::span<const Part> bash_parts() {
  static constexpr std::array parts = {
      Part{"commands", command_names}, Part{"options", option_names}, Part{"values", option_values},
      Part{"arguments", arguments},    Part{"signals", signals},
  };
  return parts;
}

}  // namespace coracle::docs
