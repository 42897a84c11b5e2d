// Namespaces by descriptor: open, enter, enter for the next child alone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/sys/fd.hpp"

namespace coracle::sys {

// Opens a namespace file and checks that it is one of the kind `clone_flag`
// (CLONE_NEWNET...).
Result<Fd> open_namespace(const std::string& path, std::uint64_t clone_flag);
// "/proc/self/ns/net"
std::string own_namespace_path(std::uint64_t clone_flag);
// "network namespace"
std::string namespace_name(std::uint64_t clone_flag);

// Its maps need no reading: every id is itself there.
Result<bool> in_initial_user_namespace();

Result<void> enter_namespace(const Fd& name_space, std::uint64_t clone_flag);

// Namespaces entered so that the next child is born in them; dropped, the
// former ones are entered again.  For all kinds but user and mount.
class Entered {
 public:
  Entered() = default;
  Entered(Entered&&) = default;
  Entered& operator=(Entered&&) = delete;
  ~Entered();

  Result<void> enter(const Fd& name_space, std::uint64_t clone_flag);
  // A new time namespace for the next child, with `offsets` for
  // /proc/self/timens_offsets.  time_namespaces(7)
  Result<void> new_time(const std::string& offsets);

 private:
  Result<void> remember(std::uint64_t clone_flag);

  struct Former {
    Fd name_space;
    std::uint64_t clone_flag = 0;
  };
  std::vector<Former> former_;
};

}  // namespace coracle::sys
