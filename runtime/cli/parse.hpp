// Command line texts -> Arguments.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/cli/command.hpp"

namespace coracle::cli {

// Which arguments belong to the options at hand: `to_command` stops at the
// first that is neither an option nor an option's value.
enum class Extent { to_command, all };

// Brings the spellings of Go's flag package into one that every parser knows:
// "-name" and "-n=value" become "--name" and "--name=value", and a value that
// starts with a dash is tied to its option.  Unknown words stay.  Pure.
std::vector<std::string> normalise(std::span<const Option> options,
                                   std::span<const std::string> words, Extent extent);

// Fails on an unknown option, a missing value, a value for a switch that is
// no truth value; the texts are those that engines look for.
Result<Arguments> parse(std::span<const Option> options, std::span<const std::string> words,
                        Extent extent);

}  // namespace coracle::cli
