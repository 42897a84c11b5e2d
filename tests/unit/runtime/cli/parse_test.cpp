// Command lines.
#include "runtime/cli/parse.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace coracle::cli;

namespace {

using Words = std::vector<std::string>;

constexpr std::array options = {
    Option{.name = "all", .letter = 'a'},
    Option{.name = "bundle", .letter = 'b', .value = "dir", .initial = "."},
    Option{.name = "preserve-fds", .value = "count"},
    Option{.name = "env", .letter = 'e', .value = "name=value", .repeated = true},
};

auto command(const Words& words) {
  return parse(options, words, Extent::all);
}
auto global(const Words& words) {
  return parse(options, words, Extent::to_command);
}

}  // namespace

TEST_CASE("parse: options may stand after the arguments") {
  const auto parsed = command({"web1", "9", "--all", "-b", "/bundle"});
  REQUIRE(parsed.has_value());
  CHECK(parsed->positional == Words{"web1", "9"});
  CHECK(parsed->has("all"));
  CHECK(parsed->text("bundle") == "/bundle");
}

TEST_CASE("parse: an option that is not given has its initial value") {
  const auto parsed = command({"web1"});
  CHECK_FALSE(parsed->has("all"));
  CHECK(parsed->text("bundle") == ".");
  CHECK(parsed->text("preserve-fds").empty());
}

TEST_CASE("parse: a switch may be given a truth value") {
  CHECK(command({"--all=true"})->has("all"));
  CHECK_FALSE(command({"--all=false"})->has("all"));
  CHECK_FALSE(command({"--all=perhaps"}).has_value());
}

TEST_CASE("parse: the last of several values wins") {
  CHECK(command({"-b", "/a", "--bundle=/b"})->text("bundle") == "/b");
}

TEST_CASE("parse: a repeated option takes one value each time") {
  const auto parsed = command({"--env", "A=1", "web1", "-e", "B=2", "id", "--env=C=3,4"});
  REQUIRE(parsed.has_value());
  CHECK(parsed->list("env") == Words{"A=1", "B=2", "C=3,4"});
  CHECK(parsed->positional == Words{"web1", "id"});
  CHECK(command({"web1"})->list("env").empty());
}

TEST_CASE("parse: an empty value is a value") {
  const auto parsed = command({"--bundle", "", "web1"});
  REQUIRE(parsed.has_value());
  CHECK(parsed->text("bundle").empty());
  CHECK(parsed->positional == Words{"web1"});
}

TEST_CASE("parse: a missing value is told in the words of runc and of crun") {
  for (const char* spelling : {"--bundle", "-bundle", "-b"}) {
    const auto parsed = command({"web1", spelling});
    REQUIRE_FALSE(parsed.has_value());
    CHECK(parsed.error().text() ==
          "flag needs an argument: --bundle (--bundle requires an argument)");
  }
}

TEST_CASE("parse: an unknown option is named") {
  CHECK(command({"web1", "--foo"}).error().text() == "flag provided but not defined: -foo");
  CHECK(command({"-x", "web1"}).error().text() == "flag provided but not defined: -x");
  CHECK(global({"--foo", "create", "--all"}).error().text() ==
        "flag provided but not defined: -foo");
}

TEST_CASE("parse: global options end at the command, whose own stay untouched") {
  const auto parsed = global({"--all", "create", "--bundle", "/b", "--unknown", "web1"});
  REQUIRE(parsed.has_value());
  CHECK(parsed->has("all"));
  CHECK(parsed->text("bundle") == ".");
  CHECK(parsed->positional == Words{"create", "--bundle", "/b", "--unknown", "web1"});
}

TEST_CASE("parse: words after two dashes are arguments") {
  CHECK(command({"--", "--all"})->positional == Words{"--all"});
}

TEST_CASE("parse: a count is a number from 0") {
  CHECK(command({"--preserve-fds", "3"})->number("preserve-fds").value() == 3);
  CHECK(command({})->number("preserve-fds").value() == 0);
  CHECK(command({"--preserve-fds", "-1"})->number("preserve-fds").error().text() ==
        "invalid value \"-1\" for flag -preserve-fds: not a count");
}
