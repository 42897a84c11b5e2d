// --timings: what was recorded, as a file.
#pragma once

#include <string>
#include <string_view>

#include "runtime/base/result.hpp"
#include "runtime/sys/timings.hpp"

namespace coracle::cli {

// The Trace Event Format, which trace viewers load: one event a phase, microseconds since the first
// one; the sides are its threads.  Pure.
std::string render_timings(const sys::timings::Recorded& recorded, std::string_view command);

// Makes the file, so that a path that cannot be written is told at once, and turns recording on.
Result<void> start_timings(const std::string& file);

// Replaces the file's contents by what was recorded of `command`.
Result<void> write_timings(const std::string& file, std::string_view command);

}  // namespace coracle::cli
