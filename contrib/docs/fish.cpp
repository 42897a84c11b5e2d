// What fish completes, one `complete` a line.
#include <array>

#include "contrib/docs/documents.hpp"
#include "contrib/docs/expected.hpp"
#include "contrib/docs/shell_text.hpp"
#include "runtime/base/strings.hpp"
#include "runtime/cli/commands.hpp"
#include "runtime/cli/globals.hpp"

namespace coracle::docs {
namespace {

std::string fish_quoted(std::string_view text) {
  return "'" + with_backslashes(text, "\\'") + "'";
}

// For argparse: "b/bundle=", "debug".
std::string spec_of(const cli::Option& option) {
  std::string spec;
  if (option.letter != 0) spec = std::string(1, option.letter) + "/";
  spec += option.name;
  if (option.value.empty()) return spec;
  return spec + (option.repeated ? "=+" : "=");
}

std::string specs_branch(std::string_view command, std::span<const cli::Option> options) {
  std::vector<std::string> specs;
  for (const cli::Option& option : options) specs.push_back(spec_of(option));
  return "        case " + fish_quoted(command) + "\n            string split ' ' " +
         fish_quoted(join(specs, " ")) + "\n";
}

std::string option_specs() {
  std::string text = specs_branch("", cli::global_options());
  for (const cli::Command* command : cli::commands())
    text += specs_branch(command->name, command->options);
  return text;
}

std::string action_of(const Expected& expected) {
  switch (expected.kind) {
    case Kind::nothing:
      return " -x";
    case Kind::words:
      return " -x -a " + fish_quoted(join(expected.words, " "));
    case Kind::file:
      return " -r -F";
    case Kind::directory:
      return " -x -a '(__fish_complete_directories (commandline -ct))'";
    case Kind::container:
      return " -a '(__coracle_containers)'";
    case Kind::signal:
      return " -a '(__coracle_signals)'";
  }
  return "";
}

std::string line(const std::string& condition, const std::string& rest) {
  return "complete -c coracle -n " + fish_quoted(condition) + rest + "\n";
}

std::string condition_for(std::string_view command) {
  return "__coracle_at " + (command.empty() ? "''" : std::string(command));
}

std::string option_lines(const std::string& condition, std::span<const cli::Option> options) {
  std::string text;
  for (const cli::Option& option : options) {
    if (option.hidden) continue;
    std::string rest = " -l " + std::string(option.name);
    if (option.letter != 0) rest += std::string(" -s ") + option.letter;
    if (!option.value.empty()) rest += action_of(value_of(option));
    rest += " -d " + fish_quoted(option.help);
    text += line(condition, rest);
  }
  return text;
}

std::string command_lines() {
  std::string text;
  for (const cli::Command* command : cli::commands())
    text += line("__coracle_at ''",
                 " -a " + std::string(command->name) + " -d " + fish_quoted(command->summary));
  return text;
}

std::string argument_lines(const cli::Command& command) {
  std::string text;
  std::size_t before = 0;
  for (const Expected& expected : arguments_of(command)) {
    const std::string count = std::to_string(before++);
    if (expected.kind == Kind::nothing) continue;
    text += line(condition_for(command.name) + " " + count, action_of(expected));
  }
  return text;
}

std::string lines() {
  std::string text = option_lines(condition_for(""), cli::global_options()) + command_lines();
  for (const cli::Command* command : cli::commands()) {
    // After the container's id, options are those of a program.
    const char* place = command->options_end_at_argument ? " 0" : "";
    text += option_lines(condition_for(command->name) + place, command->options);
    text += argument_lines(*command);
  }
  return text;
}

std::string signals() {
  return "    string split ' ' " + fish_quoted(join(signal_names(), " ")) + "\n";
}

}  // namespace

std::span<const Part> fish_parts() {
  static constexpr std::array parts = {
      Part{"specs", option_specs},
      Part{"signals", signals},
      Part{"lines", lines},
  };
  return parts;
}

}  // namespace coracle::docs
