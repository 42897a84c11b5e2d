// process.terminal: a pty of the container's own devpts, on stdio and on
// /dev/console.  Spec: config.md#process
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "runtime/init/context.hpp"
#include "runtime/init/place.hpp"
#include "runtime/sys/path.hpp"

namespace coracle::init {
namespace {

// The image may hold anything under these names: only the multiplexer of a
// devpts instance will do.  CVE-2025-52565
Result<void> check_ptmx(const sys::Fd& master) {
  const struct stat status = TRY(sys::status_of(master));
  if (!S_ISCHR(status.st_mode) || status.st_rdev != makedev(5, 2))
    return fail("/dev/pts/ptmx is not the pty multiplexer");
  struct statfs filesystem = {};
  if (::fstatfs(master.get(), &filesystem) != 0) return fail_errno("fstatfs /dev/pts/ptmx");
  if (filesystem.f_type != DEVPTS_SUPER_MAGIC) return fail("/dev/pts/ptmx is not on a devpts");
  return {};
}

Result<void> bind_console(const Context& context, const sys::Fd& terminal) {
  const sys::Fd target = TRY(sys::make_file_in_root(context.root, "/dev/console", 0600));
  TRY(bind(context, terminal, {.target = target}));
  return {};
}

Result<void> set_size(const sys::Fd& terminal, const oci::ConsoleSize& size) {
  const winsize window = {.ws_row = static_cast<unsigned short>(size.height),
                          .ws_col = static_cast<unsigned short>(size.width),
                          .ws_xpixel = 0,
                          .ws_ypixel = 0};
  if (::ioctl(terminal.get(), TIOCSWINSZ, &window) != 0) return fail_errno("set window size");
  return {};
}

Result<void> make_stdio(const sys::Fd& terminal) {
  if (::ioctl(terminal.get(), TIOCSCTTY, 0) != 0)
    return fail_errno("make it the controlling terminal");
  for (int number = 0; number <= 2; ++number) {
    if (::dup2(terminal.get(), number) < 0) return fail_errno("dup2");
  }
  return {};
}

}  // namespace

Result<void> attach_console(Context& context) {
  const auto& process = context.plan().process;
  if (!process || !process->terminal) return {};
  sys::Fd master = TRY(sys::open_in_root(context.root, "/dev/pts/ptmx", O_RDWR | O_NOCTTY));
  TRY(check_ptmx(master));
  const int unlocked = 0;
  if (::ioctl(master.get(), TIOCSPTLCK, &unlocked) != 0) return fail_errno("unlock the pty");
  // By the master, not by name: /dev/pts/N could be swapped meanwhile.
  const sys::Fd terminal(::ioctl(master.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!terminal) return fail_errno("open the pty's other side");
  if (process->console_size) TRY(set_size(terminal, *process->console_size));
  // The group stays that of the devpts mount (tty).
  if (::fchown(terminal.get(), process->uid, static_cast<gid_t>(-1)) != 0)
    return fail_errno("chown the terminal");
  if (!context.joining && has_mount_namespace(context.plan()))
    TRY(bind_console(context, terminal).context("bind /dev/console"));
  TRY(context.input.channel.send(sync::Console{.terminal = std::move(master)}));
  return make_stdio(terminal);
}

}  // namespace coracle::init
