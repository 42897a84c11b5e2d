// What a mistyped word was meant to be.  Pure.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace coracle::cli {

// How many letters must be inserted, deleted, replaced or exchanged with their
// neighbour to make `b` of `a`, none of them twice.
std::size_t distance(std::string_view a, std::string_view b);

// The nearest of `words`, the first of several; empty where none is within two
// such changes, or where as many letters as `typed` has would change.
std::string_view nearest(std::string_view typed, std::span<const std::string_view> words);

}  // namespace coracle::cli
