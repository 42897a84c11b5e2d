// Where bytes go without anybody waiting for it: who reads them may take his time.  Private to
// container/.
#pragma once

#include <string>
#include <string_view>

#include "runtime/base/result.hpp"
#include "runtime/sys/fd.hpp"

namespace coracle::container {

// A descriptor, and the bytes that it has yet to take.
class Outlet {
 public:
  Outlet() = default;  // takes what it is given, and nobody reads it
  // Of a descriptor that is ours alone.
  static Result<Outlet> to(const sys::Fd& own);
  // Of one that others may share, who keep theirs blocking: 1 is our stdout.
  static Outlet to_shared(int number);

  bool is_empty() const { return pending_.empty(); }
  std::size_t size() const { return pending_.size(); }
  // For poll(2), with POLLOUT; -1 where there is nothing to write.
  int polled() const { return pending_.empty() ? -1 : fd_.get(); }

  void take(std::string_view bytes);
  // Once poll(2) has called it ready: as much as fits.  Without a reader all is dropped.
  void write_some();

 private:
  sys::Fd fd_;
  bool is_socket_ = false;
  std::size_t most_ = ~std::size_t{0};  // bytes a write(2)
  std::string pending_;
};

}  // namespace coracle::container
