// The directory of one container below --root: claimed, locked, saved, removed.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "oci-spec/config.hpp"
#include "runtime/base/result.hpp"
#include "runtime/cgroup/cgroup.hpp"
#include "runtime/sys/fd.hpp"
#include "runtime/sys/files.hpp"

namespace coracle::container {

// The whole text of the error for an id that has no directory.
inline constexpr const char* no_such_container = "container does not exist";

// The facts that cannot be asked of the kernel: small, and all that readers of
// many containers need.
struct ContainerFacts {
  std::string id;
  std::string oci_version;
  pid_t pid = 0;                 // 0: not yet cloned
  std::uint64_t start_time = 0;  // clock ticks, field 22 of /proc/PID/stat
  std::string bundle;            // absolute
  std::string rootfs;            // absolute
  std::string created;           // RFC 3339 with nanoseconds, UTC
  uid_t owner = 0;
  bool rootless = false;
  bool restored = false;  // by CRIU: it runs, although init never executed anything
  // Stdio as it was at create: "pipe:[123]", "/var/log/web1"; none with a terminal.
  std::vector<std::string> external_descriptors;
  cgroup::Paths cgroup_paths;
  // That systemd made them for, by PID 1's manager or, rootless, the user's;
  // empty: we made them.
  std::string systemd_unit;
  std::string rdt_group;  // resctrl directory that delete removes; empty: none
  std::map<std::string, std::string> annotations;  // the configuration's
};

struct ContainerState : ContainerFacts {
  oci::Spec spec;  // as it was at create: later edits of the bundle have no effect
};

// The claimed, locked directory ROOT/ID.
class StateDir {
 public:
  // Makes ROOT (0711; rootless 0700 with sticky bit) and ROOT/ID, and locks it.
  // Refuses a bad id and one that exists ("container with given ID already exists").
  static Result<StateDir> claim(const std::string& root, const std::string& id);
  // Opens and locks, waiting at most 30 seconds for another holder.
  // The error for an unknown id is no_such_container.
  static Result<StateDir> open(const std::string& root, const std::string& id);
  // Opens without a lock, for readers: `state`, `kill`, `list`.
  static Result<StateDir> peek(const std::string& root, const std::string& id);
  StateDir(StateDir&&) = default;
  StateDir& operator=(StateDir&&) = delete;  // what was claimed would be forgotten
  ~StateDir();  // unlocks; a claimed directory that was not kept is removed

  // By rename, each its own file: a configuration is large and seldom changes.  It is saved
  // before facts that have a pid: without it these are taken for half removed.
  Result<void> save_config(const oci::Spec& spec) const;
  Result<void> save(const ContainerFacts& facts) const;
  // The id alone, with pid 0, where nothing was saved yet: a claim in progress,
  // or one whose maker was killed.  With pid 0 there may be no configuration yet.
  Result<ContainerState> load() const;
  void keep() { remove_when_dropped_ = false; }
  // With all that lies in it.
  Result<void> remove();

  // Lets other commands at it until lock_again(), which waits as open() does.  Then the error is
  // no_such_container when it was removed meanwhile, whoever has its id by now: what is held open
  // is this very directory.
  void unlock() const;
  Result<void> lock_again() const;

  const sys::Fd& fd() const { return dir_; }
  const std::string& path() const { return path_; }

 private:
  friend Result<ContainerFacts> peek_facts(const std::string& root, const std::string& id,
                                           const sys::Stem& stem);

  Result<ContainerFacts> load_facts() const;
  Result<ContainerFacts> facts_without_file(Error error) const;

  StateDir(std::string path, sys::Fd dir, bool remove_when_dropped)
      : path_(std::move(path)), dir_(std::move(dir)), remove_when_dropped_(remove_when_dropped) {}

  std::string path_;
  sys::Fd dir_;  // flock(2)ed by claim and open, until unlock
  bool remove_when_dropped_ = false;
};

// What StateDir::load() of a peek has without the configuration, in fewer system calls.  For many
// containers `stem` is that of `root`.
Result<ContainerFacts> peek_facts(const std::string& root, const std::string& id,
                                  const sys::Stem& stem = {});

// [A-Za-z0-9_+.-]+, not "." or "..", at most 1024 bytes.
Result<void> check_id(std::string_view id);

// Ids of all directories below `root`, sorted; a root that is not there has none.
Result<std::vector<std::string>> container_ids(const std::string& root);

}  // namespace coracle::container
