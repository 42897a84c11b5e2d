// Directories in a cgroup file system.  Walks by descriptors: a container can
// nest cgroups until their paths are longer than PATH_MAX.
#include "runtime/cgroup/tree.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <memory>
#include <ranges>

#include "runtime/base/strings.hpp"
#include "runtime/sys/files.hpp"

namespace coracle::cgroup {
namespace {

struct CloseDirectory {
  void operator()(DIR* stream) const { ::closedir(stream); }
};

bool is_gone(const Error& error) {
  return error.code == ENOENT || error.code == ENODEV;
}

Result<std::vector<std::string>> sub_directories(const sys::Fd& dir) {
  sys::Fd listed = TRY(sys::open_at(dir, ".", O_RDONLY | O_DIRECTORY));
  const std::unique_ptr<DIR, CloseDirectory> stream(::fdopendir(listed.get()));
  if (stream == nullptr) return fail_errno("fdopendir");
  listed.release();
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(stream.get())) {
    const std::string_view name = entry->d_name;
    if (entry->d_type == DT_DIR && name != "." && name != "..") names.emplace_back(name);
  }
  return names;
}

Result<std::vector<pid_t>> read_ids(const sys::Fd& dir, const std::string& file) {
  const std::string text = TRY(sys::read_file_at(dir, file));
  std::vector<pid_t> ids;
  for (const std::string_view line : split(text, '\n'))
    if (const auto id = parse_number<pid_t>(line)) ids.push_back(*id);
  return ids;
}

Result<std::vector<pid_t>> collect(const sys::Fd& dir, const std::string& file) {
  auto ids = read_ids(dir, file);
  if (!ids && ids.error().code == EOPNOTSUPP) {
    // A threaded sub-cgroup: its domain, above it, lists the processes.
    ids = std::vector<pid_t>();
  }
  if (!ids) return ids;
  const std::vector<std::string> names = TRY(sub_directories(dir));
  for (const std::string& name : names) {
    const auto sub = sys::open_at(dir, name, O_RDONLY | O_DIRECTORY);
    if (!sub && is_gone(sub.error())) continue;
    if (!sub) return std::unexpected(sub.error());
    const auto more = collect(*sub, file);
    if (!more && is_gone(more.error())) continue;
    if (!more) return more;
    ids->insert(ids->end(), more->begin(), more->end());
  }
  return ids;
}

Result<void> remove_at(const sys::Fd& parent, const std::string& name, Wait& wait);

Result<void> remove_children(const sys::Fd& parent, const std::string& name, Wait& wait) {
  const sys::Fd dir = TRY(sys::open_at(parent, name, O_RDONLY | O_DIRECTORY));
  const std::vector<std::string> names = TRY(sub_directories(dir));
  for (const std::string& child : names) TRY(remove_at(dir, child, wait));
  return {};
}

Result<void> remove_at(const sys::Fd& parent, const std::string& name, Wait& wait) {
  int code = 0;
  do {
    if (::unlinkat(parent.get(), name.c_str(), AT_REMOVEDIR) == 0) return {};
    code = errno;
    // A read-only cgroupfs says EROFS even of what is not there.
    if (::faccessat(parent.get(), name.c_str(), F_OK, 0) != 0 && errno == ENOENT) return {};
    if (code != EBUSY && code != ENOTEMPTY) break;
    auto emptied = remove_children(parent, name, wait);
    if (!emptied && !is_gone(emptied.error())) return emptied;
    if (::unlinkat(parent.get(), name.c_str(), AT_REMOVEDIR) == 0) return {};
  } while (wait.more());
  return fail_errno("rmdir " + name, code);
}

}  // namespace

bool Wait::more() {
  if (std::chrono::steady_clock::now() >= end_) return false;
  const timespec pause{.tv_sec = 0, .tv_nsec = pause_ms_ * 1'000'000L};
  ::nanosleep(&pause, nullptr);
  pause_ms_ = std::min(pause_ms_ * 2, 10);
  return true;
}

NewDirectories::~NewDirectories() {
  for (const std::string& path : std::views::reverse(made_)) ::rmdir(path.c_str());
}

Result<void> NewDirectories::make(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) == 0) {
    made_.push_back(path);
    return {};
  }
  if (errno == EEXIST) return {};
  return fail_errno("mkdir " + path);
}

std::vector<std::string> directories_down_to(const std::string& mount_point,
                                             const std::string& dir) {
  std::vector<std::string> all = {mount_point};
  std::size_t end = mount_point.size();
  while (end < dir.size()) {
    end = std::min(dir.find('/', end + 1), dir.size());
    all.push_back(dir.substr(0, end));
  }
  return all;
}

Result<std::vector<pid_t>> processes_below(const std::string& dir) {
  const auto opened = sys::open_file(dir, O_RDONLY | O_DIRECTORY);
  if (!opened && is_gone(opened.error())) return std::vector<pid_t>();
  if (!opened) return std::unexpected(opened.error());
  const auto own = read_ids(*opened, "cgroup.procs");
  const bool threaded = !own && own.error().code == EOPNOTSUPP;
  auto ids = collect(*opened, threaded ? "cgroup.threads" : "cgroup.procs");
  if (!ids && is_gone(ids.error())) return std::vector<pid_t>();
  if (!ids) return std::move(ids).context(dir);
  std::ranges::sort(*ids);
  ids->erase(std::ranges::unique(*ids).begin(), ids->end());
  return ids;
}

Result<void> remove_tree(const std::string& dir, Wait& wait) {
  const std::size_t slash = dir.rfind('/');
  const auto parent = sys::open_file(dir.substr(0, slash + 1), O_PATH | O_DIRECTORY);
  if (!parent && is_gone(parent.error())) return {};
  if (!parent) return std::unexpected(parent.error());
  return remove_at(*parent, dir.substr(slash + 1), wait).context("remove " + dir);
}

bool is_denial(const Error& error) {
  return error.code == EPERM || error.code == EACCES || error.code == EROFS;
}

}  // namespace coracle::cgroup
