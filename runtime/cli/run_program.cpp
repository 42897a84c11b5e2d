// Global options, then the command's, then the command.
#include "runtime/cli/run_program.hpp"

#include "runtime/base/strings.hpp"
#include "runtime/cli/commands.hpp"
#include "runtime/cli/globals.hpp"
#include "runtime/cli/help.hpp"
#include "runtime/cli/output.hpp"
#include "runtime/cli/parse.hpp"
#include "runtime/container/log.hpp"

namespace coracle::cli {
namespace {

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
  return fail(quoted(command.name) + " requires " + how +
              std::to_string(too_few ? command.least : command.most) + " argument(s)");
}

Result<int> show_help(const std::string& program, std::span<const std::string> topic) {
  if (topic.empty()) {
    TRY(print(program_help(program)));
    return 0;
  }
  const Command* command = find_command(topic.front());
  if (command == nullptr) return fail("No help topic for '" + topic.front() + "'");
  TRY(print(command_help(program, *command)));
  return 0;
}

Result<int> run_command_line(const Arguments& global, const std::string& program,
                             std::span<const std::string> words) {
  const std::string& name = words.front();
  if (name == "help" || name == "h") return show_help(program, words.subspan(1));
  const Command* command = find_command(name);
  if (command == nullptr) return fail("No help topic for '" + name + "'");

  const Extent extent = command->options_end_at_argument ? Extent::to_command : Extent::all;
  auto parsed = parse(command->options, words.subspan(1), extent);
  if (!parsed) return wrong_usage(std::move(parsed).error(), command_help(program, *command));
  if (parsed->has("help")) return show_help(program, words.first(1));
  auto counted = check_count(*command, parsed->positional.size()).context(program);
  if (!counted) return wrong_usage(std::move(counted).error(), command_help(program, *command));

  container::log::settings().phase = command->name;
  container::log::settings().quiet_stderr = command->quiet_stderr;
  const Globals globals = TRY(resolve_globals(global, program));
  container::log::debug(program + " " + join({words.begin(), words.end()}, " "));
  return command->run(globals, *parsed);
}

Result<int> run_words(const std::string& program, std::span<const std::string> words) {
  auto parsed = parse(global_options(), words, Extent::to_command);
  if (!parsed) return wrong_usage(std::move(parsed).error(), program_help(program));
  const container::log::Settings log = TRY(log_settings(*parsed));
  TRY(container::log::start(log));
  if (parsed->has("version")) {
    TRY(print(version_text(program)));
    return 0;
  }
  if (parsed->has("help") || parsed->positional.empty()) return show_help(program, {});
  return run_command_line(*parsed, program, parsed->positional);
}

}  // namespace

Ended run_program(std::span<const std::string> arguments) {
  const std::string program = program_name(arguments.empty() ? "" : arguments.front());
  auto status = run_words(program, arguments.subspan(arguments.empty() ? 0 : 1));
  if (status) return {.status = *status, .error = std::nullopt};
  // The log knows which command it was, once one was named.
  const Command* command = find_command(container::log::settings().phase);
  return {.status = command == nullptr ? 1 : command->failure, .error = std::move(status).error()};
}

}  // namespace coracle::cli
