// The words of mounts[].options.
#include "runtime/plan/mount_options.hpp"

#include <doctest/doctest.h>
#include <sys/mount.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

using namespace coracle;
using namespace coracle::plan;

namespace {

MountOptions parse(const std::vector<std::string>& words) {
  const Result<MountOptions> options = parse_mount_options(words, "/mounts/0/options");
  REQUIRE(options.has_value());
  return *options;
}

// The words that the specification lists (config.md#linux-mount-options), and
// "rnodev", which its table forgets.
const std::vector<std::string> specified = {"async",         "atime",        "bind",
                                            "defaults",      "dev",          "diratime",
                                            "dirsync",       "exec",         "idmap",
                                            "iversion",      "lazytime",     "loud",
                                            "mand",          "noatime",      "nodev",
                                            "nodiratime",    "noexec",       "noiversion",
                                            "nolazytime",    "nomand",       "norelatime",
                                            "nostrictatime", "nosuid",       "nosymfollow",
                                            "private",       "ratime",       "rbind",
                                            "rdev",          "rdiratime",    "relatime",
                                            "remount",       "rexec",        "ridmap",
                                            "rnoatime",      "rnodev",       "rnodiratime",
                                            "rnoexec",       "rnorelatime",  "rnostrictatime",
                                            "rnosuid",       "rnosymfollow", "ro",
                                            "rprivate",      "rrelatime",    "rro",
                                            "rrw",           "rshared",      "rslave",
                                            "rstrictatime",  "rsuid",        "rsymfollow",
                                            "runbindable",   "rw",           "shared",
                                            "silent",        "slave",        "strictatime",
                                            "suid",          "symfollow",    "sync",
                                            "tmpcopyup",     "unbindable"};

}  // namespace

TEST_CASE("mount options: every specified word is known, three of crun's, and no other") {
  std::vector<std::string> all = specified;
  for (const char* word : {"copy-symlink", "dest-nofollow", "src-nofollow"}) all.emplace_back(word);
  std::ranges::sort(all);
  CHECK(known_mount_options() == all);
}

TEST_CASE("mount options: words about symlinks are no flags") {
  CHECK(parse({"src-nofollow"}).links.source_itself);
  CHECK(parse({"dest-nofollow"}).links.destination_itself);
  CHECK(parse({"copy-symlink"}).links.copy_source);
  CHECK(parse({"copy-symlink", "src-nofollow", "dest-nofollow"}).flags == 0);
}

TEST_CASE("mount options: no known word reaches the file system") {
  for (const std::string& word : specified) {
    CAPTURE(word);
    CHECK(parse({word}).others.empty());
  }
}

TEST_CASE("mount options: a word sets its flag and its opposite clears it") {
  const struct {
    const char* set;
    const char* clear;
    unsigned long flag;
  } rows[] = {{"ro", "rw", MS_RDONLY},
              {"nosuid", "suid", MS_NOSUID},
              {"nodev", "dev", MS_NODEV},
              {"noexec", "exec", MS_NOEXEC},
              {"sync", "async", MS_SYNCHRONOUS},
              {"mand", "nomand", MS_MANDLOCK},
              {"noatime", "atime", MS_NOATIME},
              {"nodiratime", "diratime", MS_NODIRATIME},
              {"relatime", "norelatime", MS_RELATIME},
              {"strictatime", "nostrictatime", MS_STRICTATIME},
              {"iversion", "noiversion", MS_I_VERSION},
              {"lazytime", "nolazytime", MS_LAZYTIME},
              {"silent", "loud", MS_SILENT},
              {"nosymfollow", "symfollow", MS_NOSYMFOLLOW}};
  for (const auto& row : rows) {
    CAPTURE(row.set);
    const MountOptions set = parse({row.clear, row.set});
    CHECK(set.flags == row.flag);
    CHECK(set.cleared_flags == 0);
    CHECK(set.recursive_attrs.empty());
    const MountOptions cleared = parse({row.set, row.clear});
    CHECK(cleared.flags == 0);
    CHECK(cleared.cleared_flags == row.flag);
    CHECK(cleared.recursive_attrs.empty());
  }
}

TEST_CASE("mount options: dirsync has no opposite") {
  CHECK(parse({"dirsync"}).flags == MS_DIRSYNC);
}

TEST_CASE("mount options: defaults changes nothing") {
  const MountOptions options = parse({"defaults"});
  CHECK(options.flags == 0);
  CHECK(options.cleared_flags == 0);
}

TEST_CASE("mount options: of several access times the last one counts") {
  CHECK(parse({"noatime", "strictatime"}).flags == MS_STRICTATIME);
  CHECK(parse({"strictatime", "noatime"}).flags == MS_NOATIME);
  CHECK(parse({"strictatime", "relatime"}).flags == MS_RELATIME);
  CHECK(parse({"noatime", "nodiratime", "relatime"}).flags == (MS_RELATIME | MS_NODIRATIME));
}

TEST_CASE("mount options: a recursive word sets its attribute and its opposite clears it") {
  const struct {
    const char* set;
    const char* clear;
    std::uint64_t attr;
  } rows[] = {{"rro", "rrw", MOUNT_ATTR_RDONLY},
              {"rnosuid", "rsuid", MOUNT_ATTR_NOSUID},
              {"rnodev", "rdev", MOUNT_ATTR_NODEV},
              {"rnoexec", "rexec", MOUNT_ATTR_NOEXEC},
              {"rnodiratime", "rdiratime", MOUNT_ATTR_NODIRATIME},
              {"rnosymfollow", "rsymfollow", 0x00200000}};
  for (const auto& row : rows) {
    CAPTURE(row.set);
    const MountOptions set = parse({row.clear, row.set});
    CHECK(set.recursive_attrs.set == row.attr);
    CHECK(set.recursive_attrs.clear == 0);
    CHECK(set.flags == 0);
    const MountOptions cleared = parse({row.set, row.clear});
    CHECK(cleared.recursive_attrs.set == 0);
    CHECK(cleared.recursive_attrs.clear == row.attr);
    CHECK(cleared.cleared_flags == 0);
  }
}

TEST_CASE("mount options: a recursive access time clears the whole field first") {
  const struct {
    std::vector<std::string> words;
    std::uint64_t set;
  } rows[] = {{{"rnoatime"}, MOUNT_ATTR_NOATIME},
              {{"rstrictatime"}, MOUNT_ATTR_STRICTATIME},
              {{"rrelatime"}, MOUNT_ATTR_RELATIME},
              {{"rnoatime", "rstrictatime"}, MOUNT_ATTR_STRICTATIME},
              {{"rstrictatime", "rrelatime"}, MOUNT_ATTR_RELATIME}};
  for (const auto& row : rows) {
    CAPTURE(row.words.back());
    const MountOptions options = parse(row.words);
    CHECK(options.recursive_attrs.set == row.set);
    CHECK(options.recursive_attrs.clear == MOUNT_ATTR__ATIME);
  }
}

TEST_CASE("mount options: taking a recursive access time back leads to relatime") {
  const std::vector<std::vector<std::string>> rows = {{"ratime"},
                                                      {"rnoatime", "ratime"},
                                                      {"rnostrictatime"},
                                                      {"rstrictatime", "rnostrictatime"},
                                                      {"rnorelatime"}};
  for (const auto& words : rows) {
    CAPTURE(words.back());
    const MountOptions options = parse(words);
    CHECK(options.recursive_attrs.set == MOUNT_ATTR_RELATIME);
    CHECK(options.recursive_attrs.clear == MOUNT_ATTR__ATIME);
  }
}

TEST_CASE("mount options: taking back another recursive access time keeps the chosen one") {
  CHECK(parse({"rnoatime", "rnostrictatime"}).recursive_attrs.set == MOUNT_ATTR_NOATIME);
  CHECK(parse({"rstrictatime", "ratime"}).recursive_attrs.set == MOUNT_ATTR_STRICTATIME);
}

TEST_CASE("mount options: a recursive access time leaves the other attributes") {
  const MountOptions options = parse({"rro", "rdev", "rnoatime"});
  CHECK(options.recursive_attrs.set == (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOATIME));
  CHECK(options.recursive_attrs.clear == (MOUNT_ATTR_NODEV | MOUNT_ATTR__ATIME));
}

TEST_CASE("mount options: plain and recursive words do not mix") {
  const MountOptions options = parse({"ro", "rrw"});
  CHECK(options.flags == MS_RDONLY);
  CHECK(options.recursive_attrs.clear == MOUNT_ATTR_RDONLY);
}

TEST_CASE("mount options: propagation is kept in order") {
  const struct {
    const char* word;
    unsigned long flags;
  } rows[] = {{"shared", MS_SHARED},         {"rshared", MS_SHARED | MS_REC},
              {"slave", MS_SLAVE},           {"rslave", MS_SLAVE | MS_REC},
              {"private", MS_PRIVATE},       {"rprivate", MS_PRIVATE | MS_REC},
              {"unbindable", MS_UNBINDABLE}, {"runbindable", MS_UNBINDABLE | MS_REC}};
  for (const auto& row : rows) {
    CAPTURE(row.word);
    CHECK(parse({row.word}).propagation == std::vector<unsigned long>{row.flags});
  }
  CHECK(parse({"rslave", "shared"}).propagation ==
        std::vector<unsigned long>{MS_SLAVE | MS_REC, MS_SHARED});
}

TEST_CASE("mount options: bind, rbind, remount, tmpcopyup, idmap and ridmap have fields") {
  CHECK(parse({"bind"}).bind);
  CHECK_FALSE(parse({"bind"}).recursive);
  CHECK(parse({"rbind"}).bind);
  CHECK(parse({"rbind"}).recursive);
  CHECK(parse({"remount"}).remount);
  CHECK(parse({"tmpcopyup"}).copy_up);
  CHECK(parse({}).idmap == IdmapKind::none);
  CHECK(parse({"idmap"}).idmap == IdmapKind::this_mount);
  CHECK(parse({"ridmap"}).idmap == IdmapKind::recursive);
}

TEST_CASE("mount options: other words are passed on in order, with their place") {
  const MountOptions options = parse({"size=64k", "nosuid", "", "mode=755"});
  REQUIRE(options.others.size() == 2);
  CHECK(options.others[0].word == "size=64k");
  CHECK(options.others[0].index == 0);
  CHECK(options.others[1].word == "mode=755");
  CHECK(options.others[1].index == 3);
}

TEST_CASE("mount options: mappings inside a word are refused") {
  const Result<MountOptions> options =
      parse_mount_options({"ro", "idmap=uids=0-1-10"}, "/mounts/4/options");
  REQUIRE_FALSE(options.has_value());
  CHECK(options.error().text() ==
        "/mounts/4/options/1: \"idmap=uids=0-1-10\" is not understood; give \"idmap\" or "
        "\"ridmap\" alone, and the ids in uidMappings and gidMappings");
}
