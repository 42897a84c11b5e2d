// Ids by a regular expression.
#include "runtime/container/matching.hpp"

#include <doctest/doctest.h>

using namespace coracle;

namespace {

const std::vector<std::string> ids = {"web-1", "web-2", "db-1", "web+1"};

std::vector<std::string> found(const std::string& pattern) {
  return container::matching(ids, pattern).value();
}

}  // namespace

TEST_CASE("matching: an expression matches anywhere in an id unless it is anchored") {
  CHECK(found("1") == std::vector<std::string>{"web-1", "db-1", "web+1"});
  CHECK(found("^web-[0-9]$") == std::vector<std::string>{"web-1", "web-2"});
  CHECK(found("eb-1$") == std::vector<std::string>{"web-1"});
  CHECK(found("none").empty());
}

TEST_CASE("matching: the expression is an extended one") {
  CHECK(found("^(db|web)-1$") == std::vector<std::string>{"web-1", "db-1"});
  CHECK(found("web\\+1") == std::vector<std::string>{"web+1"});
}

TEST_CASE("matching: an expression that cannot be compiled is refused with the reason") {
  CHECK(container::matching(ids, "web(").error().text() ==
        "invalid regular expression \"web(\": Unmatched ( or \\(");
}
