// Fields of /proc/PID/stat, counted from behind the command.
#include "runtime/sys/proc_stat.hpp"

#include <string>
#include <vector>

#include "runtime/base/strings.hpp"
#include "runtime/sys/files.hpp"

namespace coracle::sys {
namespace {

// Positions after the command's closing parenthesis; proc_pid_stat(5) counts
// the state as field 3.
constexpr std::size_t state_position = 0;
constexpr std::size_t flags_position = 6;
constexpr std::size_t start_time_position = 19;

}  // namespace

Result<ProcessFacts> parse_proc_stat(std::string_view line) {
  // The command may hold spaces and parentheses; nothing after it does.
  const std::size_t command_end = line.rfind(')');
  if (command_end == std::string_view::npos) return fail("stat has no command: " + in_quotes(line));
  const auto fields = split(trim(line.substr(command_end + 1)), ' ');
  if (fields.size() <= start_time_position) return fail("stat is too short: " + in_quotes(line));
  const auto flags = parse_number<unsigned>(fields[flags_position]);
  const auto start_time = parse_number<std::uint64_t>(fields[start_time_position]);
  if (!flags || !start_time || fields[state_position].size() != 1)
    return fail("stat is malformed: " + in_quotes(line));
  return ProcessFacts{
      .state = fields[state_position].front(), .flags = *flags, .start_time = *start_time};
}

Result<ProcessFacts> process_facts(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/stat";
  const std::string text = TRY(read_file(path, 4096));
  return parse_proc_stat(text).context(path);
}

}  // namespace coracle::sys
