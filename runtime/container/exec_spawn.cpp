#include "runtime/container/exec_spawn.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>

#include <array>

#include "runtime/container/joiner.hpp"
#include "runtime/sys/files.hpp"

namespace coracle::container {
namespace {

struct Kind {
  std::uint64_t flag;
  const char* file;
};

constexpr std::array<Kind, 8> kinds = {{{CLONE_NEWUSER, "user"},
                                        {CLONE_NEWNS, "mnt"},
                                        {CLONE_NEWPID, "pid"},
                                        {CLONE_NEWNET, "net"},
                                        {CLONE_NEWIPC, "ipc"},
                                        {CLONE_NEWUTS, "uts"},
                                        {CLONE_NEWCGROUP, "cgroup"},
                                        {CLONE_NEWTIME, "time"}}};

// A kernel without this kind has it for nobody.
Result<bool> differs(pid_t init, const char* file) {
  struct stat ours = {};
  struct stat theirs = {};
  const std::string name = std::string("/ns/") + file;
  if (::stat(("/proc/self" + name).c_str(), &ours) != 0) {
    if (errno == ENOENT) return false;
    return fail_errno("stat /proc/self" + name);
  }
  const std::string path = "/proc/" + std::to_string(init) + name;
  if (::stat(path.c_str(), &theirs) != 0) return fail_errno("stat " + path);
  return ours.st_ino != theirs.st_ino || ours.st_dev != theirs.st_dev;
}

}  // namespace

Result<Destination> find_destination(pid_t init, sys::PidFd pidfd) {
  Destination destination = {.pidfd = std::move(pidfd)};
  for (const Kind& kind : kinds) {
    if (TRY(differs(init, kind.file))) destination.namespaces |= kind.flag;
  }
  if ((destination.namespaces & CLONE_NEWNS) == 0)
    destination.root =
        TRY(sys::open_file("/proc/" + std::to_string(init) + "/root", O_PATH | O_DIRECTORY));
  return destination;
}

Result<sys::Cloned> spawn_exec(Destination destination, const sys::Fd* cgroup, init::Input input,
                               init::Joining joining) {
  joining.container = std::move(destination.pidfd);
  joining.namespaces = destination.namespaces;
  joining.root = std::move(destination.root);
  const auto clone = [&] {
    return clone_by_joiner(cgroup,
                           [&] { return init::clone_exec(std::move(input), std::move(joining)); });
  };
  auto cloned = clone();
  if (cloned || cgroup == nullptr || cloned.error().code != EAGAIN) return cloned;
  // The cgroup has room for one process more but not for two; whoever moves
  // into it needs none.
  cgroup = nullptr;
  return clone();
}

}  // namespace coracle::container
