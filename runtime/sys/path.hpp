// Container paths, resolved by descriptor inside a root: the only way in.
// Symlinks in the container cannot lead out: an absolute one counts from the
// root, ".." stops there.  openat2(2), RESOLVE_IN_ROOT
#pragma once

#include <sys/stat.h>

#include <string>
#include <string_view>

#include "runtime/base/result.hpp"
#include "runtime/sys/fd.hpp"

namespace coracle::sys {

// Opens what is at `path` inside `root`, symlinks followed inside it, magic
// links refused.  `flags` as for open(2); O_CREAT is not for this function.
Result<Fd> open_in_root(const Fd& root, std::string_view path, int flags);

// The same if nothing on the way is a symlink, so that `path` alone says where it is; if not, or if
// it is not there, no descriptor: open_in_root() and those below know why, or what to do.
Fd open_plain_in_root(const Fd& root, const std::string& path, int flags);

// mkdir -p inside `root`; a dangling symlink's target is made inside too.
// An O_PATH descriptor of the directory.  New directories have `mode`.
Result<Fd> make_directory_in_root(const Fd& root, std::string_view path, mode_t mode);

// An O_PATH descriptor of the file, made empty with `mode` if it is not there,
// with its directories.
Result<Fd> make_file_in_root(const Fd& root, std::string_view path, mode_t mode);

// The last name of `path` and an O_PATH descriptor of the directory it is in,
// made if need be: for mknodat(2), symlinkat(2), unlinkat(2).
struct Place {
  Fd directory;
  std::string name;
};
Result<Place> place_in_root(const Fd& root, std::string_view path);

// Whether `path` is `directory` or lies below it; both absolute and clean.  Pure.
bool is_below(std::string_view path, std::string_view directory);

// fstat(2)
Result<struct stat> status_of(const Fd& fd);

// Where a descriptor is, as this process sees it: for comparison and for
// legacy calls that take a path.
std::string proc_path(const Fd& fd);
Result<std::string> path_of(const Fd& fd);

}  // namespace coracle::sys
