// Help and version texts.  Pure.
#pragma once

#include <string>

#include "runtime/cli/command.hpp"

namespace coracle::cli {

std::string program_help(const std::string& program);
std::string command_help(const std::string& program, const Command& command);

// "coracle version 0.1.0", then commit, spec and libseccomp, a line each.
std::string version_text(const std::string& program);

}  // namespace coracle::cli
