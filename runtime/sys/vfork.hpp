// A child that works in our memory while we wait for its end: no copy is made, and none torn down.
#pragma once

#include "runtime/base/result.hpp"
#include "runtime/sys/process.hpp"

namespace coracle::sys {

// clone3(2) with CLONE_VM and CLONE_VFORK: returns when the child, which runs `child_main` of
// `argument` on a stack of its own, has ended.  ENOSYS on an architecture that has no code here.
Result<RawClone> raw_vfork(const CloneRequest& request, void (*child_main)(void*) noexcept,
                           void* argument);

// As clone_process, but whatever `child_main` writes is written for us too.  Its descriptors, root,
// ids and namespaces are its own: an Fd of ours that it closes or moves is lost to us, so that it
// takes in_own_table() of it.  It cannot enter a time namespace: setns(2) wants memory unshared.
// Where the kernel, or a filter, refuses such a child, it is one with a copy of our memory.
template <class F>
Result<Cloned> vfork_process(const CloneRequest& request, F child_main) {
  static_assert(std::is_nothrow_invocable_v<F>, "no exception may unwind into the host's frames");
  const auto main = [](void* argument) noexcept {
    (*static_cast<F*>(argument))();
    ::_exit(127);
  };
  auto raw = raw_vfork(request, main, &child_main);
  if (!raw) return clone_process(request, std::move(child_main));
  return Cloned{.child = Child(raw->pid, std::move(raw->pidfd)),
                .born_in_cgroup = raw->born_in_cgroup};
}

}  // namespace coracle::sys
