#include "runtime/container/exec_spawn.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>

#include "runtime/sys/files.hpp"

namespace coracle::container {
namespace {

using Type = oci::NamespaceType;

struct Kind {
  Type type;
  std::uint64_t flag;
  const char* file;
};

constexpr std::array<Kind, 8> kinds = {{{Type::user, CLONE_NEWUSER, "user"},
                                        {Type::mount, CLONE_NEWNS, "mnt"},
                                        {Type::pid, CLONE_NEWPID, "pid"},
                                        {Type::network, CLONE_NEWNET, "net"},
                                        {Type::ipc, CLONE_NEWIPC, "ipc"},
                                        {Type::uts, CLONE_NEWUTS, "uts"},
                                        {Type::cgroup, CLONE_NEWCGROUP, "cgroup"},
                                        {Type::time, CLONE_NEWTIME, "time"}}};

// Then it can be joined even by who is in it already: that takes no privilege but in the user
// namespace that owns it.  A user namespace cannot be entered twice (setns(2)).
bool was_made_new(const std::vector<oci::Namespace>& configured, Type type) {
  return type != Type::user && std::ranges::any_of(configured, [type](const auto& one) {
           return one.type == type && one.path.empty();
         });
}

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

Result<Destination> find_destination(const std::vector<oci::Namespace>& configured, pid_t init,
                                     sys::PidFd pidfd) {
  Destination destination = {.pidfd = std::move(pidfd)};
  for (const Kind& kind : kinds) {
    if (was_made_new(configured, kind.type) || TRY(differs(init, kind.file)))
      destination.namespaces |= kind.flag;
  }
  if ((destination.namespaces & CLONE_NEWNS) == 0)
    destination.root =
        TRY(sys::open_file("/proc/" + std::to_string(init) + "/root", O_PATH | O_DIRECTORY));
  return destination;
}

Result<sys::Cloned> spawn_exec(Destination destination, const sys::Fd* cgroup, JoinerMemory memory,
                               init::Input input, init::Joining joining) {
  joining.container = std::move(destination.pidfd);
  joining.namespaces = destination.namespaces;
  joining.root = std::move(destination.root);
  if ((joining.namespaces & CLONE_NEWTIME) != 0) memory = JoinerMemory::copied;
  const auto clone = [&] {
    return clone_by_joiner(cgroup, memory, [&] {
      return init::clone_exec(init::in_own_table(input), init::in_own_table(joining));
    });
  };
  auto cloned = clone();
  if (cloned || cgroup == nullptr || cloned.error().code != EAGAIN) return cloned;
  // The cgroup has room for one process more but not for two; whoever moves
  // into it needs none.
  cgroup = nullptr;
  return clone();
}

}  // namespace coracle::container
