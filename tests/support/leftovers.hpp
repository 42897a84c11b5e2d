// What a container may have left on the host.
#pragma once

#include <string>
#include <vector>

namespace coracle::test {

// Whether the runtime's state directory `root` holds any: "@" is no part of an id, and is how what
// outlives containers is named there.
bool has_containers(const std::string& root);

// Directories of the cgroup `path` ("/parent/id"), in every hierarchy of this machine.
std::vector<std::string> cgroup_directories(const std::string& path);

// "PID (COMMAND LINE)" of each process in the cgroup `path`, or with `id` as one of its arguments.
std::vector<std::string> processes_of(const std::string& id, const std::string& cgroup);

// Removes the cgroup `path` and all below it from every hierarchy, as far as they are empty.
void remove_cgroups(const std::string& path);

// Removes the tree at `path`, first unmounting what is mounted in it.
void remove_tree(const std::string& path);

}  // namespace coracle::test
