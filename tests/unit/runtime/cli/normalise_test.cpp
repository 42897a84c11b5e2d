// Go's spellings of options.
#include <doctest/doctest.h>

#include <array>

#include "runtime/cli/parse.hpp"

using namespace coracle::cli;

namespace {

using Words = std::vector<std::string>;

constexpr std::array options = {
    Option{.name = "no-subreaper"},
    Option{.name = "force", .letter = 'f'},
    Option{.name = "bundle", .letter = 'b', .value = "dir"},
};

Words all(const Words& words) {
  return normalise(options, words, Extent::all);
}

}  // namespace

TEST_CASE("normalise: a single dash before a long name becomes two") {
  CHECK(all({"-no-subreaper", "id"}) == Words{"--no-subreaper", "id"});
  CHECK(all({"-bundle=/b"}) == Words{"--bundle=/b"});
}

TEST_CASE("normalise: letters become names") {
  CHECK(all({"-f", "-b", "/b", "-b=/c"}) == Words{"--force", "--bundle=/b", "--bundle=/c"});
}

TEST_CASE("normalise: a value may start with a dash") {
  CHECK(all({"--bundle", "-1", "id"}) == Words{"--bundle=-1", "id"});
}

TEST_CASE("normalise: an empty value is a word of its own") {
  CHECK(all({"--bundle=", "id"}) == Words{"--bundle", "", "id"});
  CHECK(all({"--bundle", "", "id"}) == Words{"--bundle", "", "id"});
}

TEST_CASE("normalise: unknown words stay as they are") {
  CHECK(all({"-x", "--y=1", "-", "id"}) == Words{"-x", "--y=1", "-", "id"});
}

TEST_CASE("normalise: nothing changes after two dashes") {
  CHECK(all({"--", "-f", "-bundle"}) == Words{"--", "-f", "-bundle"});
}

TEST_CASE("normalise: global options end at the command") {
  CHECK(normalise(options, Words{"-b", "/b", "create", "-f"}, Extent::to_command) ==
        Words{"--bundle=/b", "create", "-f"});
}
