// The program coracle-sd-bus, as it lies in coracle.
#pragma once

#include <string_view>

extern "C" {
extern const char coracle_sd_bus_begin[];
extern const char coracle_sd_bus_end[];
}

namespace coracle::bus_program {

// An ELF file.  Its descriptor 0 is a socket, over which it answers dbus::Request until that is
// closed; it ends with whoever started it.
inline std::string_view bytes() {
  return {coracle_sd_bus_begin, coracle_sd_bus_end};
}

}  // namespace coracle::bus_program
