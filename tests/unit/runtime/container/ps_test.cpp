// Lines of ps(1) for the processes of a container.
#include "runtime/container/ps.hpp"

#include <doctest/doctest.h>

using namespace coracle::container;

namespace {

using Words = std::vector<std::string>;

constexpr const char* listing =
    "UID        PID  PPID  C STIME TTY          TIME CMD\n"
    "root         1     0  0 20:35 ?        00:00:01 /sbin/init\n"
    "root        12     1  0 20:35 ?        00:00:00 sleep 123\n"
    "root       123     1  0 20:35 ?        00:00:00 sleep 12\n";

}  // namespace

TEST_CASE("ps: the header and the lines of the given processes stay as they are") {
  CHECK(select_lines(listing, {12}).value() ==
        "UID        PID  PPID  C STIME TTY          TIME CMD\n"
        "root        12     1  0 20:35 ?        00:00:00 sleep 123\n");
}

TEST_CASE("ps: without processes the header is left") {
  CHECK(select_lines(listing, {}).value() ==
        "UID        PID  PPID  C STIME TTY          TIME CMD\n");
}

TEST_CASE("ps: the column may be anywhere") {
  CHECK(select_lines("  PID\n    1\n   12\n", {1}).value() == "  PID\n    1\n");
  CHECK(select_lines("CMD   PID\nsh      7\n", {7}).value() == "CMD   PID\nsh      7\n");
}

TEST_CASE("ps: without a column of process ids nothing can be chosen") {
  const auto selected = select_lines("CMD\nsh\n", {7});
  REQUIRE_FALSE(selected.has_value());
  CHECK(selected.error().text() == "couldn't find PID field in ps output");
}

TEST_CASE("ps: options may be one word or several") {
  CHECK(ps_words({}) == Words{"-ef"});
  CHECK(ps_words({""}) == Words{"-ef"});
  CHECK(ps_words({"aux"}) == Words{"aux"});
  CHECK(ps_words({"-e -o pid,cmd"}) == Words{"-e", "-o", "pid,cmd"});
  CHECK(ps_words({"-o", "pid, cmd"}) == Words{"-o", "pid, cmd"});
}
