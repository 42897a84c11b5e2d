// The table of mount options and what each word does.
// Spec: config.md#linux-mount-options; mount(8), mount_setattr(2)
#include "runtime/plan/mount_options.hpp"

#include <sys/mount.h>

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "runtime/base/strings.hpp"

#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif

namespace coracle::plan {
namespace {

constexpr std::uint64_t atime_flags = MS_NOATIME | MS_RELATIME | MS_STRICTATIME;

// Collects what the words of one list ask for.
struct Collector {
  MountOptions options;

  void nothing(std::uint64_t) {}
  void set_flag(std::uint64_t flag) {
    // The access times are one choice of three: of several the kernel would
    // take the strictest, not the last.
    if ((flag & atime_flags) != 0) options.flags &= ~atime_flags;
    options.flags |= flag;
    options.cleared_flags &= ~flag;
  }
  void clear_flag(std::uint64_t flag) {
    options.flags &= ~flag;
    options.cleared_flags |= flag;
  }
  void set_attr(std::uint64_t attr) {
    options.recursive_attrs.set |= attr;
    options.recursive_attrs.clear &= ~attr;
  }
  void clear_attr(std::uint64_t attr) {
    options.recursive_attrs.set &= ~attr;
    options.recursive_attrs.clear |= attr;
  }
  // mount_setattr(2) takes a value of this field only if the whole field is
  // cleared by the same call.
  void set_atime(std::uint64_t value) {
    clear_attr(MOUNT_ATTR__ATIME);
    options.recursive_attrs.set |= value;
  }
  // Back to relatime, the kernel's default, unless an earlier word chose a
  // value that this one does not take back.
  void undo_atime(std::uint64_t value) {
    const std::uint64_t chosen = options.recursive_attrs.set & MOUNT_ATTR__ATIME;
    set_atime(chosen == value ? std::uint64_t{MOUNT_ATTR_RELATIME} : chosen);
  }
  void propagate(std::uint64_t flags) { options.propagation.push_back(flags); }
  void bind(std::uint64_t) { options.bind = true; }
  void rbind(std::uint64_t) { options.bind = options.recursive = true; }
  void remount(std::uint64_t) { options.remount = true; }
  void copy_up(std::uint64_t) { options.copy_up = true; }
  void copy_symlink(std::uint64_t) { options.links.copy_source = true; }
  void source_itself(std::uint64_t) { options.links.source_itself = true; }
  void destination_itself(std::uint64_t) { options.links.destination_itself = true; }
  void idmap(std::uint64_t) { options.idmap = IdmapKind::this_mount; }
  void ridmap(std::uint64_t) { options.idmap = IdmapKind::recursive; }
};

using Effect = void (Collector::*)(std::uint64_t bits);

// Of a word without "r" the bits are MS_*, of one with it MOUNT_ATTR_*; those
// of propagation are MS_* in both.
struct Option {
  std::string_view word;
  Effect effect;
  std::uint64_t bits = 0;
};

// Sorted by word.
constexpr Option table[] = {
    {"async", &Collector::clear_flag, MS_SYNCHRONOUS},
    {"atime", &Collector::clear_flag, MS_NOATIME},
    {"bind", &Collector::bind},
    {"copy-symlink", &Collector::copy_symlink},
    {"defaults", &Collector::nothing},
    {"dest-nofollow", &Collector::destination_itself},
    {"dev", &Collector::clear_flag, MS_NODEV},
    {"diratime", &Collector::clear_flag, MS_NODIRATIME},
    {"dirsync", &Collector::set_flag, MS_DIRSYNC},
    {"exec", &Collector::clear_flag, MS_NOEXEC},
    {"idmap", &Collector::idmap},
    {"iversion", &Collector::set_flag, MS_I_VERSION},
    {"lazytime", &Collector::set_flag, MS_LAZYTIME},
    {"loud", &Collector::clear_flag, MS_SILENT},
    {"mand", &Collector::set_flag, MS_MANDLOCK},
    {"noatime", &Collector::set_flag, MS_NOATIME},
    {"nodev", &Collector::set_flag, MS_NODEV},
    {"nodiratime", &Collector::set_flag, MS_NODIRATIME},
    {"noexec", &Collector::set_flag, MS_NOEXEC},
    {"noiversion", &Collector::clear_flag, MS_I_VERSION},
    {"nolazytime", &Collector::clear_flag, MS_LAZYTIME},
    {"nomand", &Collector::clear_flag, MS_MANDLOCK},
    {"norelatime", &Collector::clear_flag, MS_RELATIME},
    {"nostrictatime", &Collector::clear_flag, MS_STRICTATIME},
    {"nosuid", &Collector::set_flag, MS_NOSUID},
    {"nosymfollow", &Collector::set_flag, MS_NOSYMFOLLOW},
    {"private", &Collector::propagate, MS_PRIVATE},
    {"ratime", &Collector::undo_atime, MOUNT_ATTR_NOATIME},
    {"rbind", &Collector::rbind},
    {"rdev", &Collector::clear_attr, MOUNT_ATTR_NODEV},
    {"rdiratime", &Collector::clear_attr, MOUNT_ATTR_NODIRATIME},
    {"relatime", &Collector::set_flag, MS_RELATIME},
    {"remount", &Collector::remount},
    {"rexec", &Collector::clear_attr, MOUNT_ATTR_NOEXEC},
    {"ridmap", &Collector::ridmap},
    {"rnoatime", &Collector::set_atime, MOUNT_ATTR_NOATIME},
    {"rnodev", &Collector::set_attr, MOUNT_ATTR_NODEV},
    {"rnodiratime", &Collector::set_attr, MOUNT_ATTR_NODIRATIME},
    {"rnoexec", &Collector::set_attr, MOUNT_ATTR_NOEXEC},
    {"rnorelatime", &Collector::undo_atime, MOUNT_ATTR_RELATIME},
    {"rnostrictatime", &Collector::undo_atime, MOUNT_ATTR_STRICTATIME},
    {"rnosuid", &Collector::set_attr, MOUNT_ATTR_NOSUID},
    {"rnosymfollow", &Collector::set_attr, MOUNT_ATTR_NOSYMFOLLOW},
    {"ro", &Collector::set_flag, MS_RDONLY},
    {"rprivate", &Collector::propagate, MS_PRIVATE | MS_REC},
    {"rrelatime", &Collector::set_atime, MOUNT_ATTR_RELATIME},
    {"rro", &Collector::set_attr, MOUNT_ATTR_RDONLY},
    {"rrw", &Collector::clear_attr, MOUNT_ATTR_RDONLY},
    {"rshared", &Collector::propagate, MS_SHARED | MS_REC},
    {"rslave", &Collector::propagate, MS_SLAVE | MS_REC},
    {"rstrictatime", &Collector::set_atime, MOUNT_ATTR_STRICTATIME},
    {"rsuid", &Collector::clear_attr, MOUNT_ATTR_NOSUID},
    {"rsymfollow", &Collector::clear_attr, MOUNT_ATTR_NOSYMFOLLOW},
    {"runbindable", &Collector::propagate, MS_UNBINDABLE | MS_REC},
    {"rw", &Collector::clear_flag, MS_RDONLY},
    {"shared", &Collector::propagate, MS_SHARED},
    {"silent", &Collector::set_flag, MS_SILENT},
    {"slave", &Collector::propagate, MS_SLAVE},
    {"src-nofollow", &Collector::source_itself},
    {"strictatime", &Collector::set_flag, MS_STRICTATIME},
    {"suid", &Collector::clear_flag, MS_NOSUID},
    {"symfollow", &Collector::clear_flag, MS_NOSYMFOLLOW},
    {"sync", &Collector::set_flag, MS_SYNCHRONOUS},
    {"tmpcopyup", &Collector::copy_up},
    {"unbindable", &Collector::propagate, MS_UNBINDABLE},
};
static_assert(std::ranges::is_sorted(table, {}, &Option::word));

const Option* find_option(std::string_view word) {
  const Option* found = std::ranges::lower_bound(table, word, {}, &Option::word);
  return found != std::end(table) && found->word == word ? found : nullptr;
}

}  // namespace

Result<MountOptions> parse_mount_options(const std::vector<std::string>& words,
                                         std::string_view pointer) {
  Collector collector;
  for (std::size_t index = 0; index < words.size(); ++index) {
    const std::string& word = words[index];
    const std::string place = std::string(pointer) + "/" + std::to_string(index) + ": ";
    if (word.starts_with("idmap=") || word.starts_with("ridmap=")) {
      return fail(place + in_quotes(word) +
                  " is not understood; give \"idmap\" or \"ridmap\" alone, and the ids in "
                  "uidMappings and gidMappings");
    }
    if (const Option* option = find_option(word)) {
      (collector.*option->effect)(option->bits);
    } else if (!word.empty()) {
      collector.options.others.push_back({index, word});
    }
  }
  return collector.options;
}

std::vector<std::string> known_mount_options() {
  std::vector<std::string> words;
  for (const Option& option : table) words.emplace_back(option.word);
  return words;
}

}  // namespace coracle::plan
