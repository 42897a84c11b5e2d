// Global options, then the command's, then the command.
#include "runtime/cli/run_program.hpp"

#include "runtime/base/strings.hpp"
#include "runtime/cli/commands.hpp"
#include "runtime/cli/globals.hpp"
#include "runtime/cli/help.hpp"
#include "runtime/cli/output.hpp"
#include "runtime/cli/parse.hpp"
#include "runtime/cli/suggest.hpp"
#include "runtime/cli/timings_file.hpp"
#include "runtime/container/log.hpp"
#include "runtime/sys/timings.hpp"

namespace coracle::cli {
namespace {

constexpr int unknown_command_status = 3;  // runc's

// Help on stdout, the error on its way to stderr: scripts of runc's users look
// at either.
std::unexpected<Error> wrong_usage(Error error, const std::string& help) {
  std::ignore = print("Incorrect Usage: " + error.text() + "\n\n" + help);  // the error matters
  return std::unexpected(std::move(error));
}

Result<void> check_count(const Command& command, std::size_t count) {
  if (count >= command.least && count <= command.most) return {};
  const bool too_few = count < command.least;
  const char* how = command.least == command.most ? "exactly "
                    : too_few                     ? "a minimum of "
                                                  : "a maximum of ";
  return fail(in_quotes(command.name) + " requires " + how +
              std::to_string(too_few ? command.least : command.most) + " argument(s)");
}

Result<int> shown(const std::string& text) {
  TRY(print(text));
  return 0;
}

// runc's words for a command that there is not, the nearest after them.
Error unknown_command(const std::string& name) {
  std::vector<std::string_view> names = {"help"};
  for (const Command* command : commands()) names.push_back(command->name);
  std::string text = "No help topic for '" + name + "'";
  const std::string_view meant = nearest(name, names);
  if (!meant.empty()) text.append("; did you mean '").append(meant).append("'?");
  return Error{.code = 0, .what = std::move(text)};
}

// The word that is to be a command's name; null where there is none.
const std::string* named_command(std::span<const std::string> words) {
  const bool help = !words.empty() && (words.front() == "help" || words.front() == "h");
  if (help) words = words.subspan(1);
  return words.empty() ? nullptr : &words.front();
}

Result<int> carry_out(const Command& command, const std::string& program, const Arguments& global) {
  const std::span<const std::string> words = global.positional;
  const Extent extent = command.options_end_at_argument ? Extent::to_command : Extent::all;
  auto parsed = parse(command.options, words.subspan(1), extent);
  if (!parsed) return wrong_usage(std::move(parsed).error(), command_help(program, command));
  if (parsed->has("help")) return shown(command_help(program, command));
  auto counted = check_count(command, parsed->positional.size()).context(program);
  if (!counted) return wrong_usage(std::move(counted).error(), command_help(program, command));

  const sys::timings::Phase phase(command.name);
  container::log::settings().phase = command.name;
  container::log::settings().quiet_stderr = command.quiet_stderr;
  const Globals globals = TRY(resolve_globals(global, program));
  container::log::debug(program + " " + join({words.begin(), words.end()}, " "));
  return command.run(globals, *parsed);
}

Result<Arguments> parse_globals(const std::string& program, std::span<const std::string> words) {
  auto parsed = parse(global_options(), words, Extent::to_command);
  if (!parsed) return wrong_usage(std::move(parsed).error(), program_help(program));
  const container::log::Settings log = TRY(log_settings(*parsed));
  TRY(container::log::start(log));
  if (const std::string file = parsed->text("timings"); !file.empty()) TRY(start_timings(file));
  return parsed;
}

Ended ended(Result<int> status) {
  if (status) return {.status = *status, .error = std::nullopt};
  // The log knows which command it was, once one was named.
  const Command* command = find_command(container::log::settings().phase);
  return {.status = command == nullptr ? 1 : command->failure, .error = std::move(status).error()};
}

}  // namespace

Ended run_program(std::span<const std::string> arguments) {
  const std::string program = program_name(arguments.empty() ? "" : arguments.front());
  auto global = parse_globals(program, arguments.subspan(arguments.empty() ? 0 : 1));
  if (!global) return ended(std::unexpected(std::move(global).error()));
  if (global->has("version")) return ended(shown(version_text(program)));
  const std::string* name = named_command(global->positional);
  if (global->has("help") || name == nullptr) return ended(shown(program_help(program)));
  const Command* command = find_command(*name);
  if (command == nullptr)
    return {.status = unknown_command_status, .error = unknown_command(*name)};
  const bool only_help = name != &global->positional.front();
  if (only_help) return ended(shown(command_help(program, *command)));
  auto status = carry_out(*command, program, *global);
  // However it ended: what took so long may be what failed.
  if (sys::timings::on()) {
    auto written = write_timings(global->text("timings"), command->name);
    if (!written) container::log::warn(written.error().text());
  }
  return ended(std::move(status));
}

}  // namespace coracle::cli
