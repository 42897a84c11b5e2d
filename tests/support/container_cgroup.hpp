// The cgroup of a test's container: shown to it, and looked into from the host.
#pragma once

#include <string>

#include "tests/support/bundle.hpp"

namespace coracle::test {

// Makes `bundle` show `view`; false, and the case counted as skipped, where that cannot be.
bool shows(Bundle& bundle, CgroupView view);

// The host's directory of the container's cgroup in the hierarchy with `controller`, or "unified".
std::string cgroup_directory(const Bundle& bundle, const std::string& controller);

// The words of a file there, with one blank between two.
std::string cgroup_setting(const Bundle& bundle, const std::string& controller,
                           const std::string& file);

}  // namespace coracle::test
