#include "runtime/container/exec_spawn.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>

#include <array>

#include "runtime/container/joiner.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/namespaces.hpp"

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

Result<sys::Cloned> clone_exec(const sys::CloneRequest& request, init::Input input,
                               init::Joining joining) {
  return sys::clone_process(
      request, [input = std::move(input), joining = std::move(joining)]() mutable noexcept {
        init::run_exec(std::move(input), std::move(joining));
      });
}

// Without privilege the PID namespace can be entered only together with the
// user namespace that owns it.
Result<sys::Cloned> spawn_by_joiner(Destination destination, const sys::Fd* cgroup,
                                    init::Input input, init::Joining joining) {
  joining.root = std::move(destination.root);
  return clone_by_joiner([destination = std::move(destination), cgroup, input = std::move(input),
                          joining = std::move(joining)]() mutable -> Result<sys::Cloned> {
    if (::setns(destination.pidfd.get(), static_cast<int>(destination.namespaces)) != 0)
      return fail_errno("setns into the container's namespaces");
    return clone_exec({.flags = CLONE_PARENT, .cgroup = cgroup}, std::move(input),
                      std::move(joining));
  });
}

}  // namespace

Result<Destination> find_destination(pid_t init, sys::PidFd pidfd, bool privileged) {
  Destination destination = {.init = init, .pidfd = std::move(pidfd), .privileged = privileged};
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
  joining.user_namespace = (destination.namespaces & CLONE_NEWUSER) != 0;
  if (!destination.privileged && joining.user_namespace)
    return spawn_by_joiner(std::move(destination), cgroup, std::move(input), std::move(joining));
  sys::Entered entered;
  if ((destination.namespaces & CLONE_NEWPID) != 0) {
    const std::string path = "/proc/" + std::to_string(destination.init) + "/ns/pid";
    const sys::Fd pid_namespace = TRY(sys::open_namespace(path, CLONE_NEWPID));
    TRY(entered.enter(pid_namespace, CLONE_NEWPID));
  }
  joining.container = std::move(destination.pidfd);
  joining.namespaces = destination.namespaces & ~static_cast<std::uint64_t>(CLONE_NEWPID);
  joining.root = std::move(destination.root);
  return clone_exec({.cgroup = cgroup}, std::move(input), std::move(joining));
}

}  // namespace coracle::container
