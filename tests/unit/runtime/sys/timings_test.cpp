// Phases, of one process and of those it clones.
#include "runtime/sys/timings.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>

using namespace coracle::sys;
using timings::Phase;
using timings::Side;

namespace {

// What is on stays on: each case has a process of its own.
bool holds_in_child(const std::function<bool()>& check) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(timings::turn_on() && check() ? 0 : 1);
  int status = 0;
  return ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

std::string name_of(const timings::Record& record) {
  return record.name.data();
}

}  // namespace

TEST_CASE("timings: nothing is recorded before they are turned on") {
  { const Phase phase("too early"); }
  CHECK_FALSE(timings::on());
  CHECK(timings::recorded().records.empty());
}

TEST_CASE("timings: a phase has its name, its object, and ends after it began") {
  CHECK(holds_in_child([] {
    { const Phase phase("mount", "/proc"); }
    const auto found = timings::recorded();
    return found.lost == 0 && found.records.size() == 1 &&
           name_of(found.records[0]) == "mount /proc" && found.records[0].side == Side::host &&
           found.records[0].end_ns >= found.records[0].start_ns;
  }));
}

TEST_CASE("timings: phases of a process cloned later are there, under its side") {
  CHECK(holds_in_child([] {
    const Phase outer("outer");
    const pid_t cloned = ::fork();
    if (cloned == 0) {
      timings::become(Side::init);
      const Phase phase("inner");
      ::_exit(0);  // nobody leaves it
    }
    ::waitpid(cloned, nullptr, 0);
    const auto found = timings::recorded();
    return found.records.size() == 2 && name_of(found.records[0]) == "outer" &&
           name_of(found.records[1]) == "inner" && found.records[1].side == Side::init &&
           found.records[1].end_ns == 0;
  }));
}

TEST_CASE("timings: a long name is cut, and phases past the last place are counted") {
  CHECK(holds_in_child([] {
    { const Phase phase(std::string(80, 'a'), std::string(80, 'b')); }
    for (int i = 0; i < 20'000; ++i) const Phase phase("one of many");
    const auto found = timings::recorded();
    return name_of(found.records[0]) == std::string(80, 'a') + " " + std::string(21, 'b') &&
           found.lost > 0 && found.records.size() + found.lost == 20'001;
  }));
}
