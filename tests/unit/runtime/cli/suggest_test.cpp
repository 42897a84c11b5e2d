// What a mistyped word was meant to be.
#include "runtime/cli/suggest.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>

using coracle::cli::distance;
using coracle::cli::nearest;

namespace {

constexpr std::array<std::string_view, 5> words = {"start", "state", "kill", "ps", "pause"};

}  // namespace

TEST_CASE("suggest: the distance counts letters that change") {
  CHECK(distance("start", "start") == 0);
  CHECK(distance("", "ps") == 2);
  CHECK(distance("strat", "start") == 1);   // exchanged
  CHECK(distance("stat", "start") == 1);    // inserted
  CHECK(distance("startt", "start") == 1);  // deleted
  CHECK(distance("stort", "start") == 1);   // replaced
  CHECK(distance("pause", "kill") == 5);
}

TEST_CASE("suggest: the nearest word is the one meant") {
  CHECK(nearest("strat", words) == "start");
  CHECK(nearest("stats", words) == "state");
  CHECK(nearest("kil", words) == "kill");
  CHECK(nearest("puase", words) == "pause");
}

TEST_CASE("suggest: a word that is not near is none of them") {
  CHECK(nearest("", words) == "");
  CHECK(nearest("x", words) == "");
  CHECK(nearest("xy", words) == "");
  CHECK(nearest("checkpoint", words) == "");
  CHECK(nearest(std::string(100'000, 's'), words) == "");
}
