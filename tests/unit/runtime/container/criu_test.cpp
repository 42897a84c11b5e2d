// What CRIU's log tells of a failure.
#include "runtime/container/criu.hpp"

#include <doctest/doctest.h>

using namespace coracle::container::criu;
using Lines = std::vector<std::string>;

TEST_CASE("criu log: the last errors are shown, whatever follows them") {
  CHECK(last_errors("(00.1) Error (criu/a.c:1): one\n(00.2) fine\n(00.3) Error (criu/b.c:2): two\n"
                    "(00.4) Error (criu/c.c:3): three\n(00.5) Unfreezing tasks\n",
                    2) ==
        Lines{"(00.3) Error (criu/b.c:2): two", "(00.4) Error (criu/c.c:3): three"});
}

TEST_CASE("criu log: without an error its last lines are shown") {
  CHECK(last_errors("one\ntwo\n\nthree\n", 2) == Lines{"two", "three"});
  CHECK(last_errors("", 2).empty());
}
