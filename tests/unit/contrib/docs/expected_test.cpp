// What shells offer, by the words of the table of commands.
#include "contrib/docs/expected.hpp"

#include <algorithm>
#include <array>

#include <doctest/doctest.h>

using namespace coracle;
using docs::Kind;

TEST_CASE("expected: the name of a value tells its kind") {
  CHECK(docs::value_of({.name = "log", .value = "file"}).kind == Kind::file);
  CHECK(docs::value_of({.name = "console-socket", .value = "socket"}).kind == Kind::file);
  CHECK(docs::value_of({.name = "bundle", .value = "dir"}).kind == Kind::directory);
  CHECK(docs::value_of({.name = "preserve-fds", .value = "count"}).kind == Kind::nothing);
}

TEST_CASE("expected: words that the help quotes are the value's") {
  const docs::Expected expected =
      docs::value_of({.name = "format", .value = "format", .help = "\"table\" or \"json\""});
  CHECK(expected.kind == Kind::words);
  CHECK(expected.words == std::vector<std::string>{"table", "json"});
}

namespace {

std::vector<Kind> kinds_of(const cli::Command& command) {
  std::vector<Kind> kinds;
  for (const docs::Expected& expected : docs::arguments_of(command)) kinds.push_back(expected.kind);
  return kinds;
}

}  // namespace

TEST_CASE("expected: arguments are ids, signals, files, and what no shell knows") {
  CHECK(kinds_of({.arguments = "<container-id> [signal]"}) ==
        std::vector{Kind::container, Kind::signal});
  CHECK(kinds_of({.arguments = "<other> <file>"}) == std::vector{Kind::nothing, Kind::file});
  CHECK(docs::arguments_of({.arguments = ""}).empty());
}

TEST_CASE("expected: an argument with bars is one of the words between them") {
  const auto expected = docs::arguments_of({.arguments = "<add|remove> <container-id>"});
  REQUIRE(expected.size() == 2);
  CHECK(expected[0].kind == Kind::words);
  CHECK(expected[0].words == std::vector<std::string>{"add", "remove"});
  CHECK(expected[1].kind == Kind::container);
}

TEST_CASE("expected: a program's arguments are not the command's") {
  CHECK(kinds_of({.arguments = "<container-id> <command> [options]",
                  .options_end_at_argument = true}) == std::vector{Kind::container});
}

TEST_CASE("expected: a command that takes a bundle names a new container") {
  constexpr std::array options = {cli::Option{.name = "bundle", .value = "dir"}};
  CHECK(kinds_of({.arguments = "<container-id>", .options = options}) ==
        std::vector{Kind::nothing});
}

TEST_CASE("expected: signals are named without SIG") {
  const std::vector<std::string> names = docs::signal_names();
  CHECK(names.size() == 31);
  CHECK(names.front() == "HUP");
  CHECK(std::ranges::find(names, "KILL") != names.end());
}
