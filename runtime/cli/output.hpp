// What commands print on stdout.
#pragma once

#include <string_view>

#include "runtime/base/result.hpp"

namespace coracle::cli {

// All of `text`; fails where stdout does not take it, a full disk for one.
Result<void> print(std::string_view text);

}  // namespace coracle::cli
