// How an exec'd process gets into the container: the joiner's steps, and those
// of the process itself before the ones that it shares with init.
#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <utility>

#include "runtime/init/context.hpp"
#include "runtime/sys/files.hpp"

namespace coracle::init {

Result<void> set_initial_affinity(Context& context) {
  const std::vector<unsigned long>& mask = context.joining->initial_affinity;
  if (mask.empty()) return {};
  return set_affinity(mask).context("execCPUAffinity.initial");
}

Result<void> open_host_proc_for_labels(Context& context) {
  const auto& process = context.plan().process;
  if (process->apparmor_profile.empty() && process->selinux_label.empty()) return {};
  return open_host_proc(context);
}

Result<void> join_container(Context& context) {
  Joining& joining = *context.joining;
  // In one call, so that namespaces of several owners pass: the kernel checks
  // them against the user namespace that is entered with them.
  if (joining.namespaces != 0 &&
      ::setns(joining.container.get(), static_cast<int>(joining.namespaces)) != 0)
    return fail_errno("setns into the container's namespaces");
  joining.container.reset();
  if (joining.root) {
    if (::fchdir(joining.root.get()) != 0) return fail_errno("fchdir to the container's root");
    if (::chroot(".") != 0) return fail_errno("chroot");
    joining.root.reset();
  }
  // A user namespace's capabilities reset it (prctl(2)).  CVE-2016-9962
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return fail_errno("set not dumpable");
  return {};
}

Result<void> open_root(Context& context) {
  context.root = TRY(sys::open_file("/", O_PATH | O_DIRECTORY));
  return {};
}

Result<void> await_host_for_ids(Context& context) {
  const bool changes_ids = (context.joining->namespaces & CLONE_NEWUSER) != 0;
  return changes_ids ? await_host(context) : Result<void>();
}

}  // namespace coracle::init
