#include "runtime/init/copy_up.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "runtime/sys/files.hpp"

namespace coracle::init {
namespace {

constexpr int most_levels = 256;

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

// One name in two directories.
struct Entry {
  const sys::Fd& from;
  const sys::Fd& to;
  std::string name;
  struct stat status;
};

Result<void> copy_owner_and_mode(const Entry& entry) {
  if (::fchownat(entry.to.get(), entry.name.c_str(), entry.status.st_uid, entry.status.st_gid,
                 AT_SYMLINK_NOFOLLOW) != 0)
    return fail_errno("chown " + entry.name);
  if (S_ISLNK(entry.status.st_mode)) return {};
  // After chown(2), which clears the set-id bits.
  if (::fchmodat(entry.to.get(), entry.name.c_str(), entry.status.st_mode & 07777U, 0) != 0)
    return fail_errno("chmod " + entry.name);
  return {};
}

Result<void> copy_bytes(const Entry& entry) {
  const sys::Fd from =
      TRY(sys::open_at(entry.from, entry.name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
  const sys::Fd to =
      TRY(sys::open_at(entry.to, entry.name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
  while (true) {
    const ssize_t sent = ::sendfile(to.get(), from.get(), nullptr, 1 << 30);
    if (sent < 0) return fail_errno("copy " + entry.name);
    if (sent == 0) return {};
  }
}

Result<void> copy_link(const Entry& entry) {
  std::string target(4096, '\0');
  const ssize_t size =
      ::readlinkat(entry.from.get(), entry.name.c_str(), target.data(), target.size());
  if (size < 0) return fail_errno("readlink " + entry.name);
  target.resize(static_cast<std::size_t>(size));
  if (::symlinkat(target.c_str(), entry.to.get(), entry.name.c_str()) != 0)
    return fail_errno("symlink " + entry.name);
  return {};
}

Result<void> copy_node(const Entry& entry) {
  if (::mknodat(entry.to.get(), entry.name.c_str(), entry.status.st_mode, entry.status.st_rdev) !=
      0)
    return fail_errno("mknod " + entry.name);
  return {};
}

Result<void> copy_tree(const sys::Fd& from, const sys::Fd& to, int level);

Result<void> copy_directory(const Entry& entry, int level) {
  if (::mkdirat(entry.to.get(), entry.name.c_str(), 0700) != 0)
    return fail_errno("mkdir " + entry.name);
  constexpr int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
  const sys::Fd from = TRY(sys::open_at(entry.from, entry.name, flags));
  const sys::Fd to = TRY(sys::open_at(entry.to, entry.name, flags));
  return copy_tree(from, to, level + 1).context(entry.name);
}

Result<void> copy_entry(const Entry& entry, int level) {
  switch (entry.status.st_mode & S_IFMT) {
    case S_IFDIR:
      TRY(copy_directory(entry, level));
      break;
    case S_IFREG:
      TRY(copy_bytes(entry));
      break;
    case S_IFLNK:
      TRY(copy_link(entry));
      break;
    default:
      TRY(copy_node(entry));
  }
  return copy_owner_and_mode(entry);
}

Result<void> copy_tree(const sys::Fd& from, const sys::Fd& to, int level) {
  if (level > most_levels) return fail("too many levels of directories");
  sys::Fd listing = TRY(sys::open_at(from, ".", O_RDONLY | O_DIRECTORY));
  const Directory directory(::fdopendir(listing.get()));
  if (!directory) return fail_errno("fdopendir");
  std::ignore = listing.release();  // closedir(3) closes it
  errno = 0;
  while (const dirent* found = ::readdir(directory.get())) {
    Entry entry = {.from = from, .to = to, .name = found->d_name, .status = {}};
    if (entry.name == "." || entry.name == "..") continue;
    if (::fstatat(from.get(), entry.name.c_str(), &entry.status, AT_SYMLINK_NOFOLLOW) != 0)
      return fail_errno("stat " + entry.name);
    TRY(copy_entry(entry, level));
    errno = 0;
  }
  if (errno != 0) return fail_errno("readdir");
  return {};
}

}  // namespace

Result<void> copy_up(const sys::Fd& from, const sys::Fd& to) {
  return copy_tree(from, to, 0).context("tmpcopyup");
}

}  // namespace coracle::init
