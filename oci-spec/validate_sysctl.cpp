// The rules of linux.sysctl: only what a namespace of the container holds.
// Spec: config-linux.md#sysctl; sysctl(8), namespaces(7)
#include <algorithm>
#include <array>

#include "oci-spec/validate.hpp"
#include "oci-spec/validate_parts.hpp"
#include "oci-spec/words.hpp"
#include "runtime/base/strings.hpp"

namespace coracle::oci {

namespace {

// ipc_namespaces(7)
constexpr std::array ipc_names = std::to_array<std::string_view>({
    "kernel/msgmax",
    "kernel/msgmnb",
    "kernel/msgmni",
    "kernel/sem",
    "kernel/shmall",
    "kernel/shmmax",
    "kernel/shmmni",
    "kernel/shm_rmid_forced",
});

bool stays_below(std::string_view path) {
  for (const std::string_view part : split(path, '/'))
    if (part.empty() || part == "." || part == "..") return false;
  return true;
}

// The type of namespace that holds the parameter, if one does.
std::optional<NamespaceType> namespace_of(std::string_view path) {
  if (path.starts_with("net/")) return NamespaceType::network;
  if (path.starts_with("fs/mqueue/")) return NamespaceType::ipc;
  if (std::ranges::find(ipc_names, path) != ipc_names.end()) return NamespaceType::ipc;
  if (path == "kernel/domainname" || path == "kernel/hostname") return NamespaceType::uts;
  if (path.starts_with("user/")) return NamespaceType::user;
  return std::nullopt;
}

Result<void> check_one(const Linux& config, const std::string& key, const std::string& value) {
  const std::string path = sysctl_path(key);
  // "+" and line breaks have been used to smuggle a second setting past tools
  // that pass lists on (CVE-2022-0811).
  if (!stays_below(path) || key.find_first_of("+= \t\r\n") != std::string::npos)
    return broken(in_quotes(key) + " is not a kernel parameter's name", "/linux/sysctl", key);
  if (value.contains('\n'))
    return broken(in_quotes(value) + " has a line break", "/linux/sysctl", key);
  const std::optional<NamespaceType> type = namespace_of(path);
  if (!type)
    return broken(in_quotes(key) + " is not in a separate kernel namespace", "/linux/sysctl", key);
  if (find_namespace(config, *type) == nullptr) {
    const std::string name(word(*type));
    return broken(
        "needs a " + name + " namespace: add {\"type\": \"" + name + "\"} to /linux/namespaces",
        "/linux/sysctl", key);
  }
  if (path == "kernel/hostname")
    return broken("conflicts with the field hostname: set that instead", "/linux/sysctl", key);
  return {};
}

}  // namespace

std::string sysctl_path(std::string_view key) {
  std::string path(key);
  const std::size_t first = path.find_first_of("./");
  if (first == std::string::npos || path[first] == '/') return path;
  for (char& c : path) {
    if (c == '.') {
      c = '/';
    } else if (c == '/') {
      c = '.';
    }
  }
  return path;
}

Result<void> check_sysctl(const Linux& config) {
  for (const auto& [key, value] : config.sysctl) TRY(check_one(config, key, value));
  return {};
}

}  // namespace coracle::oci
