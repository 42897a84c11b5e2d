// The suite's output in the Test Anything Protocol, a line a case.
#pragma once

#include <string>

namespace coracle::conformance {

// The running case cannot be tried here: it counts as skipped.  Return from it afterwards.
void skip(const std::string& why);

// Runs the cases that `argc` and `argv` select with doctest's options; ends with "N passed,
// N failed, N skipped".  The process's exit status.
int run_cases(int argc, char** argv);

}  // namespace coracle::conformance
