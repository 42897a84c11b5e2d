// config.json as a value that tests patch, and the patches that several of them make.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace coracle::test {

using Json = nlohmann::json;

// A small complete configuration: /probe as program, /proc, /dev, /dev/pts, /dev/shm and /sys,
// new namespaces of every kind but user, cgroup and time.
Json default_config();

void add_namespace(Json& config, const std::string& type, const std::string& path = "");
void drop_namespace(Json& config, std::string_view type);

// Appends to `mounts`.
void add_mount(Json& config, const std::string& destination, const std::string& type,
               const std::string& source, const std::vector<std::string>& options);
void drop_mount(Json& config, std::string_view destination);

// A user namespace of its own where ids [0, size) are host ids [host_id, host_id + size).
void map_ids(Json& config, unsigned host_id, unsigned size = 65536);

// The five sets: `names` in bounding, effective and permitted, none in the two others.
void set_capabilities(Json& config, const std::vector<std::string>& names);

// linux.seccomp that allows everything but what `rules` say.
Json seccomp(const Json& rules);

}  // namespace coracle::test
