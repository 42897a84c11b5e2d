// A program of which one system call fails, or which is killed at one: tests/programs/inject.c.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/support/process.hpp"

namespace coracle::test {

struct Call {
  int who = 0;      // 0: the program; 1, 2, ...: those that it makes, in that order
  long number = 0;  // of the process's calls, from 1
  int code = 0;     // as the kernel knows it
  std::string name;
  std::string path;  // that it is given, if any

  std::string text() const;  // "openat /proc/self/exe"
};

// Whether this machine's registers are known to the injector; why not otherwise.
std::optional<std::string> why_no_injection();

// All calls of `program` and its processes up to their execve(2), in their order.  `log` is a file
// that is overwritten.
std::vector<Call> record(const Program& program, const std::string& log);

struct Hit {
  Outcome outcome;
  std::optional<Call> call;  // nothing: the program ended before it
};

// What `program` does when `call` fails with `error`; 0: is killed instead of making it.  One of
// that name that comes a little later is taken for it: the numbers vary.
Hit run_with(const Call& call, int error, const Program& program, const std::string& log);

}  // namespace coracle::test
