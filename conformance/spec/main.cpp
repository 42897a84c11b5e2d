// Runs the cases against the runtime that $CORACLE names, in namespaces of the suite's own.
#include <linux/magic.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <cstdio>

#include "conformance/spec/tap.hpp"

namespace {

bool has_unified_beside_v1() {
  struct statfs facts = {};
  return ::statfs("/sys/fs/cgroup/unified", &facts) == 0 && facts.f_type == CGROUP2_SUPER_MAGIC;
}

// Cases mount and make network devices: none of it is for the machine.  Not every runtime takes a
// hybrid arrangement of cgroups: where the machine has one, version 1 alone is shown.
bool enter_namespaces() {
  return ::unshare(CLONE_NEWNS | CLONE_NEWNET) == 0 &&
         ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         (!has_unified_beside_v1() || ::umount2("/sys/fs/cgroup/unified", MNT_DETACH) == 0);
}

}  // namespace

int main(int argc, char** argv) {
  if (!enter_namespaces()) {
    std::perror("conformance_tests: namespaces of its own, for which it must be root");
    return 1;
  }
  return coracle::conformance::run_cases(argc, argv);
}
