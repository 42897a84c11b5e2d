#include "runtime/sys/mounts.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "runtime/base/strings.hpp"
#include "runtime/sys/path.hpp"

#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif
#ifndef MOUNT_ATTR_IDMAP
#define MOUNT_ATTR_IDMAP 0x00100000
#endif
#ifndef ST_NOSYMFOLLOW
#define ST_NOSYMFOLLOW 0x2000
#endif

namespace coracle::sys {
namespace {

struct FlagPair {
  unsigned long mount_flag;
  std::uint64_t attribute;
};

constexpr std::array<FlagPair, 6> flag_pairs = {{
    {MS_RDONLY, MOUNT_ATTR_RDONLY},
    {MS_NOSUID, MOUNT_ATTR_NOSUID},
    {MS_NODEV, MOUNT_ATTR_NODEV},
    {MS_NOEXEC, MOUNT_ATTR_NOEXEC},
    {MS_NODIRATIME, MOUNT_ATTR_NODIRATIME},
    {MS_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW},
}};

struct SuperblockFlag {
  unsigned long flag;
  const char* word;
};

// What fsconfig(2) calls the flags that belong to the superblock.
constexpr std::array<SuperblockFlag, 5> superblock_flags = {{
    {MS_RDONLY, "ro"},
    {MS_SYNCHRONOUS, "sync"},
    {MS_DIRSYNC, "dirsync"},
    {MS_LAZYTIME, "lazytime"},
    {MS_MANDLOCK, "mand"},
}};

constexpr unsigned long atime_flags = MS_NOATIME | MS_RELATIME | MS_STRICTATIME;

// The kernel writes why it refused into the context's log: "e tmpfs: Bad value for 'size'".
std::string context_log(const Fd& context) {
  std::string message(512, '\0');
  const ssize_t size = ::read(context.get(), message.data(), message.size());
  if (size <= 2) return {};
  message.resize(static_cast<std::size_t>(size));
  return " (" + std::string(trim(std::string_view(message).substr(2))) + ")";
}

Result<void> configure(const Fd& context, unsigned command, const char* key, const char* value) {
  if (::syscall(SYS_fsconfig, context.get(), command, key, value, 0) == 0) return {};
  const int code = errno;
  std::string what = "fsconfig";
  if (key != nullptr) what += " " + std::string(key);
  if (value != nullptr) what += "=" + std::string(value);
  return fail_errno(what + context_log(context), code);
}

// Commas inside double quotes belong to the value: SELinux levels have them.
std::vector<std::string> split_options(std::string_view data) {
  std::vector<std::string> options;
  std::string option;
  bool in_quotes = false;
  for (const char c : data) {
    if (c == '"') in_quotes = !in_quotes;
    if (c == ',' && !in_quotes) {
      options.push_back(std::exchange(option, {}));
    } else if (c != '"') {
      option += c;
    }
  }
  options.push_back(std::move(option));
  std::erase_if(options, [](const std::string& text) { return text.empty(); });
  return options;
}

Result<void> configure_all(const Fd& context, const Filesystem& filesystem) {
  if (!filesystem.source.empty())
    TRY(configure(context, FSCONFIG_SET_STRING, "source", filesystem.source.c_str()));
  for (const SuperblockFlag& entry : superblock_flags) {
    if ((filesystem.flags & entry.flag) != 0)
      TRY(configure(context, FSCONFIG_SET_FLAG, entry.word, nullptr));
  }
  for (const std::string& option : split_options(filesystem.data)) {
    const std::size_t equals = option.find('=');
    if (equals == std::string::npos) {
      TRY(configure(context, FSCONFIG_SET_FLAG, option.c_str(), nullptr));
    } else {
      TRY(configure(context, FSCONFIG_SET_STRING, option.substr(0, equals).c_str(),
                    option.substr(equals + 1).c_str()));
    }
  }
  return configure(context, FSCONFIG_CMD_CREATE, nullptr, nullptr);
}

unsigned long flags_now(const Fd& mount) {
  struct statvfs now = {};
  if (::fstatvfs(mount.get(), &now) != 0) return 0;
  constexpr std::array<std::pair<unsigned long, unsigned long>, 8> pairs = {{
      {ST_RDONLY, MS_RDONLY},
      {ST_NOSUID, MS_NOSUID},
      {ST_NODEV, MS_NODEV},
      {ST_NOEXEC, MS_NOEXEC},
      {ST_NOATIME, MS_NOATIME},
      {ST_NODIRATIME, MS_NODIRATIME},
      {ST_RELATIME, MS_RELATIME},
      {ST_NOSYMFOLLOW, MS_NOSYMFOLLOW},
  }};
  unsigned long flags = 0;
  for (const auto& [status_flag, mount_flag] : pairs) {
    if ((now.f_flag & status_flag) != 0) flags |= mount_flag;
  }
  if ((flags & atime_flags) == 0) flags |= MS_STRICTATIME;
  return flags;
}

unsigned long legacy_flags(std::uint64_t attributes) {
  unsigned long flags = 0;
  for (const FlagPair& pair : flag_pairs) {
    if ((attributes & pair.attribute) != 0) flags |= pair.mount_flag;
  }
  return flags;
}

}  // namespace

Result<MountFd> clone_mount(const Fd& source, bool recursive) {
  const unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH |
                         (recursive ? static_cast<unsigned>(AT_RECURSIVE) : 0U);
  MountFd mount(static_cast<int>(::syscall(SYS_open_tree, source.get(), "", flags)));
  if (!mount) return fail_errno("open_tree");
  return mount;
}

Result<MountFd> clone_mount_at(const std::string& path, bool recursive, bool nofollow) {
  const unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC |
                         (recursive ? static_cast<unsigned>(AT_RECURSIVE) : 0U) |
                         (nofollow ? static_cast<unsigned>(AT_SYMLINK_NOFOLLOW) : 0U);
  MountFd mount(static_cast<int>(::syscall(SYS_open_tree, AT_FDCWD, path.c_str(), flags)));
  if (!mount) return fail_errno("open_tree " + path);
  return mount;
}

Result<MountFd> new_filesystem(const Filesystem& filesystem) {
  const Fd context(
      static_cast<int>(::syscall(SYS_fsopen, filesystem.type.c_str(), FSOPEN_CLOEXEC)));
  if (!context) return fail_errno("fsopen " + filesystem.type);
  TRY(configure_all(context, filesystem).context("mount " + filesystem.type));
  const AttrRequest attributes = attributes_of(filesystem.flags, 0);
  MountFd mount(
      static_cast<int>(::syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC, attributes.set)));
  if (!mount) {
    const int code = errno;
    return fail_errno("fsmount " + filesystem.type + context_log(context), code);
  }
  return mount;
}

Result<void> mount_legacy(const Filesystem& filesystem, const Fd& target) {
  const char* data = filesystem.data.empty() ? nullptr : filesystem.data.c_str();
  if (::mount(filesystem.source.c_str(), proc_path(target).c_str(), filesystem.type.c_str(),
              filesystem.flags, data) != 0)
    return fail_errno("mount " + filesystem.type);
  return {};
}

Result<void> attach_mount(const MountFd& mount, const Fd& target) {
  if (::syscall(SYS_move_mount, mount.get(), "", target.get(), "",
                MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) != 0)
    return fail_errno("move_mount");
  return {};
}

Result<void> bind_legacy(const Fd& source, const Fd& target, bool recursive) {
  const unsigned long flags = MS_BIND | (recursive ? static_cast<unsigned long>(MS_REC) : 0UL);
  if (::mount(proc_path(source).c_str(), proc_path(target).c_str(), nullptr, flags, nullptr) != 0)
    return fail_errno("bind mount");
  return {};
}

Result<void> set_mount_attributes(const Fd& mount, const AttrRequest& request) {
  mount_attr attributes = {};
  attributes.attr_set = request.set;
  attributes.attr_clr = request.clear;
  attributes.propagation = request.propagation;
  const unsigned flags =
      AT_EMPTY_PATH | (request.recursive ? static_cast<unsigned>(AT_RECURSIVE) : 0U);
  if (::syscall(SYS_mount_setattr, mount.get(), "", flags, &attributes, sizeof attributes) != 0)
    return fail_errno("mount_setattr");
  return {};
}

Result<void> remount_legacy(const Fd& mount, std::uint64_t set, std::uint64_t clear) {
  unsigned long flags = flags_now(mount);
  if ((clear & MOUNT_ATTR__ATIME) != 0) {
    flags &= ~atime_flags;
    flags |= (set & MOUNT_ATTR_NOATIME) != 0       ? MS_NOATIME
             : (set & MOUNT_ATTR_STRICTATIME) != 0 ? MS_STRICTATIME
                                                   : MS_RELATIME;
  }
  flags = (flags & ~legacy_flags(clear)) | legacy_flags(set);
  if (::mount(nullptr, proc_path(mount).c_str(), nullptr, MS_REMOUNT | MS_BIND | flags, nullptr) !=
      0)
    return fail_errno("remount");
  return {};
}

Result<void> set_propagation(const Fd& mount, unsigned long flags) {
  auto set =
      set_mount_attributes(mount, {.propagation = flags & ~static_cast<unsigned long>(MS_REC),
                                   .recursive = (flags & MS_REC) != 0});
  if (set || set.error().code != ENOSYS) return set;
  if (::mount(nullptr, proc_path(mount).c_str(), nullptr, flags, nullptr) != 0)
    return fail_errno("set propagation");
  return {};
}

Result<int> mount_id_of(const Fd& fd) {
  struct statx facts = {};
  if (::statx(fd.get(), "", AT_EMPTY_PATH, STATX_MNT_ID, &facts) != 0) return fail_errno("statx");
  return static_cast<int>(facts.stx_mnt_id);
}

Result<void> idmap_mount(const MountFd& mount, const Fd& user_namespace, bool recursive) {
  mount_attr attributes = {};
  attributes.attr_set = MOUNT_ATTR_IDMAP;
  attributes.userns_fd = static_cast<std::uint64_t>(user_namespace.get());
  const unsigned flags = AT_EMPTY_PATH | (recursive ? static_cast<unsigned>(AT_RECURSIVE) : 0U);
  if (::syscall(SYS_mount_setattr, mount.get(), "", flags, &attributes, sizeof attributes) != 0)
    return fail_errno("mount_setattr with MOUNT_ATTR_IDMAP");
  return {};
}

AttrRequest attributes_of(unsigned long set_flags, unsigned long cleared_flags) {
  AttrRequest request;
  for (const FlagPair& pair : flag_pairs) {
    if ((set_flags & pair.mount_flag) != 0) request.set |= pair.attribute;
    if ((cleared_flags & pair.mount_flag) != 0) request.clear |= pair.attribute;
  }
  // The modes of atime are one field: to set any, all of it is cleared.
  // Taking one away leads back to relatime, whose value is 0.
  if (((set_flags | cleared_flags) & atime_flags) != 0) request.clear |= MOUNT_ATTR__ATIME;
  if ((set_flags & MS_STRICTATIME) != 0) {
    request.set |= MOUNT_ATTR_STRICTATIME;
  } else if ((set_flags & MS_NOATIME) != 0) {
    request.set |= MOUNT_ATTR_NOATIME;
  }
  request.clear &= ~(request.set & ~static_cast<std::uint64_t>(MOUNT_ATTR__ATIME));
  return request;
}

}  // namespace coracle::sys
