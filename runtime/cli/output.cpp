// stdout by write(2): no stream is set up for it.
#include "runtime/cli/output.hpp"

#include <unistd.h>

namespace coracle::cli {

Result<void> print(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail_errno("write to stdout");
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace coracle::cli
