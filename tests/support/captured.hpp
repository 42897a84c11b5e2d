// Configurations that real engines wrote, and the rules that make them run on this machine.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/support/bundle.hpp"
#include "tests/support/config.hpp"

namespace coracle::test {

// The names below tests/data/captured that start with `engine`, in order.
std::vector<std::string> captured_by(std::string_view engine);

Json captured_config(const std::string& name);

// A process that sleeps in namespaces of its own, for configurations that join some by path:
// network, ipc, uts and pid, owned by our user namespace.  Ended and reaped when dropped.
class NamespaceHolder {
 public:
  NamespaceHolder();
  NamespaceHolder(const NamespaceHolder&) = delete;
  NamespaceHolder& operator=(const NamespaceHolder&) = delete;
  ~NamespaceHolder();

  // Where a namespace of `type`, a word of the specification, can be joined.
  std::string path(const std::string& type) const;

 private:
  pid_t pid_;
};

// Whether the kernel has the AppArmor profile that `process` asks for.
bool has_apparmor_profile(const Json& process);

// The host id of the container's root: 0 without a user namespace.
unsigned mapped_root(const Json& config);

// Replaces whatever is at the bundle's rootfs by a small BusyBox system that the mapped root owns:
// the probe at /bin/probe, and none of the directories that a runtime makes as mount points.
void make_busybox_rootfs(const Bundle& bundle, unsigned owner);

// Lowers process.rlimits to the hard limits of this machine if nobody may raise those here (no
// CAP_SYS_RESOURCE).  Whether there was anything to lower.
bool lower_rlimits(Json& config);

// What Debian 12's runc refuses and we do not: later versions of the specification, and a
// capability that the machine withholds, which we leave out with a warning.
void adapt_to_runc(Json& config);

// Changes only what names the engine's machine: the root file system, bind sources that do not
// exist here (made below the bundle's directory, owned by the mapped root), namespace paths, the
// cgroup's parent, the engine's own hooks, and LSM profiles where no LSM is.
void adapt(Json& config, const Bundle& bundle, const NamespaceHolder& holder);

}  // namespace coracle::test
