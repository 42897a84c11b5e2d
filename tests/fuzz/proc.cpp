// What the kernel writes of mounts and processes: mountinfo, and /proc/PID/stat.
#include <string>
#include <string_view>

#include "runtime/base/strings.hpp"
#include "runtime/sys/mountinfo.hpp"
#include "runtime/sys/proc_stat.hpp"
#include "tests/fuzz/input.hpp"

using namespace coracle;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto mounts = sys::parse_mountinfo(text)) {
    fuzz::require(mounts->size() <= split(text, '\n').size(), "a mount has a line");
    for (const sys::MountInfo& mount : *mounts) {
      fuzz::require(mount.mount_point.size() + mount.root.size() <= text.size(),
                    "undoing escapes makes nothing longer");
    }
  } else {
    fuzz::require(!mounts.error().what.empty(), "an error has a text");
  }
  if (const auto facts = sys::parse_proc_stat(text)) {
    fuzz::require(text.find(')') != std::string_view::npos, "a process has a command");
  }
  return 0;
}
