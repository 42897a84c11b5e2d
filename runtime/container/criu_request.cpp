// The parts of a request that follow from the container and from the host.
#include "runtime/container/criu_request.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "runtime/base/strings.hpp"
#include "runtime/plan/plan.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/namespaces.hpp"
#include "runtime/sys/process.hpp"

namespace coracle::container::criu {
namespace {

std::string config_file(const std::map<std::string, std::string>& annotations) {
  const auto own = annotations.find("org.criu.config");
  if (own != annotations.end()) return own->second;
  for (const char* file : {"/etc/criu/coracle.conf", "/etc/criu/runc.conf"})
    if (::access(file, R_OK) == 0) return file;
  return {};
}

// Namespaces that CRIU can take as they are, with its names for them.
struct External {
  oci::NamespaceType type;
  const char* name;
  const char* key;
  std::uint64_t clone_flag;
};
constexpr External externals[] = {
    {oci::NamespaceType::network, "net", "extRootNetNS", CLONE_NEWNET},
    {oci::NamespaceType::pid, "pid", "extRootPidNS", CLONE_NEWPID},
};

const External* find_external(oci::NamespaceType type) {
  const auto found = std::ranges::find(externals, type, &External::type);
  return found == std::end(externals) ? nullptr : found;
}

// What CRIU joins by path; nothing where it cannot.
std::optional<std::string> join_name(oci::NamespaceType type) {
  switch (type) {
    case oci::NamespaceType::mount:
      return "mnt";
    case oci::NamespaceType::ipc:
      return "ipc";
    case oci::NamespaceType::uts:
      return "uts";
    case oci::NamespaceType::user:
      return "user";
    case oci::NamespaceType::time:
      return "time";
    case oci::NamespaceType::cgroup:
    case oci::NamespaceType::network:
    case oci::NamespaceType::pid:
      break;
  }
  return std::nullopt;
}

}  // namespace

const std::string& log_directory(const Images& images) {
  return images.work.empty() ? images.directory : images.work;
}

Options with_files(Options options, const std::string& log_file,
                   const std::map<std::string, std::string>& annotations) {
  options.log_file = log_file;
  options.config_file = config_file(annotations);
  // Interfaces belong to whoever made them: an engine, a hook, netDevices.
  options.empty_network = true;
  options.orphan_pts_master = true;
  return options;
}

bool has_own_mounts(const oci::Linux& config) {
  return plan::namespace_use(config, oci::NamespaceType::mount) == plan::NamespaceUse::created;
}

Result<std::vector<std::string>> namespaces_to_leave_out(const oci::Linux& config, pid_t init) {
  std::vector<std::string> left_out;
  for (const oci::Namespace& joined : config.namespaces) {
    const External* external = find_external(joined.type);
    if (external == nullptr || joined.path.empty()) continue;
    const std::string path = "/proc/" + std::to_string(init) + "/ns/" + external->name;
    struct stat status = {};
    if (::stat(path.c_str(), &status) != 0) return fail_errno("stat " + path);
    left_out.push_back(std::string(external->name) + "[" + std::to_string(status.st_ino) +
                       "]:" + external->key);
  }
  return left_out;
}

Result<NamespacesToJoin> namespaces_to_join(const oci::Linux& config) {
  NamespacesToJoin joins;
  for (const oci::Namespace& joined : config.namespaces) {
    if (joined.path.empty()) continue;
    if (const External* external = find_external(joined.type)) {
      joins.fds.push_back(TRY(sys::open_namespace(joined.path, external->clone_flag)));
      joins.keys.emplace_back(external->key);
      continue;
    }
    const auto name = join_name(joined.type);
    if (!name) return fail("CRIU cannot restore into a cgroup namespace: " + joined.path);
    joins.by_path.push_back({.name = *name, .path = joined.path});
  }
  return joins;
}

std::string freezer_of(const cgroup::Host& host, const cgroup::Paths& paths) {
  for (const cgroup::Hierarchy& hierarchy : host.v1) {
    if (std::ranges::find(hierarchy.controllers, "freezer") == hierarchy.controllers.end())
      continue;
    const auto path = paths.v1.find(hierarchy.controllers.front());
    return path == paths.v1.end() ? std::string() : path->second;
  }
  return paths.v2;
}

std::vector<CgroupRoot> parse_cgroup_roots(std::string_view text) {
  std::vector<CgroupRoot> roots;
  for (const std::string_view line : split(text, '\n')) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == line.npos ? line.npos : line.find(':', first + 1);
    if (second == line.npos) continue;
    roots.push_back({.controllers = std::string(line.substr(first + 1, second - first - 1)),
                     .path = std::string(line.substr(second + 1))});
  }
  return roots;
}

Result<std::vector<CgroupRoot>> cgroup_roots_of(pid_t pid) {
  const std::string text = TRY(sys::read_file("/proc/" + std::to_string(pid) + "/cgroup"));
  return parse_cgroup_roots(text);
}

}  // namespace coracle::container::criu
