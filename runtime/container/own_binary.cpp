#include "runtime/container/own_binary.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "runtime/base/strings.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/memfd.hpp"
#include "runtime/sys/mounts.hpp"
#include "runtime/sys/own_image.hpp"
#include "runtime/sys/process.hpp"
#include "runtime/sys/timings.hpp"

namespace coracle::container {
namespace {

constexpr int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

bool is_protected(const sys::Fd& binary) {
  struct statvfs filesystem = {};
  if (::fstatvfs(binary.get(), &filesystem) == 0 && (filesystem.f_flag & ST_RDONLY) != 0)
    return true;
  const int found = ::fcntl(binary.get(), F_GET_SEALS);
  return found >= 0 && (found & seals) == seals;
}

// Writes through it fail with EROFS.  It belongs to no mount namespace once
// this descriptor is closed, so nobody can make it writable again.
Result<sys::MountFd> read_only_mount() {
  sys::MountFd mount = TRY(sys::clone_mount_at("/proc/self/exe", false, false));
  TRY(sys::set_mount_attributes(mount, {.set = sys::attributes_of(MS_RDONLY, 0).set}));
  return mount;
}

// The mount itself is no open file, and neither executed nor mapped.
Result<sys::Fd> file_of(const sys::MountFd& mount) {
  return sys::open_file("/proc/self/fd/" + std::to_string(mount.get()), O_RDONLY);
}

Result<sys::Fd> sealed_copy(const sys::Fd& binary) {
  sys::Fd copy = TRY(sys::make_memfd("coracle", sys::MemfdUse::program));
  while (true) {
    const ssize_t sent = ::sendfile(copy.get(), binary.get(), nullptr, 1 << 30);
    if (sent < 0) return fail_errno("copy /proc/self/exe");
    if (sent == 0) break;
  }
  if (::fchmod(copy.get(), 0755) != 0) return fail_errno("chmod the copy");
  // EBUSY: a page just written is still held by the kernel for a moment.
  for (int tries = 0; ::fcntl(copy.get(), F_ADD_SEALS, seals) != 0; ++tries) {
    if (errno != EBUSY || tries == 20) return fail_errno("seal the copy");
  }
  return copy;
}

// argv as this process was given it.
Result<std::vector<std::string>> own_arguments() {
  const std::string text = TRY(sys::read_file("/proc/self/cmdline"));
  std::vector<std::string> arguments;
  for (const std::string_view argument : split(text, '\0')) arguments.emplace_back(argument);
  // Each argument ends in a NUL, the last one too.
  if (!arguments.empty() && arguments.back().empty()) arguments.pop_back();
  return arguments;
}

Result<void> execute_again(const sys::Fd& binary) {
  const std::vector<std::string> arguments = TRY(own_arguments());
  ::fexecve(binary.get(), sys::c_array(arguments).data(), environ);
  return fail_errno("fexecve");
}

}  // namespace

Result<sys::Fd> run_from_protected_binary() {
  const sys::timings::Phase phase("protect own binary");
  const sys::Fd binary =
      TRY(sys::open_file("/proc/self/exe", O_RDONLY).context("protect our own binary"));
  if (is_protected(binary)) return sys::Fd();
  sys::MountFd mount = read_only_mount().value_or(sys::MountFd());
  const sys::Fd same =
      TRY((mount ? file_of(mount) : sealed_copy(binary)).context("protect our own binary"));
  // Executing it is the way of the unprivileged, and takes a program's start longer.
  if (!sys::replace_own_image(same)) TRY(execute_again(same).context("protect our own binary"));
  return mount;
}

}  // namespace coracle::container
