// The words of mounts[].options, taken apart.
// Spec: config.md#linux-mount-options
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/plan/plan.hpp"

namespace coracle::plan {

// A word that is no mount option of ours: the file system's business.
struct FileSystemOption {
  std::size_t index = 0;  // in mounts[].options
  std::string word;
};

// What the words ask for together; of two that contradict each other the
// later one counts.
struct MountOptions {
  bool bind = false;       // "bind", "rbind"
  bool recursive = false;  // "rbind"
  bool remount = false;
  bool copy_up = false;
  IdmapKind idmap = IdmapKind::none;
  Links links;
  unsigned long flags = 0;  // MS_* attributes; as in Mount
  unsigned long cleared_flags = 0;
  AttrChange recursive_attrs;
  std::vector<unsigned long> propagation;
  std::vector<FileSystemOption> others;  // in order
};

// Fails on "idmap=...", crun's way to write mappings; `pointer` is the JSON
// pointer of the list.
Result<MountOptions> parse_mount_options(const std::vector<std::string>& words,
                                         std::string_view pointer);

}  // namespace coracle::plan
