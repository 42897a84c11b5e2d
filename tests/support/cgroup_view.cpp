// Showing a program one arrangement of cgroups, in a mount namespace of its own.
#include "tests/support/cgroup_view.hpp"

#include <linux/magic.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/statfs.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace coracle::test {
namespace {

bool is_unified(const char* path) {
  struct statfs facts = {};
  return ::statfs(path, &facts) == 0 && facts.f_type == CGROUP2_SUPER_MAGIC;
}

bool machine_is_v2() {
  return is_unified("/sys/fs/cgroup");
}

bool machine_is_hybrid() {
  return is_unified("/sys/fs/cgroup/unified");
}

bool show_v1() {
  return !machine_is_hybrid() || ::umount2("/sys/fs/cgroup/unified", MNT_DETACH) == 0;
}

bool show_v2() {
  if (machine_is_v2()) return true;
  return ::umount2("/sys/fs/cgroup", MNT_DETACH) == 0 &&
         ::mount("cgroup2", "/sys/fs/cgroup", "cgroup2", MS_NOSUID | MS_NODEV | MS_NOEXEC,
                 nullptr) == 0;
}

}  // namespace

std::string name(CgroupView view) {
  switch (view) {
    case CgroupView::machine:
      return "as it is";
    case CgroupView::v1:
      return "v1";
    case CgroupView::v2:
      return "v2";
    case CgroupView::hybrid:
      return "hybrid";
  }
  return "";
}

std::optional<std::string> why_not(CgroupView view) {
  if (view == CgroupView::machine || view == CgroupView::v2) return std::nullopt;
  if (machine_is_v2()) return "this machine has cgroup v2 only";
  if (view == CgroupView::hybrid && !machine_is_hybrid()) {
    return "this machine has no /sys/fs/cgroup/unified";
  }
  return std::nullopt;
}

std::vector<CgroupView> possible_views() {
  std::vector<CgroupView> all = {CgroupView::hybrid, CgroupView::v1, CgroupView::v2};
  std::erase_if(all, [](CgroupView view) { return why_not(view).has_value(); });
  return all;
}

bool enter(CgroupView view) {
  if (view == CgroupView::machine || view == CgroupView::hybrid) return true;
  if (::unshare(CLONE_NEWNS) || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr)) {
    return false;
  }
  return view == CgroupView::v1 ? show_v1() : show_v2();
}

std::vector<std::string> cgroup_mounts() {
  std::vector<std::string> found;
  std::ifstream mounts("/proc/self/mounts");
  for (std::string line; std::getline(mounts, line);) {
    std::string source;
    std::string path;
    std::string type;
    std::istringstream(line) >> source >> path >> type;
    if (type == "cgroup" || type == "cgroup2") found.push_back(path);
  }
  return found;
}

bool v2_has(const std::string& controller) {
  const std::string root = machine_is_v2() ? "/sys/fs/cgroup" : "/sys/fs/cgroup/unified";
  std::ifstream controllers(root + "/cgroup.controllers");
  for (std::string word; controllers >> word;) {
    if (word == controller) return true;
  }
  return false;
}

std::string some_disk() {
  for (const auto& entry : std::filesystem::directory_iterator("/sys/block")) {
    if (!std::filesystem::exists(entry.path() / "device")) continue;  // loop, zram
    std::string number;
    std::ifstream(entry.path() / "dev") >> number;
    return number;
  }
  return "";
}

}  // namespace coracle::test
