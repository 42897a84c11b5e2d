// config.json as C++ types, fields in the order of the specification.
// Spec: config.md.  The `linux` object is in config_linux.hpp.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "oci-spec/config_linux.hpp"

namespace coracle::oci {

// Spec: config.md#root
struct Root {
  std::string path;  // absolute, or relative to the bundle
  bool readonly = false;
};

// Spec: config.md#mounts
struct Mount {
  std::string destination;
  std::string source;
  std::string type;
  std::vector<std::string> options;
  std::vector<IdMapping> uid_mappings;  // both or none
  std::vector<IdMapping> gid_mappings;
};

// Spec: config.md#process
struct ConsoleSize {
  std::uint32_t height = 0;  // characters
  std::uint32_t width = 0;
};

struct User {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::optional<std::uint32_t> umask;
  std::vector<std::uint32_t> additional_gids;
};

// Names as they stand in config.json ("CAP_CHOWN"); unknown ones are kept,
// because the specification asks for a warning, not an error.
struct Capabilities {
  std::vector<std::string> bounding;
  std::vector<std::string> effective;
  std::vector<std::string> inheritable;
  std::vector<std::string> permitted;
  std::vector<std::string> ambient;
};

struct Rlimit {
  std::string type;  // "RLIMIT_NOFILE"
  std::uint64_t hard = 0;
  std::uint64_t soft = 0;
};

// Spec: config.md#linux-process (scheduler)
enum class SchedulerPolicy { other, fifo, rr, batch, iso, idle, deadline };

enum class SchedulerFlag {
  reset_on_fork,
  reclaim,
  dl_overrun,
  keep_policy,
  keep_params,
  util_clamp_min,
  util_clamp_max
};

struct Scheduler {
  SchedulerPolicy policy = SchedulerPolicy::other;
  std::int32_t nice = 0;
  std::int32_t priority = 0;
  std::vector<SchedulerFlag> flags;
  std::uint64_t runtime = 0;   // nanoseconds
  std::uint64_t deadline = 0;  // nanoseconds
  std::uint64_t period = 0;    // nanoseconds
};

enum class IoPriorityClass { real_time, best_effort, idle };

struct IoPriority {
  IoPriorityClass class_ = IoPriorityClass::best_effort;
  std::int32_t priority = 0;
};

// CPU lists as in cpuset(7), for exec alone.
struct ExecCpuAffinity {
  std::string initial;
  std::string final;
};

struct Process {
  bool terminal = false;
  std::optional<ConsoleSize> console_size;
  User user;
  std::vector<std::string> args;
  std::vector<std::string> env;  // "NAME=value"
  std::string cwd;
  std::optional<Capabilities> capabilities;
  std::vector<Rlimit> rlimits;
  bool no_new_privileges = false;
  std::string apparmor_profile;
  std::optional<std::int32_t> oom_score_adj;  // absent: left as inherited
  std::optional<Scheduler> scheduler;
  std::string selinux_label;
  std::optional<IoPriority> io_priority;
  std::optional<ExecCpuAffinity> exec_cpu_affinity;
};

// Spec: config.md#posix-platform-hooks
struct Hook {
  std::string path;
  std::vector<std::string> args;  // argv, argv[0] included; empty: the path
  std::vector<std::string> env;
  std::optional<std::int64_t> timeout_s;  // at least 1
};

struct Hooks {
  std::vector<Hook> prestart;
  std::vector<Hook> create_runtime;
  std::vector<Hook> create_container;
  std::vector<Hook> start_container;
  std::vector<Hook> poststart;
  std::vector<Hook> poststop;
};

// Spec: config.md
struct Spec {
  std::string oci_version;
  Root root;
  std::vector<Mount> mounts;
  std::optional<Process> process;
  Hooks hooks;
  std::map<std::string, std::string> annotations;
  std::string hostname;
  std::string domainname;
  Linux linux_;  // `linux` is a macro of GNU compilers
};

}  // namespace coracle::oci
