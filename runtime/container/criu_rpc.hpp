// What coracle and CRIU tell each other, as types and as bytes: pure.
// Field numbers as in CRIU's images/rpc.proto, which keeps them for ever.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.hpp"

namespace coracle::container::criu {

enum class RequestType : std::uint8_t {
  dump = 1,
  restore = 2,
  pre_dump = 4,
  notify = 6,
  feature_check = 9,
  version = 10
};

// "dump", for messages.
std::string_view to_string(RequestType type);

enum class CgroupMode : std::uint8_t { ignore = 0, soft = 3, full = 4, strict = 5, default_ = 6 };
enum class NetworkLock : std::uint8_t { iptables = 1, nftables = 2, skip = 3 };

// The container's mount `key` is the mount `value`: on dump the name under
// which it is looked for on restore, then a path of the host.
struct ExternalMount {
  std::string key;
  std::string value;

  bool operator==(const ExternalMount&) const = default;
};

// CRIU's descriptor `fd` takes the place of what was dumped as `key`.
struct InheritedFd {
  std::string key;
  int fd = -1;
};

struct JoinedNamespace {
  std::string name;  // "ipc"
  std::string path;
};

// The cgroups of one v1 hierarchy ("cpu,cpuacct"; "": v2) are restored below `path`.
struct CgroupRoot {
  std::string controllers;
  std::string path;
};

struct PageServer {
  std::string address;
  int port = 0;
};

// Descriptors are those of the process that made the socket: CRIU opens them in /proc.
struct Options {
  int images_dir_fd = -1;
  int work_dir_fd = -1;
  std::string log_file;
  std::string root;  // of the container, on the host
  std::optional<int> pid;
  CgroupMode manage_cgroups = CgroupMode::default_;
  std::string freeze_cgroup;
  std::string config_file;
  std::string parent_image;  // relative to the images' directory
  std::optional<PageServer> page_server;
  std::string lsm_profile;
  std::string lsm_mount_context;
  std::optional<NetworkLock> network_lock;
  std::vector<ExternalMount> external_mounts;
  std::vector<std::string> external;  // "net[4026532]:extRootNetNS"
  std::vector<InheritedFd> inherited_fds;
  std::vector<JoinedNamespace> joined_namespaces;
  std::vector<CgroupRoot> cgroup_roots;
  bool leave_running = false;
  bool tcp_established = false;
  bool tcp_skip_in_flight = false;
  bool tcp_close = false;
  bool link_remap = false;
  bool ext_unix_sk = false;
  bool shell_job = false;
  bool file_locks = false;
  bool track_mem = false;
  bool auto_dedup = false;
  bool lazy_pages = false;
  bool orphan_pts_master = false;  // the pty's other side is not CRIU's to restore
  bool empty_network = false;      // a new network namespace is left empty
  bool evasive_devices = false;
  bool skip_mode_check = false;     // of restored files: CRIU 3.18
  bool restore_as_sibling = false;  // init becomes our child, not CRIU's
};

struct Features {
  bool mem_track = false;
  bool lazy_pages = false;
};

struct Request {
  RequestType type = RequestType::version;
  std::optional<Options> options;
  std::optional<Features> features;  // to be looked at
  bool notify_success = false;
  bool keep_open = false;  // another request will follow
};

std::string encode(const Request& request);

// CRIU at a step of its work; it goes on when we have answered.
struct Notification {
  std::string step;  // "post-restore"
  int pid = 0;       // of the restored init, where the step has one
};

struct Response {
  bool success = false;
  std::optional<Notification> notification;
  int code = 0;      // errno, or 0
  std::string text;  // CRIU's first error
  Features features;
  int version = 0;  // 4.1.1 is 40101; 0: not told
};

Result<Response> decode(std::string_view bytes);

}  // namespace coracle::container::criu
