// What zsh completes, as arguments of its _arguments.
#include <array>

#include "contrib/docs/documents.hpp"
#include "contrib/docs/expected.hpp"
#include "contrib/docs/shell_text.hpp"
#include "runtime/base/strings.hpp"
#include "runtime/cli/commands.hpp"
#include "runtime/cli/globals.hpp"

namespace coracle::docs {
namespace {

constexpr std::string_view line_end = " \\\n";

std::string action_of(const Expected& expected) {
  switch (expected.kind) {
    case Kind::nothing:
      return " ";
    case Kind::words:
      return "(" + join(expected.words, " ") + ")";
    case Kind::file:
      return "_files";
    case Kind::directory:
      return "_files -/";
    case Kind::container:
      return "_coracle_containers";
    case Kind::signal:
      return "_coracle_signals";
  }
  return " ";
}

// '(-b --bundle)'{-b+,--bundle=}'[the bundle'\''s directory]:dir:_files -/'
std::string option_spec(const cli::Option& option) {
  std::vector<std::string> names;
  for (const std::string& spelling : spellings(option)) {
    const bool is_letter = spelling.size() == 2;
    const char* mark = option.value.empty() ? "" : is_letter ? "+" : "=";
    names.push_back(spelling + mark);
  }
  std::string text = "[" + with_backslashes(option.help, "[]:\\") + "]";
  if (!option.value.empty())
    text += ":" + with_backslashes(option.value, ":\\") + ":" + action_of(value_of(option));
  const std::string star = option.repeated ? "*" : "";
  if (names.size() == 1) return single_quoted(star + names.front() + text);
  const std::string once = "(" + join(spellings(option), " ") + ")";
  return single_quoted(option.repeated ? star : once) + "{" + join(names, ",") + "}" +
         single_quoted(text);
}

std::string global_options() {
  std::string text;
  for (const cli::Option& option : cli::global_options())
    text.append("    ").append(option_spec(option)).append(line_end);
  return text;
}

std::string command_names() {
  std::string text;
  for (const cli::Command* command : cli::commands())
    text += "    " +
            single_quoted(std::string(command->name) + ":" +
                          with_backslashes(command->summary, ":\\")) +
            "\n";
  return text;
}

const char* name_of(Kind argument) {
  switch (argument) {
    case Kind::nothing:
    case Kind::container:
      return "container id";
    case Kind::signal:
      return "signal";
    case Kind::words:
      return "action";
    case Kind::file:
    case Kind::directory:
      return "file";
  }
  return "";
}

std::string argument_specs(const cli::Command& command) {
  std::string text;
  std::size_t place = 0;
  for (const Expected& expected : arguments_of(command)) {
    text.append(line_end).append("        ");
    text += single_quoted(std::to_string(++place) + ":" + name_of(expected.kind) + ":" +
                          action_of(expected));
  }
  if (command.options_end_at_argument) text.append(line_end).append("        '*:program: '");
  return text;
}

std::string arguments() {
  std::string text;
  for (const cli::Command* command : cli::commands()) {
    text += "    " + std::string(command->name) + ")\n      _arguments -s";
    if (command->options_end_at_argument) text += " -A '-*'";
    for (const cli::Option& option : command->options)
      if (!option.hidden) text.append(line_end).append("        ").append(option_spec(option));
    text += argument_specs(*command) + " && result=0\n      ;;\n";
  }
  return text;
}

std::string signals() {
  return "  compadd -- " + join(signal_names(), " ") + "\n";
}

}  // namespace

std::span<const Part> zsh_parts() {
  static constexpr std::array parts = {
      Part{"commands", command_names},
      Part{"global options", global_options},
      Part{"arguments", arguments},
      Part{"signals", signals},
  };
  return parts;
}

}  // namespace coracle::docs
