// What `events` prints.  Pure.
#pragma once

#include <string>

#include "runtime/cgroup/stats.hpp"
#include "runtime/container/rdt_stats.hpp"

namespace coracle::container {

// One JSON object of `type`, `id` and `data`, and a line break, by the names of
// runc's types/events.go: what that leaves out when empty is left out here.
std::string render_stats(const std::string& id, const cgroup::Stats& stats, const RdtStats& rdt);
std::string render_oom(const std::string& id);

}  // namespace coracle::container
