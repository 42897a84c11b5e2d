// Sizes and durations as Go programs spell them.  Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace coracle::cli {

// Bytes: "1024", "64k", "1.5G", "10 MiB"; letters stand for powers of 1024.
// "-1" is -1, unlimited.  Nothing for any other text, nor beyond an int64.
std::optional<std::int64_t> parse_size(std::string_view text);

// "5s", "100ms", "1m30s", "1.5h", "0".  Nothing for any other text, nor beyond
// some 292 years.
std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text);

}  // namespace coracle::cli
