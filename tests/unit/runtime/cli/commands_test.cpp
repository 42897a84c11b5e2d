// What holds for every command and option of the table.
#include "runtime/cli/commands.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "runtime/cli/globals.hpp"
#include "runtime/cli/parse.hpp"

using namespace coracle::cli;

namespace {

using Words = std::vector<std::string>;

// The option alone, with one dash or two, its value in the next word or after "=".
Words spelled(const Option& option, const std::string& dashes, bool joined) {
  const std::string word = dashes + std::string(option.name);
  if (option.value.empty()) return {word};
  if (joined) return {word + "=7"};
  return {word, "7"};
}

void check_dashes(std::span<const Option> options) {
  for (const Option& option : options) {
    CAPTURE(std::string(option.name));
    for (const bool joined : {false, true}) {
      const auto two = parse(options, spelled(option, "--", joined), Extent::to_command);
      const auto one = parse(options, spelled(option, "-", joined), Extent::to_command);
      REQUIRE(two.has_value());
      REQUIRE(one.has_value());
      CHECK(one->values == two->values);
      CHECK(one->lists == two->lists);
      CHECK(one->positional.empty());
      CHECK((option.repeated ? !one->list(option.name).empty() : one->has(option.name)));
    }
  }
}

}  // namespace

TEST_CASE("commands: every long option may be written with a single dash") {
  check_dashes(global_options());
  for (const Command* command : commands()) {
    CAPTURE(std::string(command->name));
    check_dashes(command->options);
  }
}

TEST_CASE("commands: each has help") {
  for (const Command* command : commands()) {
    CAPTURE(std::string(command->name));
    for (const char* word : {"--help", "-help", "-h"}) {
      const auto parsed = parse(command->options, Words{word}, Extent::to_command);
      REQUIRE(parsed.has_value());
      CHECK(parsed->has("help"));
    }
  }
}

TEST_CASE("commands: no option of one has the name or the letter of another") {
  for (const Command* command : commands()) {
    CAPTURE(std::string(command->name));
    for (const Option& option : command->options) {
      CAPTURE(std::string(option.name));
      CHECK(std::ranges::count(command->options, option.name, &Option::name) == 1);
      if (option.letter != 0)
        CHECK(std::ranges::count(command->options, option.letter, &Option::letter) == 1);
    }
  }
}
