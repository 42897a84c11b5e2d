// Directories in a cgroup file system, of whichever version: made, listed, removed.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/result.hpp"

namespace coracle::cgroup {

// Polls with growing pauses (1 to 10 ms), up to a limit:
//   do { ...; return if done; } while (wait.more());
class Wait {
 public:
  explicit Wait(std::chrono::milliseconds limit) : end_(std::chrono::steady_clock::now() + limit) {}

  // Pauses; false, at once, when the limit has passed.
  bool more();

 private:
  std::chrono::steady_clock::time_point end_;
  int pause_ms_ = 1;
};

// Directories made so far; removed again, the last one first, unless kept.
class NewDirectories {
 public:
  NewDirectories() = default;
  NewDirectories(const NewDirectories&) = delete;
  NewDirectories& operator=(const NewDirectories&) = delete;
  NewDirectories(NewDirectories&& other) noexcept : made_(std::exchange(other.made_, {})) {}
  NewDirectories& operator=(NewDirectories&&) = delete;
  ~NewDirectories();

  // One that is there already is left as it is, and is not removed.
  Result<void> make(const std::string& path);
  void keep() { made_.clear(); }

 private:
  std::vector<std::string> made_;
};

// `mount_point`, then each directory down to `dir`, which lies below it.
std::vector<std::string> directories_down_to(const std::string& mount_point,
                                             const std::string& dir);

// All processes in `dir` and its sub-cgroups, without order or repetition; 0
// stands for those that our PID namespace does not show.  None where `dir` is gone.
Result<std::vector<pid_t>> processes_below(const std::string& dir);

// rmdir, sub-cgroups first; waits for dying processes.  One that is gone is no error.
Result<void> remove_tree(const std::string& dir, Wait& wait);

// Where the lack of privilege shows: EPERM, EACCES, EROFS.
bool is_denial(const Error& error);

}  // namespace coracle::cgroup
