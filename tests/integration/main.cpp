// Runs the integration tests: each case drives the runtime's binary as its users do.
#include <unistd.h>

#include <cstdio>

#include "tests/support/summary.hpp"

int main(int argc, char** argv) {
  if (::geteuid() != 0) {
    std::fputs("integration_tests: run them as root: containers need cgroups and devices\n",
               stderr);
    return 1;
  }
  return coracle::test::run_all(argc, argv);
}
