// Lists of CPUs and memory nodes as bit masks.  cpuset(7), "List format"
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "runtime/base/result.hpp"

namespace coracle::plan {

// "0-3,7" -> a mask with as many words as the largest number needs; none for
// an empty list.  Numbers are in [0, 1024); `name` is what an error calls one.
Result<std::vector<unsigned long>> parse_number_list(std::string_view text, std::string_view name);

}  // namespace coracle::plan
