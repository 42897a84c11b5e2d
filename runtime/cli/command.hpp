// What a command is: its options and texts as data, and the function to run.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/cgroup/cgroup.hpp"

namespace coracle::cli {

struct Option {
  std::string_view name;          // "pid-file", without dashes
  char letter = 0;                // 'b' for -b; 0: none
  std::string_view value = {};    // what help calls it: "value"; empty: a switch
  std::string_view help = {};     // names in quotes: all words that the value may be
  std::string_view initial = {};  // the value when the option is not given
  bool repeated = false;          // each value counts: see Arguments::list
  bool hidden = false;            // accepted for old callers, not in the help
};

// Every command has it.
inline constexpr Option help_option = {.name = "help", .letter = 'h', .help = "show this help"};

// The options and arguments of one command line, or of its global part.
struct Arguments {
  std::map<std::string, std::string, std::less<>> values;  // by long name; switches: "true"
  std::map<std::string, std::vector<std::string>, std::less<>> lists;  // of repeated options
  std::vector<std::string> positional;

  // Given, and not as --switch=false.
  bool has(std::string_view name) const;
  // As given, or the option's initial value; empty for none.
  std::string text(std::string_view name) const;
  // Every value of a repeated option, in order.
  std::vector<std::string> list(std::string_view name) const;
  // A count, 0 or more.
  Result<int> number(std::string_view name) const;
};

// The global options, resolved.
struct Globals {
  std::string program;  // "coracle", or "runc" where we are called so
  std::string root;     // absolute
  bool root_given = false;
  bool rootless = false;
  cgroup::Manager cgroup_manager = cgroup::Manager::cgroupfs;
};

struct Command {
  std::string_view name;
  std::string_view summary;
  std::string_view arguments;    // "<container-id> [signal]"
  std::string_view description;  // lines, without indentation
  std::span<const Option> options;
  std::size_t least = 0;  // positional arguments
  std::size_t most = 0;
  // What follows the first argument belongs to a program, dashes or not.
  bool options_end_at_argument = false;
  int failure = 1;  // the exit status when `run` fails
  // Callers read stdout and stderr as one: no warning may stand there.
  bool quiet_stderr = false;
  Result<int> (*run)(const Globals& globals, const Arguments& arguments) = nullptr;
};

}  // namespace coracle::cli
