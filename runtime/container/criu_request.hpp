// What a request says beside the user's choices: files, namespaces,
// cgroups.  Private to checkpoint.cpp and restore.cpp.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "oci-spec/config.hpp"
#include "runtime/base/result.hpp"
#include "runtime/cgroup/cgroup.hpp"
#include "runtime/container/checkpoint.hpp"
#include "runtime/container/criu.hpp"
#include "runtime/sys/fd.hpp"

namespace coracle::container::criu {

// Where the log is.
const std::string& log_directory(const Images& images);

// Fills in the log's name and the configuration file: that of the annotation
// org.criu.config, where an empty one means none, else
// /etc/criu/coracle.conf, or runc's where only that is there.
Options with_files(Options options, const std::string& log_file,
                   const std::map<std::string, std::string>& annotations);

// Whether the container has a mount namespace of its own.
bool has_own_mounts(const oci::Linux& config);

// "net[4026532]:extRootNetNS": joined namespaces that the image leaves out.
Result<std::vector<std::string>> namespaces_to_leave_out(const oci::Linux& config, pid_t init);

// The joined namespaces of a new container.  A descriptor that CRIU inherits
// comes with its key.
struct NamespacesToJoin {
  std::vector<JoinedNamespace> by_path;
  std::vector<std::string> keys;  // of `fds`
  std::vector<sys::Fd> fds;
};
Result<NamespacesToJoin> namespaces_to_join(const oci::Linux& config);

// The cgroup whose freezer CRIU may use; empty: it has none.
std::string freezer_of(const cgroup::Host& host, const cgroup::Paths& paths);

// Where restored processes belong: where process `pid` is.
Result<std::vector<CgroupRoot>> cgroup_roots_of(pid_t pid);
// From the text of /proc/PID/cgroup.  Pure.
std::vector<CgroupRoot> parse_cgroup_roots(std::string_view text);

}  // namespace coracle::container::criu
