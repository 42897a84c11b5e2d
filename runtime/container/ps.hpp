// `ps`: the processes of a container, as numbers and as lines of ps(1).
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.hpp"

namespace coracle::container {

// Those of its cgroups, as our PID namespace numbers them; none when it has
// stopped.  Fails for a container without cgroups, which only a rootless one
// can be.
Result<std::vector<pid_t>> container_processes(const std::string& root, const std::string& id);

// What ps(1) prints with `arguments`, or "-ef" without any, but of its lines
// only the header and those whose PID is one of `pids`.
Result<std::string> list_processes(const std::vector<std::string>& arguments,
                                   const std::vector<pid_t>& pids);

// `arguments` as ps(1) takes them: engines give several options as one word.  Pure.
std::vector<std::string> ps_words(const std::vector<std::string>& arguments);

// The header of `listing` and the lines for `pids`.  Fails without a column
// PID.  Pure.
Result<std::string> select_lines(std::string_view listing, const std::vector<pid_t>& pids);

}  // namespace coracle::container
