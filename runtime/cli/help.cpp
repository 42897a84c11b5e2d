// Texts laid out as runc's, which scripts look into.
#include "runtime/cli/help.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "runtime/base/strings.hpp"
#include "runtime/cli/commands.hpp"
#include "runtime/cli/globals.hpp"
#include "runtime/cli/version.hpp"
#include "runtime/seccomp/filter.hpp"

namespace coracle::cli {
namespace {

using Rows = std::vector<std::pair<std::string, std::string>>;

std::string indented(std::string_view lines) {
  std::string out;
  for (const std::string_view line : split(lines, '\n')) {
    if (!line.empty()) out.append("   ").append(line);
    out += '\n';
  }
  return out;
}

std::string section(std::string_view title, std::string_view lines) {
  return std::string(title) + ":\n" + indented(lines);
}

// Two columns, the second aligned.
std::string columns(const Rows& rows) {
  std::size_t width = 0;
  for (const auto& [left, right] : rows) width = std::max(width, left.size());
  std::string lines;
  for (const auto& [left, right] : rows) {
    if (!lines.empty()) lines += '\n';
    lines.append(left).append(width + 2 - left.size(), ' ').append(right);
  }
  return lines;
}

// "--bundle value, -b value"
std::string spelling(const Option& option) {
  const std::string value = option.value.empty() ? "" : " " + std::string(option.value);
  std::string text = "--" + std::string(option.name) + value;
  if (option.letter != 0) text += std::string(", -") + option.letter + value;
  return text;
}

std::string option_lines(std::span<const Option> options) {
  Rows rows;
  for (const Option& option : options) {
    if (option.hidden) continue;
    std::string help(option.help);
    if (!option.initial.empty()) help.append(" (default: ").append(option.initial).append(")");
    rows.emplace_back(spelling(option), std::move(help));
  }
  return columns(rows);
}

}  // namespace

std::string program_help(const std::string& program) {
  Rows rows;
  for (const Command* command : commands()) rows.emplace_back(command->name, command->summary);
  rows.emplace_back("help, h", "shows this text, or that of one command");
  return section("NAME", program + " - Open Container Initiative runtime") + "\n" +
         section("USAGE", program + " [global options] command [command options] [arguments...]") +
         "\n" + section("VERSION", version) + "\n" + section("COMMANDS", columns(rows)) + "\n" +
         section("GLOBAL OPTIONS", option_lines(global_options()));
}

std::string command_help(const std::string& program, const Command& command) {
  const std::string called = program + " " + std::string(command.name);
  std::string usage = called + " [command options]";
  if (!command.arguments.empty()) usage.append(" ").append(command.arguments);
  return section("NAME", called + " - " + std::string(command.summary)) + "\n" +
         section("USAGE", usage) + "\n" + section("DESCRIPTION", command.description) + "\n" +
         section("OPTIONS", option_lines(command.options));
}

std::string version_text(const std::string& program) {
  return program + " version " + version + "\ncommit: " + commit + "\nspec: " + spec_version +
         "\nlibseccomp: " + seccomp::library_version() + "\n";
}

}  // namespace coracle::cli
