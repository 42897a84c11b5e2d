// What a container may have left on the host.
#include "tests/support/leftovers.hpp"

#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <system_error>

#include "tests/support/bundle.hpp"

namespace coracle::test {
namespace fs = std::filesystem;

namespace {

bool is_number(const std::string& name) {
  return std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; });
}

// Of a zombie both files are empty: it is no leftover of a container but of the test.
bool belongs(const std::string& pid, const std::string& id, const std::string& cgroup) {
  const std::string words = read_file("/proc/" + pid + "/cmdline");
  if (words.empty()) return false;
  const std::string with_ends = '\0' + words;
  return read_file("/proc/" + pid + "/cgroup").find(cgroup + "\n") != std::string::npos ||
         with_ends.find('\0' + id + '\0') != std::string::npos;
}

}  // namespace

bool has_containers(const std::string& root) {
  return std::ranges::any_of(fs::directory_iterator(root), [](const fs::directory_entry& entry) {
    return !entry.path().filename().string().starts_with('@');
  });
}

std::vector<std::string> cgroup_directories(const std::string& path) {
  std::vector<std::string> found;
  for (const std::string& mount : cgroup_mounts()) {
    if (fs::exists(mount + path)) found.push_back(mount + path);
  }
  return found;
}

std::vector<std::string> processes_of(const std::string& id, const std::string& cgroup) {
  std::vector<std::string> found;
  for (const fs::directory_entry& entry : fs::directory_iterator("/proc")) {
    const std::string pid = entry.path().filename();
    if (!is_number(pid) || !belongs(pid, id, cgroup)) continue;
    std::string words = read_file("/proc/" + pid + "/cmdline");
    std::ranges::replace(words, '\0', ' ');
    found.push_back(pid + " (" + words + ")");
  }
  return found;
}

void remove_cgroups(const std::string& path) {
  for (const std::string& directory : cgroup_directories(path)) {
    std::vector<std::string> all = {directory};
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(directory)) {
      if (entry.is_directory()) all.push_back(entry.path());
    }
    std::ranges::sort(all, std::ranges::greater{}, &std::string::size);
    for (const std::string& each : all) ::rmdir(each.c_str());
  }
}

void remove_tree(const std::string& path) {
  for (const std::string& mount : host_mounts()) {
    const std::string at = mount.substr(0, mount.find(' '));
    if (at.starts_with(path + "/")) ::umount2(at.c_str(), MNT_DETACH);
  }
  std::error_code problem;
  fs::remove_all(path, problem);
}

}  // namespace coracle::test
