// Runs the advisories' cases: each attacks the runtime's binary as published, and asks the host.
#include <unistd.h>

#include <cstdio>

#include "tests/support/summary.hpp"

int main(int argc, char** argv) {
  if (::geteuid() != 0) {
    std::fputs("advisory_tests: run them as root: containers need cgroups and devices\n", stderr);
    return 1;
  }
  return coracle::test::run_all(argc, argv);
}
