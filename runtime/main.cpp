// Arguments -> command -> exit status; the only place where an Error is printed.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <string>
#include <tuple>
#include <vector>

#include "runtime/cli/run_program.hpp"
#include "runtime/container/log.hpp"
#include "runtime/sys/fd.hpp"

namespace {

// Whoever starts us with stdin, stdout or stderr closed must not find our
// first sockets and directories under these numbers in the container.
void open_missing_stdio() {
  while (true) {
    coracle::sys::Fd fd(::open("/dev/null", O_RDWR));
    if (!fd || fd.get() > STDERR_FILENO) return;
    fd.release();  // stays open until we exit
  }
}

}  // namespace

int main(int argc, char** argv) {
  namespace log = coracle::container::log;
  open_missing_stdio();
  // Ignored by who started us, it would let the kernel reap our children: no
  // wait for them, and numbers that are others' already.  waitid(2)
  std::ignore = ::signal(SIGCHLD, SIG_DFL);
  const std::vector<std::string> arguments(argv, argv + argc);
  const coracle::cli::Ended ended = coracle::cli::run_program(arguments);
  if (ended.error)
    log::write_error(*ended.error);
  else
    log::write_warnings();
  // Without destructors: all that they could free is freed now, and they would
  // touch pages that nothing else needs.
  ::_exit(ended.status);
}
