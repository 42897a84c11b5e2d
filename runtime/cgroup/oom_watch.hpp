// News of the kernel's out-of-memory killer in one container.
#pragma once

#include <cstdint>
#include <string>

#include "runtime/base/result.hpp"
#include "runtime/cgroup/cgroup.hpp"
#include "runtime/sys/fd.hpp"

namespace coracle::cgroup {

// v1: an eventfd at memory.oom_control.  v2: inotify on memory.events.
// Sees what happens from open() on.
class OomWatch {
 public:
  // Fails where the container has no memory controller.
  static Result<OomWatch> open(const Cgroup& cgroup);

  // Sees nothing.
  OomWatch() = default;

  // Readable when there may be news; empty for a watch that sees nothing.
  const sys::Fd& fd() const { return fd_; }

  // Whether memory has run out since the last call.
  bool take();

 private:
  OomWatch(sys::Fd fd, std::string dir, bool is_v2)
      : fd_(std::move(fd)), dir_(std::move(dir)), is_v2_(is_v2) {}

  static Result<OomWatch> open_v1(const std::string& dir);
  static Result<OomWatch> open_v2(const std::string& dir);
  bool take_v1() const;
  bool take_v2();

  sys::Fd fd_;
  std::string dir_;
  bool is_v2_ = false;
  std::uint64_t kills_ = 0;  // that are known already; v2 alone
};

}  // namespace coracle::cgroup
