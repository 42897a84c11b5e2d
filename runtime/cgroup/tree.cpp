// Directories in a cgroup file system.  Walks by descriptors: a container can nest cgroups until
// their paths are longer than PATH_MAX and their levels more than a process may open files.
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

// A threaded sub-cgroup lists none: its domain, above it, has its processes.
Result<std::vector<pid_t>> own_ids(const sys::Fd& dir, const std::string& file) {
  auto ids = read_ids(dir, file);
  if (!ids && ids.error().code == EOPNOTSUPP) return std::vector<pid_t>();
  return ids;
}

Result<sys::Fd> open_directory(const sys::Fd& dir, const std::string& name) {
  return sys::open_at(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

// One directory is open at a time, and the way back is "..": neither descriptors nor the stack
// bound the depth.
Result<std::vector<pid_t>> collect(sys::Fd dir, const std::string& file) {
  std::vector<pid_t> all = TRY(own_ids(dir, file));
  std::vector<std::vector<std::string>> to_see = {TRY(sub_directories(dir))};
  while (true) {
    std::vector<std::string>& names = to_see.back();
    if (names.empty()) {
      to_see.pop_back();
      if (to_see.empty()) return all;
      dir = TRY(open_directory(dir, ".."));
      continue;
    }
    auto sub = open_directory(dir, names.back());
    names.pop_back();
    auto ids = sub ? own_ids(*sub, file) : std::unexpected(std::move(sub).error());
    if (!ids && is_gone(ids.error())) continue;
    if (!ids) return ids;
    all.insert(all.end(), ids->begin(), ids->end());
    auto below = sub_directories(*sub);
    if (!below && is_gone(below.error())) continue;
    to_see.push_back(TRY(std::move(below)));
    dir = *std::move(sub);
  }
}

// 0 when it is gone, else why it stays.
int try_rmdir(const sys::Fd& parent, const std::string& name) {
  if (::unlinkat(parent.get(), name.c_str(), AT_REMOVEDIR) == 0) return 0;
  const int code = errno;
  // A read-only cgroupfs says EROFS even of what is not there.
  if (::faccessat(parent.get(), name.c_str(), F_OK, 0) != 0 && errno == ENOENT) return 0;
  return code;
}

bool is_in_use(int code) {
  return code == EBUSY || code == ENOTEMPTY;
}

// Those below `dir`, the deepest first, but for those in use.  As above, by one descriptor.
Result<void> remove_below(sys::Fd dir) {
  struct Level {
    std::string name;
    std::vector<std::string> to_remove;
  };
  std::vector<Level> levels;
  levels.push_back({.name = "", .to_remove = TRY(sub_directories(dir))});
  while (true) {
    if (levels.back().to_remove.empty()) {
      const std::string name = std::move(levels.back().name);
      levels.pop_back();
      if (levels.empty()) return {};
      dir = TRY(open_directory(dir, ".."));
      try_rmdir(dir, name);
      continue;
    }
    const std::string name = std::move(levels.back().to_remove.back());
    levels.back().to_remove.pop_back();
    const int code = try_rmdir(dir, name);
    if (code == 0) continue;
    if (!is_in_use(code)) return fail_errno("rmdir " + name, code);
    auto sub = open_directory(dir, name);
    auto below = sub ? sub_directories(*sub) : std::unexpected(std::move(sub).error());
    if (!below && is_gone(below.error())) continue;
    levels.push_back({.name = name, .to_remove = TRY(std::move(below))});
    dir = *std::move(sub);
  }
}

Result<void> remove_at(const sys::Fd& parent, const std::string& name, Wait& wait) {
  int code = 0;
  do {
    code = try_rmdir(parent, name);
    if (code == 0) return {};
    if (!is_in_use(code)) break;
    auto dir = open_directory(parent, name);
    auto emptied = dir ? remove_below(*std::move(dir)) : std::unexpected(std::move(dir).error());
    if (!emptied && !is_gone(emptied.error())) return emptied;
    if (try_rmdir(parent, name) == 0) return {};
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
  auto opened = sys::open_file(dir, O_RDONLY | O_DIRECTORY);
  if (!opened && is_gone(opened.error())) return std::vector<pid_t>();
  if (!opened) return std::unexpected(opened.error());
  const auto own = read_ids(*opened, "cgroup.procs");
  const bool threaded = !own && own.error().code == EOPNOTSUPP;
  auto ids = collect(*std::move(opened), threaded ? "cgroup.threads" : "cgroup.procs");
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
