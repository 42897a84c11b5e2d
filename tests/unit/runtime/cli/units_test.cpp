// Sizes and durations.
#include "runtime/cli/units.hpp"

#include <doctest/doctest.h>

using namespace coracle::cli;
using namespace std::chrono_literals;

TEST_CASE("size: a number is bytes") {
  CHECK(parse_size("0") == 0);
  CHECK(parse_size("1024") == 1024);
  CHECK(parse_size("9223372036854775807") == INT64_MAX);
}

TEST_CASE("size: letters are powers of 1024, in either case, with b or ib") {
  CHECK(parse_size("50M") == 52428800);
  CHECK(parse_size("1k") == 1024);
  CHECK(parse_size("1KiB") == 1024);
  CHECK(parse_size("2gb") == 2147483648);
  CHECK(parse_size("1T") == 1099511627776);
  CHECK(parse_size("5b") == 5);
}

TEST_CASE("size: a part of a unit, and a blank before it") {
  CHECK(parse_size("1.5k") == 1536);
  CHECK(parse_size("10 MiB") == 10485760);
}

TEST_CASE("size: minus one alone may be negative") {
  CHECK(parse_size("-1") == -1);
  CHECK_FALSE(parse_size("-2").has_value());
  CHECK_FALSE(parse_size("-1k").has_value());
}

TEST_CASE("size: anything else is none") {
  for (const char* text : {"", "k", "abc", "1x", "1kk", "1kib2", "1e3", "0x10", "1  k", "nan",
                           "inf", "1.2.3", "9223372036854775808", "99999999P"})
    CHECK_MESSAGE(!parse_size(text).has_value(), text);
}

TEST_CASE("duration: numbers with units, added up") {
  CHECK(parse_duration("5s") == 5s);
  CHECK(parse_duration("100ms") == 100ms);
  CHECK(parse_duration("1m30s") == 90s);
  CHECK(parse_duration("1.5h") == 90min);
  CHECK(parse_duration("7us") == 7us);
  CHECK(parse_duration("7µs") == 7us);
  CHECK(parse_duration("8ns") == 8ns);
}

TEST_CASE("duration: zero needs no unit, and a sign may stand before all") {
  CHECK(parse_duration("0") == 0s);
  CHECK(parse_duration("-1s") == -1s);
  CHECK(parse_duration("+1s") == 1s);
}

TEST_CASE("duration: anything else is none") {
  for (const char* text : {"", "5", "s", "5 s", "1s5", "1d", "-", "1e3s", ".s", "99999999h"})
    CHECK_MESSAGE(!parse_duration(text).has_value(), text);
}
