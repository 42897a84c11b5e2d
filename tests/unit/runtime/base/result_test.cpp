// Errors as values.
#include "runtime/base/result.hpp"

#include <doctest/doctest.h>

namespace coracle {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return fail(std::to_string(number) + " is odd");
  return number / 2;
}

Result<int> quarter(int number) {
  const int once = TRY(half(number).context("half"));
  return half(once);
}

TEST_CASE("error: each context is put in front") {
  CHECK(quarter(3).error().text() == "half: 3 is odd");
  CHECK(std::move(quarter(3)).context("quarter of 3").error().text() ==
        "quarter of 3: half: 3 is odd");
}

TEST_CASE("error: the errno text is in lower case and comes last") {
  const Result<int> failed = fail_errno("open /x", ENOENT);
  CHECK(failed.error().text() == "open /x: no such file or directory");
  CHECK(failed.error().code == ENOENT);
}

TEST_CASE("error: an abbreviation keeps its capitals, an unknown number is shown") {
  CHECK(errno_text(EDOTDOT) == "RFS specific error");
  CHECK(errno_text(100000) == "errno 100000");
}

TEST_CASE("TRY: evaluates to the value") {
  CHECK(quarter(12).value() == 3);
}

}  // namespace
}  // namespace coracle
