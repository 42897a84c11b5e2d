// Files with typed results: read, write once, replace by rename, lock.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "runtime/base/result.hpp"
#include "runtime/sys/fd.hpp"

namespace coracle::sys {

// open(2) with O_CLOEXEC; the error names the call and the path.
Result<Fd> open_file(const std::string& path, int flags, mode_t mode = 0);
Result<Fd> open_at(const Fd& dir, const std::string& name, int flags, mode_t mode = 0);

// The whole file, at most `most` bytes; a longer one is refused.
Result<std::string> read_file(const std::string& path, std::size_t most = 64 << 20);
Result<std::string> read_file_at(const Fd& dir, const std::string& name,
                                 std::size_t most = 64 << 20);
Result<std::string> read_all(const Fd& fd, std::size_t most = 64 << 20);

// The same of a file that is never given in pieces, in one read(2) less: a regular file, and one
// of procfs and cgroupfs that is a single record (fs/seq_file.c).
Result<std::string> read_record(const std::string& path);

// A directory below which many files are read: the way to it is walked once.
struct Stem {
  std::string path;  // as the files' paths begin, without a slash at its end
  Fd dir;            // none: each file is opened by its whole path
};

// Without a descriptor where `path` cannot be opened.
Stem open_stem(std::string path);
// The same file, and the same errors, if `path` is not below `stem` too.
Result<std::string> read_record(const std::string& path, const Stem& stem);

// One write(2), as procfs and cgroupfs demand; O_WRONLY, never creates.
Result<void> write_once(const std::string& path, std::string_view text);
Result<void> write_once_at(const Fd& dir, const std::string& name, std::string_view text);

// All bytes, over short writes and EINTR.
Result<void> write_all(const Fd& fd, std::string_view text);

// Writes a hidden file beside NAME and renames it: readers see the old or the new text.
Result<void> replace_file_at(const Fd& dir, const std::string& name, std::string_view text,
                             mode_t mode);

// mkdir -p; directories that are there are left as they are.
Result<void> make_directories(const std::string& path, mode_t mode);

// `path` made absolute against the working directory, with "." and ".." and
// double slashes resolved as text.
Result<std::string> absolute_path(std::string_view path);
// The same for an absolute path; no system call.
std::string clean_path(std::string_view path);

}  // namespace coracle::sys
