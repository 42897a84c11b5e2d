// Names and numbers of signals.
#include "runtime/sys/signals.hpp"

#include <doctest/doctest.h>
#include <signal.h>

using coracle::sys::signal_name;
using coracle::sys::signal_number;

TEST_CASE("signal_number: a name needs neither SIG nor capitals") {
  CHECK(signal_number("KILL") == SIGKILL);
  CHECK(signal_number("SIGKILL") == SIGKILL);
  CHECK(signal_number("sigterm") == SIGTERM);
}

TEST_CASE("signal_number: a number is taken from 0 to 64") {
  CHECK(signal_number("0") == 0);
  CHECK(signal_number("9") == SIGKILL);
  CHECK(signal_number("64") == 64);
  CHECK_FALSE(signal_number("65").has_value());
  CHECK_FALSE(signal_number("-1").has_value());
}

TEST_CASE("signal_number: real-time signals count from either end") {
  CHECK(signal_number("RTMIN") == SIGRTMIN);
  CHECK(signal_number("SIGRTMIN+3") == SIGRTMIN + 3);
  CHECK(signal_number("SIGRTMAX-1") == SIGRTMAX - 1);
  CHECK_FALSE(signal_number("SIGRTMIN+31").has_value());
  CHECK_FALSE(signal_number("SIGRTMAX-31").has_value());
  CHECK_FALSE(signal_number("SIGRTMIN-1").has_value());
}

TEST_CASE("signal_number: second names are known") {
  CHECK(signal_number("SIGIOT") == SIGABRT);
  CHECK(signal_number("CLD") == SIGCHLD);
  CHECK(signal_number("IO") == SIGIO);
}

TEST_CASE("signal_number: other words are none") {
  CHECK_FALSE(signal_number("FOO").has_value());
  CHECK_FALSE(signal_number("").has_value());
  CHECK_FALSE(signal_number("SIG").has_value());
  CHECK_FALSE(signal_number("9x").has_value());
}

TEST_CASE("signal_name: every number has a text that reads back") {
  for (int signal = 1; signal <= 31; ++signal) CHECK(signal_number(signal_name(signal)) == signal);
  CHECK(signal_name(SIGRTMIN) == "SIGRTMIN");
  CHECK(signal_name(SIGRTMIN + 2) == "SIGRTMIN+2");
  CHECK(signal_name(99) == "signal 99");
}
