#include "runtime/sys/path.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#include <cstdint>
#include <deque>
#include <vector>

#include "runtime/base/strings.hpp"

namespace coracle::sys {
namespace {

constexpr int most_links = 40;  // as the kernel's MAXSYMLINKS

enum class Missing { is_error, make_directories, make_file };

// Resolves one name after the other with O_NOFOLLOW, so that every symlink is
// read by us.  For kernels and filters without openat2(2), and for creation,
// where the target of a dangling link has to be made.
class Walk {
 public:
  Walk(const Fd& root, Missing missing, mode_t mode)
      : root_(root), missing_(missing), mode_(mode) {}

  Result<Fd> to(std::string_view path) {
    push_front(path);
    while (!names_.empty()) {
      const std::string name = std::move(names_.front());
      names_.pop_front();
      if (name == "..") {
        if (!entered_.empty()) entered_.pop_back();
        continue;
      }
      TRY(enter(name));
    }
    if (!entered_.empty()) return std::move(entered_.back());
    Fd fd(::openat(root_.get(), ".", O_PATH | O_CLOEXEC));
    if (!fd) return fail_errno("open root");
    return fd;
  }

 private:
  int here() const { return entered_.empty() ? root_.get() : entered_.back().get(); }

  void push_front(std::string_view path) {
    std::vector<std::string_view> parts = split(path, '/');
    for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
      if (!part->empty() && *part != ".") names_.emplace_front(*part);
    }
  }

  Result<void> enter(const std::string& name) {
    Fd fd(::openat(here(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!fd && errno == ENOENT && missing_ != Missing::is_error) {
      TRY(make(name));
      fd = Fd(::openat(here(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    }
    if (!fd) return fail_errno("open " + name);
    struct stat status = {};
    if (::fstat(fd.get(), &status) != 0) return fail_errno("fstat " + name);
    if (S_ISLNK(status.st_mode)) return follow(fd, name);
    entered_.push_back(std::move(fd));
    return {};
  }

  Result<void> make(const std::string& name) const {
    if (missing_ == Missing::make_file && names_.empty()) {
      if (::mknodat(here(), name.c_str(), S_IFREG | mode_, 0) != 0 && errno != EEXIST)
        return fail_errno("create " + name);
      return {};
    }
    const mode_t mode = missing_ == Missing::make_file ? 0755 : mode_;
    if (::mkdirat(here(), name.c_str(), mode) != 0 && errno != EEXIST)
      return fail_errno("mkdir " + name);
    return {};
  }

  Result<void> follow(const Fd& link, const std::string& name) {
    if (++links_ > most_links) return fail_errno("resolve " + name, ELOOP);
    std::string target(4096, '\0');
    const ssize_t size = ::readlinkat(link.get(), "", target.data(), target.size());
    if (size < 0) return fail_errno("readlink " + name);
    target.resize(static_cast<std::size_t>(size));
    if (target.starts_with('/')) entered_.clear();
    push_front(target);
    return {};
  }

  const Fd& root_;
  Missing missing_;
  mode_t mode_;
  std::vector<Fd> entered_;
  std::deque<std::string> names_;
  int links_ = 0;
};

Fd openat2_in_root(const Fd& root, const std::string& path, int flags,
                   std::uint64_t resolve = RESOLVE_NO_MAGICLINKS) {
  open_how how = {};
  how.flags = static_cast<std::uint64_t>(flags) | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | resolve;
  // EAGAIN: something below the root was renamed while we resolved "..".
  for (int tries = 0; tries < 128; ++tries) {
    const long fd = ::syscall(SYS_openat2, root.get(), path.c_str(), &how, sizeof how);
    if (fd >= 0) return Fd(static_cast<int>(fd));
    if (errno != EAGAIN && errno != EINTR) break;
  }
  return Fd();
}

Result<Fd> reopen(const Fd& fd, int flags) {
  if ((flags & O_PATH) != 0) return fail_errno("reopen", EINVAL);
  Fd opened(::open(proc_path(fd).c_str(), flags | O_CLOEXEC));
  if (!opened) return fail_errno("reopen");
  return opened;
}

// openat2 first; a missing name is then made by the walk, which does not look at what it ends at.
Result<Fd> make_in_root(const Fd& root, std::string_view path, Missing missing, mode_t mode) {
  const int kind = missing == Missing::make_directories ? O_DIRECTORY : 0;
  Fd found = openat2_in_root(root, std::string(path.empty() ? "/" : path), O_PATH | kind);
  if (found) return found;
  if (errno != ENOENT && errno != ENOSYS && errno != EPERM)
    return fail_errno("open " + std::string(path) + " in the container");
  Fd made = TRY(Walk(root, missing, mode).to(path).context("make " + std::string(path)));
  if (kind == O_DIRECTORY && !S_ISDIR(TRY(status_of(made)).st_mode))
    return fail_errno("mkdir " + std::string(path), ENOTDIR);
  return made;
}

}  // namespace

Result<Fd> open_in_root(const Fd& root, std::string_view path, int flags) {
  const std::string text(path.empty() ? "/" : path);
  Fd fd = openat2_in_root(root, text, flags);
  if (fd) return fd;
  if (errno != ENOSYS && errno != EPERM) return fail_errno("open " + text + " in the container");
  Fd found = TRY(Walk(root, Missing::is_error, 0).to(path).context(text));
  if ((flags & O_PATH) == 0) return reopen(found, flags).context(text);
  const struct stat status = TRY(status_of(found));
  if ((flags & O_DIRECTORY) != 0 && !S_ISDIR(status.st_mode))
    return fail_errno("open " + text + " in the container", ENOTDIR);
  return found;
}

Fd open_plain_in_root(const Fd& root, const std::string& path, int flags) {
  return openat2_in_root(root, path, flags, RESOLVE_NO_SYMLINKS);
}

Result<Fd> make_directory_in_root(const Fd& root, std::string_view path, mode_t mode) {
  return make_in_root(root, path, Missing::make_directories, mode);
}

Result<Fd> make_file_in_root(const Fd& root, std::string_view path, mode_t mode) {
  return make_in_root(root, path, Missing::make_file, mode);
}

Result<Place> place_in_root(const Fd& root, std::string_view path) {
  const std::size_t slash = path.find_last_of('/');
  const std::string_view name = slash == std::string_view::npos ? path : path.substr(slash + 1);
  const std::string_view parent = slash == std::string_view::npos ? "" : path.substr(0, slash);
  if (name.empty() || name == "." || name == "..")
    return fail("path " + in_quotes(path) + " does not end in a name");
  Fd directory = TRY(make_directory_in_root(root, parent, 0755));
  return Place{.directory = std::move(directory), .name = std::string(name)};
}

bool is_below(std::string_view path, std::string_view directory) {
  if (directory == "/") return true;
  return path == directory || (path.starts_with(directory) && path[directory.size()] == '/');
}

Result<struct stat> status_of(const Fd& fd) {
  struct stat status = {};
  if (::fstat(fd.get(), &status) != 0) return fail_errno("fstat");
  return status;
}

std::string proc_path(const Fd& fd) {
  return "/proc/self/fd/" + std::to_string(fd.get());
}

Result<std::string> path_of(const Fd& fd) {
  std::string path(4096, '\0');
  const ssize_t size = ::readlink(proc_path(fd).c_str(), path.data(), path.size());
  if (size < 0) return fail_errno("readlink " + proc_path(fd));
  path.resize(static_cast<std::size_t>(size));
  return path;
}

}  // namespace coracle::sys
