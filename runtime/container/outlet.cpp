#include "runtime/container/outlet.hpp"

#include <fcntl.h>
#include <limits.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace coracle::container {
namespace {

// Opening a master would make another pty.
bool is_terminal(int number) {
  unsigned int pty = 0;
  return ::isatty(number) == 1 && ::ioctl(number, TIOCGPTN, &pty) != 0;
}

// O_NONBLOCK belongs to the open file, and so to all who share it: opened anew, to us alone.
// Empty where that cannot be, as with another user's pipe.
sys::Fd open_anew(int number) {
  const std::string path = "/proc/self/fd/" + std::to_string(number);
  return sys::Fd(::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

}  // namespace

Result<Outlet> Outlet::to(const sys::Fd& own) {
  Outlet outlet;
  outlet.fd_ = sys::Fd(::fcntl(own.get(), F_DUPFD_CLOEXEC, 0));
  if (!outlet.fd_) return fail_errno("dup");
  const int flags = ::fcntl(own.get(), F_GETFL);
  if (flags < 0 || ::fcntl(own.get(), F_SETFL, flags | O_NONBLOCK) != 0)
    return fail_errno("make a descriptor non-blocking");
  return outlet;
}

Outlet Outlet::to_shared(int number) {
  Outlet outlet;
  struct stat status = {};
  if (::fstat(number, &status) != 0) return outlet;
  outlet.is_socket_ = S_ISSOCK(status.st_mode);
  const bool may_block = S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode);
  if (S_ISFIFO(status.st_mode) || is_terminal(number)) outlet.fd_ = open_anew(number);
  if (outlet.fd_) return outlet;
  outlet.fd_ = sys::Fd(::fcntl(number, F_DUPFD_CLOEXEC, 0));
  // A pipe that poll(2) calls ready has room for so many.  pipe(7)
  if (may_block) outlet.most_ = PIPE_BUF;
  return outlet;
}

void Outlet::take(std::string_view bytes) {
  if (fd_) pending_.append(bytes);
}

void Outlet::write_some() {
  const std::size_t size = std::min(pending_.size(), most_);
  const ssize_t written =
      is_socket_ ? ::send(fd_.get(), pending_.data(), size, MSG_DONTWAIT | MSG_NOSIGNAL)
                 : ::write(fd_.get(), pending_.data(), size);
  if (written < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (written < 0) {
    fd_.reset();
    pending_.clear();
    return;
  }
  pending_.erase(0, static_cast<std::size_t>(written));
}

}  // namespace coracle::container
