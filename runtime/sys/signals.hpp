// Signals: names and numbers, and those that a program inherits.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "runtime/base/result.hpp"

namespace coracle::sys {

// "KILL", "SIGKILL", "kill", "9", "SIGRTMIN+3" -> a number in [0, 65); nothing
// for any other text.
std::optional<int> signal_number(std::string_view text);

// "SIGKILL", "SIGRTMIN+3"; "signal 99" for a number without a name.
std::string signal_name(int signal);

// What a program starts with that inherits nothing: none of [1, 65) ignored or blocked.  signal(7)
Result<void> reset_signals();

}  // namespace coracle::sys
