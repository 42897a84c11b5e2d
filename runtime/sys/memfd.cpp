#include "runtime/sys/memfd.hpp"

#include <sys/mman.h>

#include <string>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

namespace coracle::sys {

Result<Fd> make_memfd(const char* name, MemfdUse use) {
  constexpr unsigned int flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  const unsigned int purpose = use == MemfdUse::program ? MFD_EXEC : MFD_NOEXEC_SEAL;
  Fd memfd(::memfd_create(name, flags | purpose));
  if (!memfd && errno == EINVAL) memfd = Fd(::memfd_create(name, flags));  // Linux before 6.3
  if (!memfd) return fail_errno("memfd_create " + std::string(name));
  return memfd;
}

}  // namespace coracle::sys
