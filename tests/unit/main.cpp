// Runs the unit tests.
#include "tests/support/summary.hpp"

int main(int argc, char** argv) {
  return coracle::test::run_all(argc, argv);
}
