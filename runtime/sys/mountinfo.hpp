// /proc/PID/mountinfo as data.  proc_pid_mountinfo(5)
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.hpp"

namespace coracle::sys {

struct MountInfo {
  int id = 0;
  int parent_id = 0;
  std::string device;       // "0:31"
  std::string root;         // of the mount, within its file system
  std::string mount_point;  // as the reader's root sees it
  std::string options;      // per mount: "rw,nosuid"
  bool shared = false;
  std::string type;
  std::string source;
  std::string super_options;
};

// All lines; octal escapes of blanks and backslashes are undone.  Pure.
Result<std::vector<MountInfo>> parse_mountinfo(std::string_view text);

}  // namespace coracle::sys
