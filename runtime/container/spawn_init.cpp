#include "runtime/container/spawn_init.hpp"

#include <sched.h>

#include <algorithm>

#include "runtime/container/joiner.hpp"
#include "runtime/sys/namespaces.hpp"

namespace coracle::container {
namespace {

std::uint64_t clone_flag(oci::NamespaceType type) {
  switch (type) {
    case oci::NamespaceType::pid:
      return CLONE_NEWPID;
    case oci::NamespaceType::network:
      return CLONE_NEWNET;
    case oci::NamespaceType::mount:
      return CLONE_NEWNS;
    case oci::NamespaceType::ipc:
      return CLONE_NEWIPC;
    case oci::NamespaceType::uts:
      return CLONE_NEWUTS;
    case oci::NamespaceType::user:
      return CLONE_NEWUSER;
    case oci::NamespaceType::cgroup:
      return CLONE_NEWCGROUP;
    case oci::NamespaceType::time:
      return CLONE_NEWTIME;
  }
  return 0;
}

struct OpenNamespace {
  sys::Fd fd;
  std::uint64_t flag = 0;
};

Result<std::vector<OpenNamespace>> open_all(const std::vector<plan::Join>& joins) {
  std::vector<OpenNamespace> opened;
  for (const plan::Join& join : joins) {
    const std::uint64_t flag = clone_flag(join.type);
    sys::Fd fd =
        TRY(sys::open_namespace(join.path, flag).context("join " + sys::namespace_name(flag)));
    opened.push_back({.fd = std::move(fd), .flag = flag});
  }
  return opened;
}

Result<sys::Cloned> clone_init(const sys::CloneRequest& request, init::Input input) {
  sys::RawClone raw = TRY(sys::raw_clone(request));
  if (raw.pid == 0) {
    input.awaits_cgroup = input.awaits_cgroup || !raw.born_in_cgroup;
    init::run(std::move(input));
  }
  return sys::Cloned{.child = sys::Child(raw.pid, std::move(raw.pidfd)),
                     .born_in_cgroup = raw.born_in_cgroup};
}

bool needs_joiner(const std::vector<plan::Join>& joins) {
  return std::ranges::any_of(joins, [](const plan::Join& join) {
    return join.type == oci::NamespaceType::user || join.type == oci::NamespaceType::mount;
  });
}

// Enters all, the user namespace when nothing else can be entered without it:
// the host's privilege reaches namespaces of any owner, the user namespace's
// own only its own.
Result<void> enter_all(std::vector<OpenNamespace> namespaces) {
  std::vector<OpenNamespace> postponed;
  const OpenNamespace* user = nullptr;
  for (OpenNamespace& one : namespaces) {
    if (one.flag == CLONE_NEWUSER) {
      user = &one;
      continue;
    }
    auto entered = sys::enter_namespace(one.fd, one.flag);
    if (entered) continue;
    if (entered.error().code != EPERM) return entered;
    postponed.push_back(std::move(one));
  }
  if (user != nullptr) TRY(sys::enter_namespace(user->fd, user->flag));
  for (const OpenNamespace& one : postponed) TRY(sys::enter_namespace(one.fd, one.flag));
  return {};
}

Result<sys::Cloned> spawn_by_joiner(const plan::Namespaces& namespaces, const sys::Fd* cgroup,
                                    init::Input input) {
  std::vector<OpenNamespace> opened = TRY(open_all(namespaces.joins));
  return clone_by_joiner(nullptr, JoinerMemory::copied, [&]() -> Result<sys::Cloned> {
    TRY(enter_all(std::move(opened)));
    sys::Entered entered;
    if (namespaces.new_time) TRY(entered.new_time(namespaces.time_offsets));
    return clone_init({.flags = namespaces.clone_flags | CLONE_PARENT, .cgroup = cgroup},
                      std::move(input));
  });
}

}  // namespace

bool init_makes_time_namespace(const plan::Plan& plan, const plan::HostFacts& facts) {
  return plan.namespaces.new_time && !facts.privileged && !needs_joiner(plan.namespaces.joins);
}

Result<sys::Cloned> spawn_init(const plan::Namespaces& namespaces, const sys::Fd* cgroup,
                               init::Input input) {
  if (needs_joiner(namespaces.joins)) return spawn_by_joiner(namespaces, cgroup, std::move(input));
  const std::vector<OpenNamespace> opened = TRY(open_all(namespaces.joins));
  sys::Entered entered;
  for (const OpenNamespace& one : opened) TRY(entered.enter(one.fd, one.flag));
  if (namespaces.new_time && !input.make_time_namespace)
    TRY(entered.new_time(namespaces.time_offsets));
  return clone_init({.flags = namespaces.clone_flags, .cgroup = cgroup}, std::move(input));
}

}  // namespace coracle::container
