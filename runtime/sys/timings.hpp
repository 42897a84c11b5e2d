// Where the time goes: phases of this process and of those that it clones, for --timings.
// One of the two globals, with the log: any layer may have a phase worth naming.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.hpp"

namespace coracle::sys::timings {

enum class Side : std::uint8_t { host, joiner, init };

struct Record {
  std::array<char, 103> name;  // ends with a NUL, cut to fit
  Side side;
  std::int64_t start_ns;  // CLOCK_REALTIME: no time namespace shifts it
  std::int64_t end_ns;    // 0: it was not left: an execve, or the process's end
};

// From now on phases are recorded, in memory that is shared with every process cloned later.
// Until then they cost nothing but a look at a pointer.
Result<void> turn_on();
bool on();

// In a process just cloned: whose phases are to come.
void become(Side side);

// What was recorded, in the order of the beginnings; `lost` had no place any more.
struct Recorded {
  std::vector<Record> records;
  std::uint32_t lost = 0;
};
Recorded recorded();

// From its making until the end of its scope.  `object` is what it is done to: "/proc", a hook.
class Phase {
 public:
  explicit Phase(std::string_view name, std::string_view object = {}) {
    if (on()) begin(name, object);
  }
  Phase(const Phase&) = delete;
  Phase& operator=(const Phase&) = delete;
  ~Phase() {
    if (record_ != nullptr) end();
  }

 private:
  void begin(std::string_view name, std::string_view object);
  void end();

  Record* record_ = nullptr;  // in the shared memory; none: off, or full
};

}  // namespace coracle::sys::timings
