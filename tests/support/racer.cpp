// A process of an attacker's that exchanges two names while the runtime works on one of them.
#include "tests/support/racer.hpp"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>

namespace coracle::test {

Racer::Racer(const std::string& one, const std::string& other) : pid_(::fork()) {
  REQUIRE(pid_ >= 0);
  if (pid_ > 0) return;
  const pid_t parent = ::getppid();
  while (::getppid() == parent)
    ::renameat2(AT_FDCWD, one.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE);
  ::_exit(0);
}

Racer::~Racer() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

int races(int few) {
  const char* many = ::getenv("CORACLE_TEST_RACES");
  return many == nullptr ? few : ::atoi(many);
}

}  // namespace coracle::test
