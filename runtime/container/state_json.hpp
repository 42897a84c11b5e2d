// The text of state.json.  Pure.
#pragma once

#include <string>
#include <string_view>

#include "runtime/base/result.hpp"
#include "runtime/container/state_dir.hpp"

namespace coracle::container {

// Keys as in runc's file of this name, where tools read them: id,
// init_process_pid, init_process_start, created, cgroup_paths, rootless,
// external_descriptors.
// cgroup_paths: first controller of a v1 hierarchy -> directory; "" -> that of v2.
std::string render_facts(const ContainerFacts& facts);

// `name` is the file's, for the error.
Result<ContainerFacts> parse_facts(std::string_view text, const std::string& name);

}  // namespace coracle::container
