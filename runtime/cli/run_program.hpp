// From argv to an exit status.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "runtime/base/result.hpp"

namespace coracle::cli {

struct Ended {
  int status = 0;  // for exit(3)
  std::optional<Error> error;
};

// Parses `arguments` (argv, argv[0] included) and runs the command that they
// name.  After a wrong command line, the help has been printed on stdout.
Ended run_program(std::span<const std::string> arguments);

}  // namespace coracle::cli
