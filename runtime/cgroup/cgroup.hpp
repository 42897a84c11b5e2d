// One container's cgroups on pure v1, pure v2 and hybrid hosts.
// Source: Documentation/admin-guide/cgroup-v1, cgroup-v2.rst; Spec: config-linux.md#control-groups
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "oci-spec/config_linux.hpp"
#include "runtime/base/result.hpp"
#include "runtime/sys/fd.hpp"
#include "runtime/sys/files.hpp"

namespace coracle::cgroup {

enum class Mode { v1, v2, hybrid };  // hybrid: v1 controllers beside a v2 hierarchy

// Who makes a container's cgroups: we, systemd, or nobody.
enum class Manager { cgroupfs, systemd, disabled };

// One mounted v1 hierarchy.
struct Hierarchy {
  std::vector<std::string> controllers;  // {"cpu", "cpuacct"} or {"name=systemd"}
  std::string mount_point;               // "/sys/fs/cgroup/cpu,cpuacct"
  std::string own;  // the runtime's own cgroup in it, below mount_point: "/a/b"
};

struct Host {
  Mode mode = Mode::v2;
  std::vector<Hierarchy> v1;
  std::string v2_mount_point;  // "/sys/fs/cgroup", hybrid: "/sys/fs/cgroup/unified"; or empty
  std::string v2_own;          // the runtime's own cgroup in v2
  std::vector<std::string> v2_controllers;  // cgroup.controllers of the v2 root
};

// Finds the hierarchies in mountinfo and the runtime's own place in them.  Pure.
Result<Host> detect(std::string_view self_mountinfo, std::string_view self_cgroup,
                    std::string_view v2_controllers);
// The same from /proc/self.
Result<Host> detect();

// Absolute directories of one container.  Stored in its state.
struct Paths {
  std::map<std::string, std::string> v1;  // first controller of a hierarchy -> directory
  std::string v2;                         // empty: not used

  bool operator==(const Paths&) const = default;
};

// An absolute cgroups_path counts from each hierarchy's mount point.  A
// relative one, and an empty one, which means `id`, count from where runc puts
// them: on v1 from the runtime's own cgroup, on v2 from the parent of that, on
// the v2 hierarchy of a hybrid host from the mount point.  Refuses "..", and a
// path that names no cgroup, like "/".  Pure.
Result<Paths> container_paths(const Host& host, std::string_view cgroups_path, std::string_view id);

// Whether the container's cgroup was asked to be frozen; false also when it is gone.
bool is_frozen(const Host& host, const Paths& paths, const sys::Stem& stem = {});
// For is_frozen() of many: where the hierarchy that freezes is mounted.
sys::Stem freezer_stem(const Host& host);

// What a kernel without the file means for a Setting.
enum class IfMissing {
  fail,     // a limit that cannot be applied
  skip,     // nothing is lost: the value is what holds anyway, or another file limits too
  use_next  // the next setting is the older or newer form of this one
};

// What to write where, in order.  Pure: unit-tested pairs.  One that the kernel
// calls invalid is tried again after the others of its controller: limits that
// must not cross (period and quota, memory and memory with swap) pass each other.
struct Setting {
  std::string controller;  // "memory"
  std::string file;        // "memory.max"
  std::string value;
  IfMissing if_missing = IfMissing::fail;

  bool operator==(const Setting&) const = default;
};

// Where one controller acts on a container.
struct Place {
  std::string dir;  // empty: nowhere
  bool is_v2 = false;
};

struct Options {
  bool rootless = false;  // no privilege: a hierarchy that denies us is left out
};

// A container's cgroups.  Holds no descriptor; dropping it removes nothing.
class Cgroup {
 public:
  Cgroup(Host host, Paths paths, Options options)
      : host_(std::move(host)), paths_(std::move(paths)), options_(options) {}

  // Makes the directories, enables controllers on the way down (v2), copies
  // cpuset.cpus and mems (v1).  Refuses a cgroup that has processes
  // ("container's cgroup is not empty") or is frozen, itself or from above
  // ("container's cgroup unexpectedly frozen").  What it made is removed again
  // when it fails.  Rootless: a hierarchy that denies us leaves paths().
  Result<void> create();

  // What create() refuses, for one that others are to make.
  Result<void> check_vacant() const;

  // create() for cgroups that systemd has made: makes what it knows nothing of.
  Result<void> complete();
  // Fails where systemd has not put `pid` into the container's cgroup.
  Result<void> check_holds(pid_t pid) const;

  // Applies every limit, but no device rules; an error names the controller and the file, or where
  // the controller is missing.
  Result<void> limit(const oci::Resources& resources) const;

  // Applies the device rules with those that every container has (see devices.hpp), without denying
  // in between what stays allowed.  They are not enforced where a rootless runtime may not.
  Result<void> limit_devices(const oci::Resources& resources) const;

  // Applies every limit to a container that runs, but no device rules.  When one
  // fails, those that were written get their former values back; the error
  // names those for which that failed too.
  Result<void> update(const oci::Resources& resources) const;

  // What update() would refuse for the sake of what the container uses.
  Result<void> check_use(const oci::Resources& resources) const;

  // The container's directory in the v1 hierarchy that has `controller`, else its v2 directory.
  Place place_of(std::string_view controller) const;

  // The v2 directory for CLONE_INTO_CGROUP; none on v1 and where rootless
  // may not write it.
  Result<sys::Fd> clone_target() const;

  // Moves `pid` into every hierarchy in which it was not born.  A v1 cpuset
  // that has no processors gets those of its parent.
  Result<void> attach(pid_t pid, bool born_in_v2) const;

  // Hands the v2 cgroup to `uid`: the directory and the files listed in
  // /sys/kernel/cgroup/delegate.  Does nothing beside v1 hierarchies, nor where a rootless runtime
  // may not.
  // Spec: config-linux.md#cgroup-ownership
  Result<void> delegate(uid_t uid) const;

  // Makes the v2 sub-cgroup `below` ("a/b"), which has no limits of its own,
  // moves `pid` there and hands it over as delegate() does.  Every controller
  // that the container's cgroup has is enabled down to it.
  Result<void> delegate_below(const std::string& below, pid_t pid, uid_t uid) const;

  // All processes, those of sub-cgroups included; without those that our PID
  // namespace does not show.
  Result<std::vector<pid_t>> processes() const;

  // freeze waits at most ten seconds, then thaws again.
  Result<void> freeze() const;
  Result<void> thaw() const;
  bool frozen() const { return is_frozen(host_, paths_); }

  // SIGKILL to all, by cgroup.kill where there is one; thaws; waits until they
  // are gone, at most ten seconds.
  Result<void> kill_all() const;
  // `signal` to each process; the first failure is returned after all were tried.
  Result<void> signal_all(int signal) const;

  // Removes the directories with their sub-cgroups; one that is gone is no error.
  // Waits for dying processes, at most ten seconds.
  Result<void> remove() const;

  const Paths& paths() const { return paths_; }

 private:
  std::vector<std::string> directories() const;
  const std::string* v1_directory(std::string_view controller) const;
  Result<void> check_empty() const;
  Result<void> check_thawed() const;
  Result<bool> is_usable(Result<void> made, const std::string& dir) const;
  Result<std::vector<pid_t>> all_processes() const;
  Result<void> freeze_within(std::chrono::milliseconds limit) const;
  std::unexpected<Error> not_ours(const std::string& controller,
                                  const std::string& hierarchy) const;
  Result<std::string> directory_of(const std::string& controller) const;
  Result<void> write(const std::vector<Setting>& settings) const;
  Result<void> apply_rules(const std::vector<oci::DeviceRule>& rules) const;

  Host host_;
  Paths paths_;
  Options options_;
};

// Device rules are not among them: see devices.hpp.  Zero, an empty text and
// `false` mean "not set", as in runc, but for pids.limit, hugepageLimits, rdma,
// swappiness and idle.
Result<std::vector<Setting>> v1_settings(const oci::Resources& resources);
Result<std::vector<Setting>> v2_settings(const oci::Resources& resources);

// Those for the hierarchies that `host` has.
Result<std::vector<Setting>> settings_for(const Host& host, const oci::Resources& resources);

// The limits by the hierarchies that can apply them: `v2` has what only the v2
// hierarchy of a hybrid host offers.  `devices` and `unified` stay in `v1`.
struct Halves {
  oci::Resources v1;
  oci::Resources v2;
};

Halves split_by_hierarchy(const oci::Resources& resources, const Host& host);

}  // namespace coracle::cgroup
