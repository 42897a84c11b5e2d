// What the host does for any process that it puts into a container, init or
// exec'd.  Private to container/.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/plan/plan.hpp"
#include "runtime/sys/fd.hpp"

namespace coracle::container {

// What a process inherits beside stdio: descriptors [3, 3 + count).
struct Preserved {
  int count = 0;
  std::vector<std::string> env;  // LISTEN_FDS, which init completes, and LISTEN_FDNAMES
};

// Sockets that a service manager passed to us come first, then `preserve_fds`
// more; all must be open.  sd_listen_fds(3)
Result<Preserved> preserved_descriptors(int preserve_fds);

// A `tolerant` caller gets a warning where the value may not be lowered.
Result<void> set_oom_score_adj(pid_t pid, int value, bool tolerant);

// Raises the hard limits that the process is to have above our own: that takes
// CAP_SYS_RESOURCE of the host's.  All else it sets itself, just before it
// becomes the configured user.  prlimit(2)
Result<void> raise_hard_limits(pid_t pid, const plan::Process& process);

// The host's id of container id `id`; nothing for one that is not mapped.
std::optional<std::uint32_t> host_id(const std::vector<oci::IdMapping>& mappings, std::uint32_t id);

// Who gets the master of process.terminal.
enum class TerminalUse { console_socket, caller };

// A detached process's terminal goes to a console socket, which is for that alone.
Result<void> check_terminal(bool terminal, TerminalUse use, const std::string& console_socket);

// Pipes on our stdio belong to the host's root: unless they are given to the
// container's user it could not reopen /dev/stderr.  Files and terminals keep
// their owner: they outlive us.
void give_pipes(const plan::Plan& plan);

// Connects to `socket_path` and sends `fd` with the text `name`.
Result<void> send_fd(const std::string& socket_path, const char* name, const sys::Fd& fd);

// Decimal, no line end, by rename; `path` counts from the working directory.
// An empty path writes nothing.
Result<void> write_pid_file(const std::string& path, pid_t pid);

}  // namespace coracle::container
