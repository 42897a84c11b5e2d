// Counted skips, and the line that ends every test binary.
#pragma once

namespace coracle::test {

// Prints "SKIP: CASE: WHY" and counts the running case as skipped.  Return from the case after it.
void skip_case(const char* why);

// Runs all cases of the binary with doctest's options; prints "N passed, N failed, N skipped" last.
// The process's exit status.
int run_all(int argc, char** argv);

}  // namespace coracle::test
