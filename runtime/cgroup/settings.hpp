// Settings written into one controller's directory, and what they replaced put back.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/cgroup/cgroup.hpp"

namespace coracle::cgroup {

// How many settings at the front of `settings`, which has one at least, are
// of the first one's controller.
std::size_t run_length(std::span<const Setting> settings);

// Those of one controller, whose directory is `dir`.  See Setting for what is
// tried again and what may be missing.
Result<void> write_settings(const std::string& dir, std::span<const Setting> settings);

// What `settings` would replace, as settings; files that cannot be read are left out.
std::vector<Setting> former_settings(const std::string& dir, std::span<const Setting> settings);

// Writes those of `former` whose file has another value now.  Returns those
// that could not be written.
std::vector<Setting> put_back(const std::string& dir, std::span<const Setting> former);

// The value that undoes `setting` in a file that reads `text`.  Where a line of
// the file is about one device, the line of that device, or what removes it.  Pure.
std::string former_value(const Setting& setting, std::string_view text);

}  // namespace coracle::cgroup
