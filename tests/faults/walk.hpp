// One command with a fault at each of one process's system calls in turn.
#pragma once

#include "tests/faults/choice.hpp"
#include "tests/faults/subject.hpp"

namespace coracle::test {

// What all walks do; set once, by main.
struct Extent {
  bool whole = false;  // every system call is struck, not a sample
  bool show = false;   // a line on stdout for each: where, the exit status, and what it says
};
Extent& extent();

// Each time, either the command worked as if nothing had happened, or it failed with one line of
// error and its status; in both cases it left nothing, and works the next time.  What a kill leaves
// may be cleared first.
void walk(const Subject& subject, int who, Kind kind, const Place& place);

}  // namespace coracle::test
