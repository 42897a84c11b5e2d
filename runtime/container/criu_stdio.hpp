// The container's stdio as CRIU knows it: pipes and files of the host, which
// the caller of `restore` gives anew.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/container/criu_rpc.hpp"
#include "runtime/sys/fd.hpp"

namespace coracle::container::criu {

// Our own descriptors 0 to 2, as /proc/self/fd shows them: "pipe:[123]",
// "/var/log/web1"; what a container without a terminal is created with.
std::vector<std::string> stdio_links();

// The same as CRIU's keys: a file that `init` has open outside of its own
// mounts becomes "file[MOUNT:INODE]", in hexadecimal.
Result<std::vector<std::string>> stdio_keys(const std::vector<std::string>& links, pid_t init);

// Those that CRIU must be told of at the dump.
std::vector<std::string> external_files(const std::vector<std::string>& keys);

// The file descriptors.json among the images, by whichever runtime: an array
// of keys, one for each descriptor.
Result<void> write_descriptors(const sys::Fd& images, const std::vector<std::string>& keys);
// What our own stdio stands in for.
Result<std::vector<InheritedFd>> read_descriptors(const sys::Fd& images, const std::string& path);

}  // namespace coracle::container::criu
