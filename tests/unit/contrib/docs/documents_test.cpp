// The man page and the completion scripts do not drift from the table of commands.
#include "contrib/docs/documents.hpp"

#include <algorithm>
#include <array>

#include <doctest/doctest.h>

#include "runtime/sys/files.hpp"

using namespace coracle;

namespace {

std::string committed(std::string_view path) {
  const auto text = sys::read_file(std::string(CORACLE_SOURCE_DIR) + "/" + std::string(path));
  REQUIRE_MESSAGE(text.has_value(), path);
  return *text;
}

constexpr std::array parts = {docs::Part{"first", [] { return std::string("one\ntwo\n"); }}};
constexpr docs::Document document = {.from = "a.in", .to = "a", .parts = parts};

}  // namespace

TEST_CASE("documents: the committed ones are what the table of commands makes") {
  for (const docs::Document& each : docs::documents()) {
    const auto made = docs::fill(each, committed(each.from));
    REQUIRE_MESSAGE(made.has_value(), made.error().text());
    // Not compared by CHECK: it would print both in full.
    const bool same = *made == committed(each.to);
    CHECK_MESSAGE(same, each.to, " is old: cmake --build BUILD --target docs");
  }
}

TEST_CASE("documents: a marked line gives way to its part") {
  const auto made = docs::fill(document, "before\n  # @first@\nafter\n");
  REQUIRE(made.has_value());
  CHECK(*made == "before\none\ntwo\nafter\n");
}

TEST_CASE("documents: a line with an address in it is not marked") {
  const auto made = docs::fill(document, "someone@example.org and @home\n# @first@\n");
  REQUIRE(made.has_value());
  CHECK(made->starts_with("someone@example.org and @home\n"));
}

TEST_CASE("documents: a template that leaves out a part is refused") {
  CHECK(docs::fill(document, "text\n").error().text() == "a.in: 0 of 1 parts have a line");
}

TEST_CASE("documents: a marked line without a part is refused") {
  CHECK(docs::fill(document, "# @second@\n").error().text() == "a.in: there is no part \"second\"");
}
