// Lists of CPUs and memory nodes as bit masks.
#include "runtime/plan/number_list.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {

using namespace coracle;
using plan::parse_number_list;
using Words = std::vector<unsigned long>;

Words mask(std::string_view text) {
  return parse_number_list(text, "CPU").value();
}

std::string refusal(std::string_view text) {
  const auto list = parse_number_list(text, "CPU");
  return list ? "" : list.error().text();
}

}  // namespace

TEST_CASE("number list: numbers and ranges set their bits") {
  CHECK(mask("0") == Words{1});
  CHECK(mask("0-3,7") == Words{0x8f});
  CHECK(mask("3,1") == Words{0xa});
  CHECK(mask("5-5") == Words{0x20});
  CHECK(mask("0-1,1-2,1") == Words{7});
  CHECK(mask("00,01") == Words{3});
}

TEST_CASE("number list: it has as many words as its largest number needs") {
  CHECK(mask("63") == Words{1UL << 63});
  CHECK(mask("64") == Words{0, 1});
  CHECK(mask("62-65") == Words{3UL << 62, 3});
  CHECK(mask("1023").size() == 16);
  CHECK(mask("0-1023") == Words(16, ~0UL));
}

TEST_CASE("number list: blanks around numbers mean nothing") {
  CHECK(mask(" 1 , 2-3\n") == Words{0xe});
}

TEST_CASE("number list: an empty one has no words") {
  CHECK(mask("").empty());
  CHECK(mask(" \n").empty());
}

TEST_CASE("number list: what is no list is refused") {
  for (const char* text : {"a", "1-", "-1", "-", "3-1", "0,,1", ",", "0,", "1 2", "0x1", "1-2-3",
                           "+1", "1.5", "99999999999999999999999", "0-99999999999999999999999"})
    CHECK_MESSAGE(refusal(text).ends_with(" is neither a CPU nor a range of CPUs"), text);
  CHECK(refusal("0-1,x") == "\"x\" is neither a CPU nor a range of CPUs");
}

TEST_CASE("number list: a number that no machine has is refused, however long the range") {
  CHECK(refusal("1024") == "CPU 1024 is not below 1024");
  CHECK(refusal("0-18446744073709551615") == "CPU 18446744073709551615 is not below 1024");
}
