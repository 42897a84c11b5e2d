// What stands behind an option or as an argument, read from the table of commands.  Pure.
#pragma once

#include <string>
#include <vector>

#include "runtime/cli/command.hpp"

namespace coracle::docs {

// What a shell can offer there.
enum class Kind { nothing, file, directory, container, signal, words };

struct Expected {
  Kind kind = Kind::nothing;
  std::vector<std::string> words;  // with Kind::words: all there are
};

// By what help calls the value; where the help quotes words, they are it.
// Not for a switch.
Expected value_of(const cli::Option& option);

// The arguments of one command, in order; a program's, which may follow, are
// left out.
std::vector<Expected> arguments_of(const cli::Command& command);

// "KILL" and the like, by number: those that have a name, real-time ones aside.
std::vector<std::string> signal_names();

// "--bundle", and "-b" where there is a letter.
std::vector<std::string> spellings(const cli::Option& option);

}  // namespace coracle::docs
