// runtime.md#create, #start, and both in one: `run`.
#pragma once

#include <string>

#include "runtime/base/result.hpp"
#include "runtime/cgroup/cgroup.hpp"

namespace coracle::container {

struct CreateOptions {
  std::string root;  // absolute: where state lives, "/run/coracle"
  std::string id;
  std::string bundle;  // as given; "." by default
  std::string config;  // the configuration's file, as given; empty: the bundle's config.json
  std::string console_socket;
  std::string pidfd_socket;
  std::string pid_file;
  bool no_pivot = false;
  bool no_new_keyring = false;
  int preserve_fds = 0;
  bool rootless = false;  // do not fail on cgroups that may not be written
  cgroup::Manager cgroup_manager = cgroup::Manager::cgroupfs;
};

struct RunOptions {
  CreateOptions create;
  bool detach = false;
  bool keep = false;
  bool no_subreaper = false;
};

// Leaves a container in status `created`, or nothing at all.
Result<void> create(const CreateOptions& options);

// Lets the user's program run.  Fails with the program's own execve error.
Result<void> start(const std::string& root, const std::string& id);

// create, start, and unless detached wait and delete.  The exit status: the
// container's, or 128 and its signal.
Result<int> run(const RunOptions& options);

}  // namespace coracle::container
