// The line of /proc/PID/stat.
#include "runtime/sys/proc_stat.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <string>

using coracle::sys::parse_proc_stat;
using coracle::sys::process_facts;

namespace {

std::string line(const std::string& command, const std::string& flags = "4194304") {
  return "42 (" + command + ") S 1 42 42 0 -1 " + flags +
         " 190 0 0 0 1 2 0 0 20 0 1 0 567890 2424832 223 18446744073709551615 1 1\n";
}

}  // namespace

TEST_CASE("proc stat: state, flags and start time are read") {
  const auto facts = parse_proc_stat(line("sh"));
  REQUIRE(facts.has_value());
  CHECK(facts->state == 'S');
  CHECK(facts->flags == 4194304);
  CHECK(facts->start_time == 567890);
  CHECK_FALSE(facts->ended());
  CHECK_FALSE(facts->has_not_executed());
}

TEST_CASE("proc stat: a command may hold spaces and parentheses") {
  const auto facts = parse_proc_stat(line("a) Z (b) c"));
  REQUIRE(facts.has_value());
  CHECK(facts->state == 'S');
  CHECK(facts->start_time == 567890);
}

TEST_CASE("proc stat: PF_FORKNOEXEC tells a process that has not executed") {
  CHECK(parse_proc_stat(line("sh", "64"))->has_not_executed());
}

TEST_CASE("proc stat: a zombie has ended") {
  CHECK(parse_proc_stat("42 (sh) Z 1 42 42 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5 0")->ended());
}

TEST_CASE("proc stat: a line that is cut or garbled is refused") {
  CHECK(parse_proc_stat("").error().text() == "stat has no command: \"\"");
  CHECK_FALSE(parse_proc_stat("42 (sh").has_value());
  CHECK_FALSE(parse_proc_stat("42 (sh) S 1 2").has_value());
  CHECK_FALSE(parse_proc_stat(line("sh", "many")).has_value());
}

TEST_CASE("process_facts: our own process runs") {
  const auto facts = process_facts(::getpid());
  REQUIRE(facts.has_value());
  CHECK(facts->state == 'R');
  CHECK(facts->start_time > 0);
}
