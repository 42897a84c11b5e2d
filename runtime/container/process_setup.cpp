#include "runtime/container/process_setup.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <tuple>

#include "runtime/base/strings.hpp"
#include "runtime/container/log.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/sockets.hpp"

namespace coracle::container {

namespace {

constexpr int first_passed = 3;

// That [first, first + count) are the caller's.
Result<void> check_open(int first, int count) {
  for (int i = 0; i < count; ++i) {
    // The caller's cannot be close-on-exec; our own, which take numbers that are free, all are.
    const int flags = ::fcntl(first + i, F_GETFD);
    if (flags < 0 || (flags & FD_CLOEXEC) != 0)
      return fail_errno("descriptor " + std::to_string(first + i) + " is not open", EBADF);
  }
  return {};
}

// sd_listen_fds(3)
Result<Preserved> listen_descriptors() {
  const char* pid = std::getenv("LISTEN_PID");
  const char* fds = std::getenv("LISTEN_FDS");
  if (pid == nullptr || fds == nullptr || parse_number<pid_t>(pid) != ::getpid())
    return Preserved{};
  const auto count = parse_number<int>(fds);
  if (!count || *count < 0) return fail("LISTEN_FDS: " + in_quotes(fds) + " is no count");
  TRY(check_open(first_passed, *count).context(std::string("LISTEN_FDS ") + fds));
  Preserved result = {.count = *count, .env = {std::string("LISTEN_FDS=") + fds}};
  if (const char* names = std::getenv("LISTEN_FDNAMES"))
    result.env.push_back(std::string("LISTEN_FDNAMES=") + names);
  return result;
}

}  // namespace

Result<Preserved> preserved_descriptors(int preserve_fds) {
  Preserved result = TRY(listen_descriptors());
  TRY(check_open(first_passed + result.count, preserve_fds)
          .context("--preserve-fds " + std::to_string(preserve_fds)));
  result.count += preserve_fds;
  return result;
}

Result<void> set_oom_score_adj(pid_t pid, int value, bool tolerant) {
  auto written =
      sys::write_once("/proc/" + std::to_string(pid) + "/oom_score_adj", std::to_string(value));
  // Lowering needs CAP_SYS_RESOURCE.
  if (written || !tolerant || written.error().code != EACCES) return written;
  log::warn("process.oomScoreAdj: " + written.error().text());
  return {};
}

Result<void> raise_hard_limits(pid_t pid, const plan::Process& process) {
  for (const plan::Rlimit& rlimit : process.rlimits) {
    const auto resource = static_cast<__rlimit_resource>(rlimit.resource);
    struct rlimit64 now = {};
    if (::prlimit64(pid, resource, nullptr, &now) != 0) return fail_errno("get rlimit");
    if (rlimit.limit.rlim_max <= now.rlim_max) continue;
    now.rlim_max = rlimit.limit.rlim_max;
    if (::prlimit64(pid, resource, &now, nullptr) != 0)
      return fail_errno("/process/rlimits: raise the hard limit of " + std::string(rlimit.name) +
                        " to " + std::to_string(now.rlim_max) + " (that needs CAP_SYS_RESOURCE" +
                        (resource == RLIMIT_NOFILE ? ", and fs.nr_open is the most)" : ")"));
  }
  return {};
}

std::optional<std::uint32_t> host_id(const std::vector<oci::IdMapping>& mappings,
                                     std::uint32_t container_id) {
  for (const oci::IdMapping& mapping : mappings) {
    const std::uint32_t offset = container_id - mapping.container_id;
    if (container_id >= mapping.container_id && offset < mapping.size)
      return mapping.host_id + offset;
  }
  return std::nullopt;
}

Result<void> check_terminal(bool terminal, TerminalUse use, const std::string& console_socket) {
  const bool detached = use == TerminalUse::console_socket;
  if (terminal && detached && console_socket.empty())
    return fail(
        "cannot allocate tty if runc will detach without setting console socket: give "
        "--console-socket, or leave the terminal out (/process/terminal, --tty of exec)");
  if ((!terminal || !detached) && !console_socket.empty())
    return fail("cannot use console socket if runc will not detach or allocate tty");
  return {};
}

void give_pipes(const plan::Plan& plan) {
  const auto& process = plan.process;
  if (!process || process->terminal || plan.id_maps.writer != plan::IdMapWriter::direct) return;
  const auto uid = host_id(plan.id_maps.uid_mappings, process->uid);
  if (!uid) return;
  for (int fd = 0; fd <= 2; ++fd) {
    struct stat status = {};
    if (::fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode))
      std::ignore =
          ::fchown(fd, *uid, static_cast<gid_t>(-1));  // it works without, but for reopening
  }
}

Result<void> send_fd(const std::string& socket_path, const char* name, const sys::Fd& fd) {
  const sys::Fd socket = TRY(sys::connect_unix(socket_path));
  const std::array fds = {fd.get()};
  return sys::send_packet(socket, name, fds).context(socket_path);
}

Result<void> write_pid_file(const std::string& path, pid_t pid) {
  if (path.empty()) return {};
  const std::string absolute = TRY(sys::absolute_path(path));
  const std::size_t slash = absolute.find_last_of('/');
  const sys::Fd directory = TRY(sys::open_file(absolute.substr(0, slash + 1), O_PATH | O_DIRECTORY)
                                    .context("pid file " + path));
  return sys::replace_file_at(directory, absolute.substr(slash + 1), std::to_string(pid), 0644)
      .context("pid file " + path);
}

}  // namespace coracle::container
