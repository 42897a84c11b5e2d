// The systemd unit around a container whose cgroups systemd makes.  Private to container/.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "oci-spec/config.hpp"
#include "runtime/base/result.hpp"
#include "runtime/cgroup/cgroup.hpp"
#include "runtime/cgroup/systemd.hpp"
#include "runtime/container/create.hpp"
#include "runtime/container/state_dir.hpp"

namespace coracle::container {

// One that is to be: planned before anything is made, started around a process.
class ContainerUnit {
 public:
  // Connects to systemd: PID 1, or rootless the user's.  Fails for what the
  // configuration asks in vain, and rootless beside v1 hierarchies.
  static Result<ContainerUnit> plan(const oci::Spec& spec, const CreateOptions& options,
                                    const cgroup::Host& host);

  const std::string& name() const { return unit_.name; }
  const cgroup::Paths& paths() const { return paths_; }

  // Starts it with `pid` in it and the limits in force; then makes in `cgroup`
  // what systemd leaves out, and moves `pid` there too.
  Result<void> start(pid_t pid, cgroup::Cgroup& cgroup);
  // After a failure; does nothing to one that is not of our making.  What stays is
  // systemd's to clear, once it is empty.
  void stop() const;

 private:
  ContainerUnit(cgroup::systemd::Manager manager, cgroup::systemd::Unit unit)
      : manager_(std::move(manager)), unit_(std::move(unit)) {}

  cgroup::systemd::Manager manager_;
  cgroup::systemd::Unit unit_;
  cgroup::Paths paths_;
  std::string id_;
  std::vector<cgroup::systemd::Property> properties_;  // but for the frame
  bool started_ = false;
};

// What `state` says of its unit; each of them connects to systemd.

bool has_unit(const ContainerState& state);
// What the files of the cgroup get: see cgroup::systemd::rounded().
oci::Resources as_written(const ContainerState& state, const oci::Resources& resources);
// Tells the unit of new limits.
Result<void> change_unit(const ContainerState& state, const cgroup::Host& host,
                         const oci::Resources& resources);
// Moves `pid` into the unit's cgroup, or `sub_cgroup` below it, by systemd's hand.
Result<void> attach_to_unit(const ContainerState& state, const std::string& sub_cgroup, pid_t pid);
Result<void> stop_unit(const ContainerState& state);

}  // namespace coracle::container
