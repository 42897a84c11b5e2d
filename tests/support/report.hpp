// What the probe is asked in a container whose configuration an engine wrote.
#pragma once

#include "tests/support/config.hpp"
#include "tests/support/facts.hpp"

namespace coracle::test {

// The probe takes the program's place: found in PATH or by path as that was, and behind an
// engine's init if there is one.  It reports its process, namespaces, devices and calls, and for
// every mount, masked and read-only path, device and sysctl of `config` what it finds there.
void report_instead(Json& config);

// Whether the report came to its end.
bool is_complete(const Facts& facts);

}  // namespace coracle::test
