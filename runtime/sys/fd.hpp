// Owned descriptors.  Every one is close-on-exec.
#pragma once

#include <unistd.h>

#include <utility>

namespace coracle::sys {

// Owns one descriptor, or none.  Borrow with `const Fd&`, give with `Fd`.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  Fd(Fd&& other) noexcept : fd_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = other.release();
    }
    return *this;
  }
  ~Fd() { reset(); }

  explicit operator bool() const { return fd_ >= 0; }

  // For system calls; the number stays owned by this object.
  int get() const { return fd_; }

  // Gives the number up: the caller closes it.
  int release() { return std::exchange(fd_, -1); }

  void reset() {
    // Errors of close(2) are ignored: nothing here is written without a
    // checked write, and Linux frees the number in any case.
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_ = -1;
};

// For a process that shares our memory and has its own table of descriptors (vfork.hpp): the owner
// of the same number in there.
template <class T>
T in_own_table(const T& fd) {
  return T(fd.get());
}

// A mount that is visible nowhere yet; dropped, the kernel dissolves it.
class MountFd : public Fd {
 public:
  using Fd::Fd;
};

// A stable name for a process.
class PidFd : public Fd {
 public:
  using Fd::Fd;
};

}  // namespace coracle::sys
