// config.json as a value that tests patch, and the patches that several of them make.
#include "tests/support/config.hpp"

namespace coracle::test {
namespace {

void remove_where(Json& list, const char* field, std::string_view value) {
  Json kept = Json::array();
  for (const Json& item : list) {
    if (item.at(field) != value) kept.push_back(item);
  }
  list = kept;
}

void add_default_mounts(Json& config) {
  add_mount(config, "/proc", "proc", "proc", {});
  add_mount(config, "/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"});
  add_mount(config, "/dev/pts", "devpts", "devpts",
            {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"});
  add_mount(config, "/dev/shm", "tmpfs", "shm", {"nosuid", "noexec", "nodev", "mode=1777"});
  add_mount(config, "/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"});
}

}  // namespace

Json default_config() {
  Json config = {
      {"ociVersion", "1.0.2"},
      {"process",
       {{"terminal", false},
        {"user", {{"uid", 0}, {"gid", 0}}},
        {"args", {"/probe", "ids"}},
        {"env", {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}},
        {"cwd", "/"},
        {"noNewPrivileges", true}}},
      {"root", {{"path", "rootfs"}, {"readonly", false}}},
      {"hostname", "probe"},
      {"mounts", Json::array()},
      {"linux", {{"namespaces", Json::array()}}},
  };
  set_capabilities(config, {"CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"});
  add_default_mounts(config);
  for (const char* type : {"pid", "network", "ipc", "uts", "mount"}) add_namespace(config, type);
  return config;
}

void add_namespace(Json& config, const std::string& type, const std::string& path) {
  Json item = {{"type", type}};
  if (!path.empty()) item["path"] = path;
  config["linux"]["namespaces"].push_back(item);
}

void drop_namespace(Json& config, std::string_view type) {
  remove_where(config["linux"]["namespaces"], "type", type);
}

void add_mount(Json& config, const std::string& destination, const std::string& type,
               const std::string& source, const std::vector<std::string>& options) {
  config["mounts"].push_back(
      {{"destination", destination}, {"type", type}, {"source", source}, {"options", options}});
}

void drop_mount(Json& config, std::string_view destination) {
  remove_where(config["mounts"], "destination", destination);
}

void map_ids(Json& config, unsigned host_id, unsigned size) {
  drop_namespace(config, "user");
  add_namespace(config, "user");
  const Json map = {{{"containerID", 0}, {"hostID", host_id}, {"size", size}}};
  config["linux"]["uidMappings"] = map;
  config["linux"]["gidMappings"] = map;
}

void set_capabilities(Json& config, const std::vector<std::string>& names) {
  const Json none = Json::array();
  config["process"]["capabilities"] = {{"bounding", names},
                                       {"effective", names},
                                       {"permitted", names},
                                       {"inheritable", none},
                                       {"ambient", none}};
}

Json seccomp(const Json& rules) {
  return {{"defaultAction", "SCMP_ACT_ALLOW"},
          {"architectures", {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86"}},
          {"syscalls", rules}};
}

}  // namespace coracle::test
