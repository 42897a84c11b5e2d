// Runs the tests of the program's start; linked and started as the runtime is.
#include "tests/support/summary.hpp"

int main(int argc, char** argv) {
  return coracle::test::run_all(argc, argv);
}
