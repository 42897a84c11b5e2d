// `update`: other limits for a container that runs.
#pragma once

#include <string>

#include "oci-spec/config_linux.hpp"
#include "runtime/base/result.hpp"

namespace coracle::container {

struct Update {
  oci::Resources resources;  // see merge_resources.hpp
  // Of linux.intelRdt; empty: as they are.
  std::string l3_cache_schema;
  std::string mem_bw_schema;
};

// All of it, or nothing: when one limit cannot be applied the others get their
// former values back, and the error names what could not be given back.  A
// later update starts from what this one leaves.  A paused container stays
// paused.  "container not running" for one that has stopped.
Result<void> update(const std::string& root, const std::string& id, const Update& wanted);

}  // namespace coracle::container
