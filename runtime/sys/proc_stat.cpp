// Fields of /proc/PID/stat, counted from behind the command.
#include "runtime/sys/proc_stat.hpp"

#include <string>
#include <string_view>

#include "runtime/base/strings.hpp"
#include "runtime/sys/files.hpp"

namespace coracle::sys {
namespace {

// Positions after the command's closing parenthesis; proc_pid_stat(5) counts
// the state as field 3.
constexpr std::size_t state_position = 0;
constexpr std::size_t flags_position = 6;
constexpr std::size_t start_time_position = 19;

// Empty where there are not so many.
std::string_view field_at(std::string_view line, std::size_t position) {
  for (; position > 0; --position) {
    const std::size_t end = line.find(' ');
    if (end == std::string_view::npos) return {};
    line.remove_prefix(end + 1);
  }
  return line.substr(0, line.find(' '));
}

}  // namespace

Result<ProcessFacts> parse_proc_stat(std::string_view line) {
  // The command may hold spaces and parentheses; nothing after it does.
  const std::size_t command_end = line.rfind(')');
  if (command_end == std::string_view::npos) return fail("stat has no command: " + in_quotes(line));
  const std::string_view fields = trim(line.substr(command_end + 1));
  if (field_at(fields, start_time_position).empty())
    return fail("stat is too short: " + in_quotes(line));
  const std::string_view state = field_at(fields, state_position);
  const auto flags = parse_number<unsigned>(field_at(fields, flags_position));
  const auto start_time = parse_number<std::uint64_t>(field_at(fields, start_time_position));
  if (!flags || !start_time || state.size() != 1)
    return fail("stat is malformed: " + in_quotes(line));
  return ProcessFacts{.state = state.front(), .flags = *flags, .start_time = *start_time};
}

Result<ProcessFacts> process_facts(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/stat";
  const std::string text = TRY(read_record(path));
  return parse_proc_stat(text).context(path);
}

}  // namespace coracle::sys
