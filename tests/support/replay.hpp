// One captured configuration run under one runtime as an engine would, and what that shows.
#pragma once

#include <string>

#include "tests/support/bundle.hpp"
#include "tests/support/facts.hpp"

namespace coracle::test {

struct Replay {
  std::string name;  // below tests/data/captured
  bool report_by_create = false;
  bool lower_rlimits = false;  // to what this machine allows
};

struct Replayed {
  Facts facts;
  std::string error;  // what the runtime said when it refused the configuration; "" when it ran
};

// Runs a captured configuration twice under `runtime`, in the cgroup view of `bundle`: with its own
// arguments by create, start and delete, then with the probe as program by run (as before when
// asked to, or when it has a terminal).  Both begin with a new root file system.
Replayed replay(const Replay& what, const std::string& runtime, Bundle& bundle);

}  // namespace coracle::test
