// Walks over the system calls of run and exec; with --full over every one of them, with --show
// telling what each fault led to.
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "tests/faults/walk.hpp"
#include "tests/support/summary.hpp"

int main(int argc, char** argv) {
  if (::geteuid() != 0) {
    std::fputs("fault_tests: run them as root: containers need cgroups and devices\n", stderr);
    return 1;
  }
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--full") == 0) coracle::test::extent().whole = true;
    if (std::strcmp(argv[i], "--show") == 0) coracle::test::extent().show = true;
  }
  return coracle::test::run_all(argc, argv);
}
