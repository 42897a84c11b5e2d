// A further process in a container that runs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "oci-spec/config.hpp"
#include "runtime/base/result.hpp"

namespace coracle::container {

// The process as the command line asks for it; what is not given comes from
// the container's own process.
struct ExecRequest {
  std::string process_file;  // a process.json: then nothing else here counts
  std::vector<std::string> args;
  std::string cwd;
  std::vector<std::string> env;
  std::string user;                          // "UID[:GID]"
  std::vector<std::string> additional_gids;  // decimal
  std::vector<std::string> capabilities;     // "CAP_NET_RAW"
  bool tty = false;
  std::optional<bool> no_new_privileges;
  std::string apparmor_profile;
  std::string selinux_label;
};

// `own` changed as `request` asks.  Users and groups are numbers in full: "1:",
// ":", "-1" and names are refused (CVE-2026-30892).  A process.json has its
// own environment, user and directory; limits, labels, capabilities and
// priorities that it leaves out are those of `own`, whose no_new_privs always
// holds.  Pure but for the reading of process_file.
Result<oci::Process> exec_process(const oci::Process& own, const ExecRequest& request);

struct ExecOptions {
  std::string root;
  std::string id;
  ExecRequest request;
  bool detach = false;
  bool ignore_paused = false;
  std::string pid_file;
  std::string console_socket;
  std::string pidfd_socket;
  int preserve_fds = 0;
  std::vector<std::string> cgroups;  // "[CONTROLLER[,CONTROLLER]:]PATH" below the container's
  bool rootless = false;
};

// Runs it; detached 0, else its exit status or 128 and its signal.
Result<int> exec(const ExecOptions& options);

}  // namespace coracle::container
