// linux.sysctl -> files below /proc/sys, namespaced ones only.
// Spec: config-linux.md#sysctl; sysctl(8)
#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/strings.hpp"
#include "runtime/plan/paths.hpp"
#include "runtime/plan/plan.hpp"

namespace coracle::plan {
namespace {

using oci::NamespaceType;

// Of the IPC namespace, beside all of fs/mqueue.
constexpr std::array<std::string_view, 8> ipc_paths = {
    "kernel/msgmax", "kernel/msgmnb", "kernel/msgmni", "kernel/sem",
    "kernel/shmall", "kernel/shmmax", "kernel/shmmni", "kernel/shm_rmid_forced",
};

// As sysctl(8): the first separator tells which of "." and "/" separates; the
// other one stands for itself ("net.ipv4.conf.eth0/1.rp_filter" is of eth0.1).
std::string path_of(std::string_view key) {
  std::string path(key);
  const std::size_t first = path.find_first_of("./");
  if (first == std::string::npos || path[first] == '/') return path;
  for (char& letter : path) {
    if (letter == '.') {
      letter = '/';
    } else if (letter == '/') {
      letter = '.';
    }
  }
  return path;
}

// Nothing that leaves /proc/sys or stays where it is.
bool is_plain(std::string_view path) {
  return std::ranges::none_of(split(path, '/'), [](std::string_view part) {
    return part.empty() || part == "." || part == "..";
  });
}

bool has_own(const oci::Linux& config, NamespaceType type) {
  return std::ranges::any_of(config.namespaces,
                             [type](const oci::Namespace& each) { return each.type == type; });
}

std::string pointer_to(const std::string& key) {
  return "/linux/sysctl: sysctl " + in_quotes(key);
}

// The sentences are those that users know from runc.
Result<void> check_namespace(const oci::Linux& config, const std::string& key,
                             std::string_view path) {
  if (std::ranges::find(ipc_paths, path) != ipc_paths.end() || path.starts_with("fs/mqueue/")) {
    if (has_own(config, NamespaceType::ipc)) return {};
    return fail(pointer_to(key) + " is not allowed in the hosts ipc namespace");
  }
  if (path.starts_with("net/")) {
    if (has_own(config, NamespaceType::network)) return {};
    return fail(pointer_to(key) + " not allowed in host network namespace");
  }
  if (path == "kernel/domainname" && has_own(config, NamespaceType::uts)) return {};
  if (path == "kernel/hostname" && has_own(config, NamespaceType::uts)) {
    return fail(pointer_to(key) +
                " is not allowed as it conflicts with the OCI \"hostname\" field");
  }
  if (path.starts_with("user/")) {
    if (has_own(config, NamespaceType::user)) return {};
    return fail(pointer_to(key) + ": setting ucounts without a user namespace not allowed");
  }
  return fail(pointer_to(key) + " is not in a separate kernel namespace");
}

Result<Sysctl> plan_sysctl(const oci::Linux& config, const std::string& key,
                           const std::string& value) {
  const std::string path = path_of(key);
  if (!is_plain(path) || has_nul(path))
    return fail(pointer_to(key) + " is not a name below /proc/sys");
  TRY(check_namespace(config, key, path));
  if (value.find('\n') != std::string::npos || has_nul(value)) {
    return fail(pointer_to(key) + ": value " + in_quotes(value) + " is not one line");
  }
  return Sysctl{.path = path, .value = value};
}

}  // namespace

Result<std::vector<Sysctl>> plan_sysctls(const oci::Linux& config) {
  std::vector<Sysctl> sysctls;
  for (const auto& [key, value] : config.sysctl) {
    Sysctl sysctl = TRY(plan_sysctl(config, key, value));
    sysctls.push_back(std::move(sysctl));
  }
  return sysctls;
}

}  // namespace coracle::plan
