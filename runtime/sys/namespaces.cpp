#include "runtime/sys/namespaces.hpp"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <tuple>

#include "runtime/sys/files.hpp"
#include "runtime/sys/process.hpp"

namespace coracle::sys {
namespace {

struct Kind {
  std::uint64_t clone_flag;
  const char* file;
  const char* name;
};

constexpr Kind kinds[] = {
    {CLONE_NEWUSER, "user", "user namespace"},       {CLONE_NEWNS, "mnt", "mount namespace"},
    {CLONE_NEWPID, "pid", "PID namespace"},          {CLONE_NEWNET, "net", "network namespace"},
    {CLONE_NEWIPC, "ipc", "IPC namespace"},          {CLONE_NEWUTS, "uts", "UTS namespace"},
    {CLONE_NEWCGROUP, "cgroup", "cgroup namespace"}, {CLONE_NEWTIME, "time", "time namespace"},
};

const Kind& kind_of(std::uint64_t clone_flag) {
  for (const Kind& kind : kinds) {
    if (kind.clone_flag == clone_flag) return kind;
  }
  return kinds[0];
}

}  // namespace

std::string own_namespace_path(std::uint64_t clone_flag) {
  return std::string("/proc/self/ns/") + kind_of(clone_flag).file;
}

std::string namespace_name(std::uint64_t clone_flag) {
  return kind_of(clone_flag).name;
}

Result<Fd> open_namespace(const std::string& path, std::uint64_t clone_flag) {
  Fd fd = TRY(open_file(path, O_RDONLY));
  const int type = ::ioctl(fd.get(), NS_GET_NSTYPE);
  if (type < 0) return fail(path + " is not a namespace");
  if (static_cast<std::uint64_t>(type) != clone_flag)
    return fail(path + " is a " + namespace_name(static_cast<std::uint64_t>(type)) + ", not a " +
                namespace_name(clone_flag));
  return fd;
}

Result<bool> in_initial_user_namespace() {
  // PROC_USER_INIT_INO of include/linux/proc_ns.h: the same since Linux 3.8.
  constexpr ino_t initial = 0xEFFFFFFD;
  struct stat status = {};
  if (::stat("/proc/self/ns/user", &status) != 0) return fail_errno("stat /proc/self/ns/user");
  return status.st_ino == initial;
}

Result<void> enter_namespace(const Fd& name_space, std::uint64_t clone_flag) {
  if (::setns(name_space.get(), static_cast<int>(clone_flag)) != 0)
    return fail_errno("setns " + namespace_name(clone_flag));
  return {};
}

Result<void> Entered::remember(std::uint64_t clone_flag) {
  Fd own = TRY(open_file(own_namespace_path(clone_flag), O_RDONLY));
  former_.push_back({.name_space = std::move(own), .clone_flag = clone_flag});
  return {};
}

Result<void> Entered::enter(const Fd& name_space, std::uint64_t clone_flag) {
  TRY(remember(clone_flag));
  auto entered = enter_namespace(name_space, clone_flag);
  if (!entered) former_.pop_back();
  return entered;
}

Result<void> Entered::new_time(const std::string& offsets) {
  TRY(remember(CLONE_NEWTIME));
  if (::unshare(CLONE_NEWTIME) != 0) {
    const int code = errno;
    former_.pop_back();
    return fail_errno("unshare time namespace", code);
  }
  if (!offsets.empty()) TRY(write_once("/proc/self/timens_offsets", offsets));
  return {};
}

Entered::~Entered() {
  // In reverse: nothing depends on the order, but it reads like a stack.
  // Failure is impossible while we hold our own namespaces' descriptors and
  // the privilege that entering the others took.
  for (auto former = former_.rbegin(); former != former_.rend(); ++former)
    std::ignore = enter_namespace(former->name_space, former->clone_flag);
}

}  // namespace coracle::sys
