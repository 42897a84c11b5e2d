// runtime.md#query-state, #kill, #delete, and the list of all containers.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "oci-spec/state.hpp"
#include "runtime/base/result.hpp"
#include "runtime/container/state_dir.hpp"

namespace coracle::container {

struct Described {
  ContainerFacts facts;
  oci::Status status = oci::Status::creating;
};

Result<Described> describe(const std::string& root, const std::string& id);
// Hands `each` every container below `root`, in the order of their ids; where the state of one
// cannot be read, an error that names it.
Result<void> list(const std::string& root,
                  const std::function<void(const Result<Described>&)>& each);

// "container not running" when it is stopped.  With `all`: every process of
// its cgroup, and no error when it is stopped.
Result<void> kill(const std::string& root, const std::string& id, int signal, bool all);

// Refuses one that is not stopped or created, unless `force`d; then an unknown
// id is no error.  Removes cgroups and state, then runs poststop hooks, whose
// failures come back as warnings.
Result<std::vector<std::string>> remove(const std::string& root, const std::string& id, bool force);
// The same, forced, of the very container whose directory `dir` is, locked or not: whoever took
// its id after others had removed it, which is no error, is another.
Result<std::vector<std::string>> remove_held(StateDir& dir, const ContainerState& state,
                                             const cgroup::Cgroup& cgroup);

}  // namespace coracle::container
