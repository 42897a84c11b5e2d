// A container to image files and back, by CRIU.
#pragma once

#include <optional>
#include <string>

#include "runtime/base/result.hpp"
#include "runtime/container/create.hpp"
#include "runtime/container/criu_rpc.hpp"

namespace coracle::container {

struct Images {
  std::string directory;  // absolute
  std::string work;       // where CRIU has its log; empty: `directory`
};

struct CheckpointOptions {
  std::string root;
  std::string id;
  Images images;          // made if need be
  criu::Options criu;     // what the user chose; the rest is filled in
  bool pre_dump = false;  // memory alone; the container goes on
  // Gets a NUL byte once lazy pages are served.
  std::optional<int> status_fd;
};

// Dumps a running or paused container.  Unless it is left running, its
// processes are gone then, and so is the container.
Result<void> checkpoint(const CheckpointOptions& options);

struct RestoreOptions {
  CreateOptions create;
  Images images;
  criu::Options criu;
  bool detach = false;
  bool no_subreaper = false;
};

// A new container in status running, or nothing; its init is our child.
// Unless detached waits and deletes.  The exit status: as of `run`.
Result<int> restore(const RestoreOptions& options);

}  // namespace coracle::container
