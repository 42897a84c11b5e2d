// What of a container's messages a service manager is told.
#include "runtime/container/readiness.hpp"

#include <doctest/doctest.h>

using namespace coracle;
using container::readiness_in;

TEST_CASE("readiness: it is passed on with the main process, alone") {
  CHECK(readiness_in("READY=1", 42) == "READY=1\nMAINPID=42\n");
  CHECK(readiness_in("READY=1\n", 42) == "READY=1\nMAINPID=42\n");
  CHECK(readiness_in("STATUS=up\nREADY=1\nMAINPID=1\nFDSTORE=1", 42) == "READY=1\nMAINPID=42\n");
}

TEST_CASE("readiness: other messages say nothing of it") {
  for (const char* message : {"", "\n", "STATUS=READY=1", "WATCHDOG=1", "READY", "ready=1"})
    CHECK(readiness_in(message, 42) == std::nullopt);
}
