// Configurations that real engines wrote, and the rules that make them run on this machine.
#include "tests/support/captured.hpp"

#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include <doctest/doctest.h>

namespace coracle::test {
namespace fs = std::filesystem;

namespace {

constexpr const char* captured_folder = CORACLE_TEST_DATA "/captured";

// An init that engines put before the program, and a pod's process that only waits: the probe can
// be each of them, it skips a leading "--".
bool stands_for_probe(const std::string& name) {
  return name == "docker-init" || name == "catatonit";
}

bool is_directory_name(const std::string& name) {
  return name == "shm" || name == "data";
}

void own(const std::string& path, unsigned owner) {
  REQUIRE(::lchown(path.c_str(), owner, owner) == 0);
}

// A stand-in for the source that the engine had: an empty directory, a short file or the probe.
std::string make_source(const Bundle& bundle, const std::string& name, unsigned owner) {
  const std::string path = bundle.path("sources/" + name);
  fs::create_directories(bundle.path("sources"));
  fs::remove_all(path);
  if (is_directory_name(name)) {
    fs::create_directory(path);
  } else if (stands_for_probe(name)) {
    fs::copy_file(bundle.rootfs() + "/bin/probe", path);
  } else {
    write_file(path, name + " of the engine\n");
  }
  own(path, owner);
  return path;
}

bool is_bind(const Json& mount) {
  if (mount.value("type", "") == "bind") return true;
  const Json options = mount.value("options", Json::array());
  return std::ranges::any_of(options, [](const Json& o) { return o == "bind" || o == "rbind"; });
}

void adapt_sources(Json& config, const Bundle& bundle) {
  for (Json& mount : config["mounts"]) {
    if (!is_bind(mount)) continue;
    const fs::path source = mount.at("source").get<std::string>();
    if (fs::exists(source) && !stands_for_probe(source.filename())) continue;
    mount["source"] = make_source(bundle, source.filename(), mapped_root(config));
  }
}

void adapt_namespaces(Json& config, const NamespaceHolder& holder) {
  for (Json& item : config["linux"]["namespaces"]) {
    if (!item.contains("path")) continue;
    const std::string path = item["path"];
    // What Docker writes for `--network host`: its name for the host's namespace.
    const bool host_network = path.ends_with("/netns/default");
    item["path"] = host_network ? "/proc/" + std::to_string(::getpid()) + "/ns/net"
                                : holder.path(item["type"]);
  }
}

// SELinux's directory exists only where the module is active.
void adapt_labels(Json& config) {
  if (!has_apparmor_profile(config["process"])) config["process"].erase("apparmorProfile");
  if (fs::exists("/sys/fs/selinux/enforce")) return;
  config["process"].erase("selinuxLabel");
  config["linux"].erase("mountLabel");
}

bool may_raise_limits() {
  return ::prctl(PR_CAPBSET_READ, CAP_SYS_RESOURCE) == 1;
}

rlim_t hard_limit(const std::string& type) {
  static const std::map<std::string, __rlimit_resource_t> numbers = {
      {"RLIMIT_NOFILE", RLIMIT_NOFILE}, {"RLIMIT_NPROC", RLIMIT_NPROC}};
  rlimit limit = {};
  REQUIRE(::getrlimit(numbers.at(type), &limit) == 0);
  return limit.rlim_max;
}

[[noreturn]] void hold_namespaces(int ready) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int kinds = CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
  if (::unshare(kinds) == 0) ::eventfd_write(ready, 1);
  for (;;) ::pause();
}

}  // namespace

std::vector<std::string> captured_by(std::string_view engine) {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(captured_folder)) {
    const std::string name = entry.path().filename();
    if (entry.is_directory() && name.starts_with(engine)) names.push_back(name);
  }
  std::ranges::sort(names);
  return names;
}

Json captured_config(const std::string& name) {
  return Json::parse(read_file(captured_folder + ("/" + name) + "/config.json"));
}

NamespaceHolder::NamespaceHolder() {
  const int ready = ::eventfd(0, EFD_CLOEXEC);
  pid_ = ::fork();
  REQUIRE(pid_ >= 0);
  if (pid_ == 0) hold_namespaces(ready);
  eventfd_t unshared = 0;
  REQUIRE(::eventfd_read(ready, &unshared) == 0);
  ::close(ready);
}

NamespaceHolder::~NamespaceHolder() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

std::string NamespaceHolder::path(const std::string& type) const {
  const std::map<std::string, std::string> files = {
      {"network", "net"}, {"ipc", "ipc"}, {"uts", "uts"}};
  return "/proc/" + std::to_string(pid_) + "/ns/" + files.at(type);
}

bool has_apparmor_profile(const Json& process) {
  const std::string name = process.value("apparmorProfile", "");
  const std::string loaded = "\n" + read_file("/sys/kernel/security/apparmor/profiles");
  return loaded.find("\n" + name + " (") != std::string::npos;
}

unsigned mapped_root(const Json& config) {
  const Json& linux_part = config.at("linux");
  return linux_part.contains("uidMappings")
             ? linux_part["uidMappings"][0].at("hostID").get<unsigned>()
             : 0;
}

void make_busybox_rootfs(const Bundle& bundle, unsigned owner) {
  const std::string probe = bundle.path("probe");
  const std::string rootfs = bundle.rootfs();
  if (!fs::exists(probe)) fs::copy_file(rootfs + "/probe", probe);
  fs::remove_all(rootfs);
  for (const char* name : {"bin", "etc", "home", "root", "tmp", "usr/bin", "var/tmp"}) {
    fs::create_directories(rootfs + "/" + name);
  }
  fs::permissions(rootfs + "/tmp", fs::perms(01777));
  fs::copy_file(probe, rootfs + "/bin/probe");
  fs::create_symlink("bin/probe", rootfs + "/catatonit");  // of Podman's image for pods
  fs::copy_file("/bin/busybox", rootfs + "/bin/busybox");
  for (const char* name : {"sh", "id", "cat", "sleep", "tty", "dd"}) {
    fs::create_symlink("busybox", rootfs + "/bin/" + name);
  }
  write_file(rootfs + "/etc/passwd",
             "root:x:0:0:root:/root:/bin/sh\n"
             "user:x:1000:1000:user:/home:/bin/sh\n");
  write_file(rootfs + "/etc/group", "root:x:0:\nwheel:x:10:root\nuser:x:1000:\n");
  bundle.own_rootfs(owner);
}

bool lower_rlimits(Json& config) {
  if (!config.at("process").contains("rlimits") || may_raise_limits()) return false;
  bool lowered = false;
  for (Json& limit : config["process"]["rlimits"]) {
    const rlim_t most = hard_limit(limit.at("type"));
    for (const char* end : {"soft", "hard"}) {
      if (limit.at(end).get<rlim_t>() <= most) continue;
      limit[end] = most;
      lowered = true;
    }
  }
  return lowered;
}

void adapt_to_runc(Json& config) {
  config["ociVersion"] = "1.0.2";
  if (may_raise_limits()) return;
  for (Json& set : config["process"]["capabilities"]) {
    const auto withheld = std::ranges::find(set, Json("CAP_SYS_RESOURCE"));
    if (withheld != set.end()) set.erase(withheld);
  }
}

void adapt(Json& config, const Bundle& bundle, const NamespaceHolder& holder) {
  config["root"]["path"] = bundle.rootfs();
  // Without one the container gets a cgroup of the runtime's choice, here as there.
  if (config["linux"].contains("cgroupsPath"))
    config["linux"]["cgroupsPath"] = bundle.cgroups_path();
  config.erase("hooks");
  adapt_sources(config, bundle);
  adapt_namespaces(config, holder);
  adapt_labels(config);
}

}  // namespace coracle::test
