// How the runtime keeps its own binary from containers: not by executing it a second time, which
// takes longer than all that is done to protect it.
#include <sys/syscall.h>

#include <sstream>
#include <string>

#include <doctest/doctest.h>

#include "tests/support/bundle.hpp"
#include "tests/support/summary.hpp"

using namespace coracle::test;

namespace {

// What the process that was started executed, by the injector's log of system calls.
int executions(const std::string& log) {
  int count = 0;
  std::istringstream lines(read_file(log));
  int who = 0;
  long number = 0;
  long call = 0;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream(line) >> who >> number >> call;
    if (who == 0 && (call == SYS_execve || call == SYS_execveat)) ++count;
  }
  return count;
}

}  // namespace

TEST_CASE("own binary: root's runtime executes it once, whichever way it is protected") {
  if (testing_runc()) return skip_case("runc executes a copy of itself");
  for (const bool by_mount : {true, false}) {
    CAPTURE(by_mount);
    Bundle bundle;
    Program program = bundle.program({"run", "--bundle", bundle.dir(), bundle.id()});
    const std::string log = bundle.path("calls");
    program.args.insert(program.args.begin(), {CORACLE_INJECT_BINARY, log, "record"});
    if (!by_mount) program.args.insert(program.args.begin(), {CORACLE_WITHOUT_BINARY, "open_tree"});
    const Outcome outcome = run(program);
    CHECK_MESSAGE(outcome.exit_code == 0, outcome.text());
    CHECK(executions(log) == 1);
  }
}
