// The cgroup says who, ps(1) says what.
#include "runtime/container/ps.hpp"

#include <algorithm>
#include <iterator>

#include "runtime/base/strings.hpp"
#include "runtime/container/processes.hpp"
#include "runtime/sys/process.hpp"

namespace coracle::container {
namespace {

// A line for each of the millions of processes that Linux can have.
constexpr std::size_t longest_listing = std::size_t{256} << 20;

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words = split(line, ' ');
  std::erase_if(words, [](std::string_view word) { return word.empty(); });
  return words;
}

}  // namespace

Result<std::vector<pid_t>> container_processes(const std::string& root, const std::string& id) {
  const StateDir dir = TRY(StateDir::peek(root, id));
  const ContainerState state = TRY(dir.load());
  if (!has_cgroups(state) && TRY(open_init(state)))
    return fail("the container has no cgroup that would tell its processes");
  const cgroup::Cgroup cgroup = TRY(cgroup_of(state));
  return cgroup.processes();
}

Result<std::string> list_processes(const std::vector<std::string>& arguments,
                                   const std::vector<pid_t>& pids) {
  std::vector<std::string> argv = {"ps"};
  std::ranges::move(ps_words(arguments), std::back_inserter(argv));
  const sys::Finished ps = TRY(sys::run_program(argv, longest_listing));
  if (ps.exit.code() != 0)
    return fail("exit status " + std::to_string(ps.exit.code()) + ": " +
                std::string(trim(ps.output)));
  return select_lines(ps.output, pids);
}

std::vector<std::string> ps_words(const std::vector<std::string>& arguments) {
  // Several are words already, and a blank in one of them is meant.
  if (arguments.size() > 1) return arguments;
  const auto words = arguments.empty() ? words_of({}) : words_of(arguments[0]);
  if (words.empty()) return {"-ef"};
  return {words.begin(), words.end()};
}

Result<std::string> select_lines(std::string_view listing, const std::vector<pid_t>& pids) {
  const auto lines = split(listing, '\n');
  const auto titles = words_of(lines[0]);
  const auto column = std::ranges::find(titles, "PID");
  if (column == titles.end()) return fail("couldn't find PID field in ps output");
  const auto index = static_cast<std::size_t>(column - titles.begin());

  std::string selected = std::string(lines[0]) + "\n";
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const auto words = words_of(lines[i]);
    const auto pid = index < words.size() ? parse_number<pid_t>(words[index]) : std::nullopt;
    if (pid && std::ranges::find(pids, *pid) != pids.end()) selected.append(lines[i]).append("\n");
  }
  return selected;
}

}  // namespace coracle::container
