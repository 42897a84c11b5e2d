// Descriptors of the caller's: those that it gives arrive, and no others.
#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/bundle.hpp"
#include "tests/support/summary.hpp"
#include "tests/support/text.hpp"

using namespace coracle::test;

namespace {

// The first descriptors of a test are taken: a high number is surely free.
int open_as(const char* path, int number) {
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  REQUIRE(fd >= 0);
  if (fd == number) return fd;
  REQUIRE(::dup3(fd, number, O_CLOEXEC) == number);
  ::close(fd);
  return number;
}

}  // namespace

TEST_CASE("safety: --preserve-fds keeps so many and no more, and LISTEN_FDS as well") {
  Bundle bundle;
  bundle.probe("fds -- env");
  Program program =
      bundle.program({"run", "--preserve-fds", "1", "--bundle", bundle.dir(), bundle.id()});
  program.inherited = {open_as("/etc/passwd", 3), open_as("/etc/group", 4), open_as("/etc", 5)};
  const Outcome one = run(program);
  // Addressed to the runtime's pid, as service managers do.
  const std::vector<std::string> shell = {"/bin/sh", "-c", "LISTEN_FDS=1 LISTEN_PID=$$ exec \"$@\"",
                                          "sh"};
  program.args.insert(program.args.begin(), shell.begin(), shell.end());
  const Outcome two = run(program);
  for (const int fd : program.inherited) ::close(fd);
  CHECK(one.value("fd.3") == "/etc/passwd");
  CHECK(one.values("fd.4").empty());
  CHECK(one.values("fd.5").empty());
  CHECK(two.value("fd.4") == "/etc/group");
  CHECK(two.values("fd.5").empty());
  CHECK(two.value("env.LISTEN_FDS") == "1");
}

TEST_CASE("safety: --preserve-fds takes no descriptor of the runtime's own for the caller's") {
  if (testing_runc()) return skip_case("runc looks before it opens anything");
  for (const char* command : {"run", "create"}) {
    Bundle bundle;
    bundle.probe("fds");
    // Whatever the runtime opens first gets number 3.
    const Outcome outcome =
        bundle.command({command, "--preserve-fds", "1", "--bundle", bundle.dir(), bundle.id()});
    CHECK(outcome.exit_code == 1);
    CHECK_MESSAGE(contains(outcome.err, "descriptor 3 is not open"), outcome.text());
  }
}
