// config.md#linux-mount-options: every word, and mounts of rarer kinds, as the container sees them.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/bundle.hpp"
#include "tests/support/summary.hpp"
#include "tests/support/text.hpp"

using namespace coracle::test;
namespace fs = std::filesystem;

namespace {

constexpr unsigned base = 1'000'000;

bool has_option(const std::string& options, const std::string& word) {
  return contains("," + options + ",", "," + word + ",");
}

struct Flags {
  std::vector<std::string> words;
  std::string options;     // of the mount, exactly
  std::string super = "";  // one of the superblock's; "!x": x is none of them
};

// Words for one mount.
const std::vector<Flags> flags = {
    {{"defaults"}, "rw,relatime"},
    {{"ro"}, "ro,relatime"},
    {{"ro", "rw"}, "rw,relatime"},
    {{"nosuid"}, "rw,nosuid,relatime"},
    {{"nosuid", "suid"}, "rw,relatime"},
    {{"nodev"}, "rw,nodev,relatime"},
    {{"nodev", "dev"}, "rw,relatime"},
    {{"noexec"}, "rw,noexec,relatime"},
    {{"noexec", "exec"}, "rw,relatime"},
    {{"noatime"}, "rw,noatime"},
    {{"noatime", "atime"}, "rw,relatime"},
    {{"nodiratime"}, "rw,nodiratime,relatime"},
    {{"nodiratime", "diratime"}, "rw,relatime"},
    {{"noatime", "relatime"}, "rw,relatime"},
    {{"norelatime"}, "rw,relatime"},
    {{"strictatime"}, "rw"},
    {{"strictatime", "nostrictatime"}, "rw,relatime"},
    {{"nosymfollow"}, "rw,relatime,nosymfollow"},
    {{"nosymfollow", "symfollow"}, "rw,relatime"},
    {{"sync"}, "rw,relatime", "sync"},
    {{"sync", "async"}, "rw,relatime", "!sync"},
    {{"dirsync"}, "rw,relatime", "dirsync"},
    {{"lazytime"}, "rw,relatime", "lazytime"},
    {{"lazytime", "nolazytime"}, "rw,relatime", "!lazytime"},
    {{"iversion"}, "rw,relatime", "!iversion"},
    {{"iversion", "noiversion"}, "rw,relatime", "!noiversion"},
    {{"silent"}, "rw,relatime", "!silent"},
    {{"silent", "loud"}, "rw,relatime", "!loud"},
    {{"mand", "nomand"}, "rw,relatime", "!mand"},
};

struct TreeFlags {
  std::vector<std::string> words;
  std::string has;
  std::string lacks = "none";
};

// Words for a tree; those that take something away undo what the word before them did.
const std::vector<TreeFlags> tree_flags = {
    {{"rro"}, "ro", "rw"},
    {{"rro", "rrw"}, "rw", "ro"},
    {{"rnosuid"}, "nosuid"},
    {{"rnosuid", "rsuid"}, "rw", "nosuid"},
    {{"rnodev"}, "nodev"},
    {{"rnodev", "rdev"}, "rw", "nodev"},
    {{"rnoexec"}, "noexec"},
    {{"rnoexec", "rexec"}, "rw", "noexec"},
    {{"rnoatime"}, "noatime", "relatime"},
    {{"rnoatime", "ratime"}, "relatime", "noatime"},
    {{"rrelatime"}, "relatime", "noatime"},
    {{"rnorelatime"}, "relatime", "noatime"},
    {{"rstrictatime"}, "rw", "relatime"},
    {{"rstrictatime", "rnostrictatime"}, "relatime"},
    {{"rnodiratime"}, "nodiratime"},
    {{"rnodiratime", "rdiratime"}, "rw", "nodiratime"},
    {{"rnosymfollow"}, "nosymfollow"},
    {{"rnosymfollow", "rsymfollow"}, "rw", "nosymfollow"},
};

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ",") + part;
  return text;
}

void check_super(const std::string& super, const std::string& wanted) {
  if (wanted.empty()) return;
  const bool absent = wanted.front() == '!';
  CHECK_MESSAGE(has_option(super, wanted.substr(absent ? 1 : 0)) != absent, super);
}

void check_flags(Bundle& bundle) {
  std::string commands;
  for (std::size_t i = 0; i < flags.size(); ++i) {
    const std::string at = "/made/" + std::to_string(i);
    add_mount(bundle.config, at, "tmpfs", "tmpfs", flags[i].words);
    commands += "mount " + at + " -- ";
  }
  const Outcome outcome = bundle.report(commands);
  const auto options = outcome.values("mount.options");
  const auto super = outcome.values("mount.super");
  REQUIRE(options.size() == flags.size());
  for (std::size_t i = 0; i < flags.size(); ++i) {
    CAPTURE(joined(flags[i].words));
    CHECK(options[i] == flags[i].options);
    check_super(super[i], flags[i].super);
  }
}

Json map_of(unsigned container, unsigned host, unsigned size) {
  return Json::array({{{"containerID", container}, {"hostID", host}, {"size", size}}});
}

void set_mappings(Json& mount, const Json& mappings) {
  mount["uidMappings"] = mappings;
  mount["gidMappings"] = mappings;
}

std::string make_volume(const Bundle& bundle) {
  const std::string path = bundle.path("volume");
  fs::create_directories(path + "/inner");
  write_file(path + "/file", "text\n");
  return path;
}

uid_t owner_of(const std::string& path) {
  struct stat facts = {};
  REQUIRE_MESSAGE(::lstat(path.c_str(), &facts) == 0, path);
  return facts.st_uid;
}

}  // namespace

TEST_CASE("mount options: each word has its effect on a mount") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  Bundle bundle;
  check_flags(bundle);
}

TEST_CASE("mount options: each word has its effect on a mount in a user namespace") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  Bundle bundle;
  bundle.map_ids(base);
  check_flags(bundle);
}

TEST_CASE("mount options: each recursive word has its effect on all of a tree") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  Bundle bundle;
  std::string commands;
  for (std::size_t i = 0; i < tree_flags.size(); ++i) {
    const std::string at = "/trees/" + std::to_string(i);
    std::vector<std::string> words = tree_flags[i].words;
    words.insert(words.begin(), "rbind");
    add_mount(bundle.config, at, "bind", "/sys/fs", words);
    commands += "mount " + at + " -- mount " + at + "/cgroup -- ";
  }
  const Outcome outcome = bundle.report(commands);
  const auto options = outcome.values("mount.options");
  REQUIRE(options.size() == 2 * tree_flags.size());
  for (std::size_t i = 0; i < options.size(); ++i) {
    const TreeFlags& wanted = tree_flags[i / 2];
    CAPTURE(joined(wanted.words));
    CHECK_MESSAGE(has_option(options[i], wanted.has), options[i]);
    CHECK_MESSAGE(!has_option(options[i], wanted.lacks), options[i]);
  }
}

TEST_CASE("mount options: flags of a tree can be set in a user namespace, and stay locked") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  Bundle bundle;
  bundle.map_ids(base);
  add_mount(bundle.config, "/tree", "bind", "/sys/fs", {"rbind", "rro", "rnosuid", "rnoexec"});
  const Outcome outcome = bundle.report("mount /tree -- mount /tree/cgroup");
  for (const std::string& options : outcome.values("mount.options")) {
    for (const char* word : {"ro", "nosuid", "noexec"}) {
      CHECK_MESSAGE(has_option(options, word), options);
    }
  }
}

TEST_CASE("mount options: every word of propagation has its effect") {
  Bundle bundle;
  bundle.config["linux"]["rootfsPropagation"] = "rslave";
  const std::string volume = make_volume(bundle);
  const std::vector<std::string> words = {"shared",   "rshared",    "private",
                                          "rprivate", "unbindable", "runbindable"};
  std::string commands;
  for (const std::string& word : words) {
    add_mount(bundle.config, "/" + word, "bind", volume, {"rbind", word});
    commands += "mount /" + word + " -- ";
  }
  // The source is seen as init sees it, with the first mount in its place.
  for (const char* word : {"slave", "rslave"}) {
    add_mount(bundle.config, std::string("/") + word, "bind", bundle.rootfs() + "/shared",
              {"bind", word});
    commands += std::string("mount /") + word + " -- ";
  }
  const auto tags = bundle.report(commands).values("mount.tags");
  REQUIRE(tags.size() == 8);
  CHECK_MESSAGE(tags[0].starts_with("shared:"), tags[0]);
  CHECK_MESSAGE(tags[1].starts_with("shared:"), tags[1]);
  CHECK(tags[2] == "");
  CHECK(tags[3] == "");
  CHECK(tags[4] == "unbindable");
  CHECK(tags[5] == "unbindable");
  CHECK_MESSAGE(tags[6].starts_with("master:"), tags[6]);
  CHECK_MESSAGE(tags[7].starts_with("master:"), tags[7]);
}

TEST_CASE("mount options: remount changes what an earlier mount made") {
  if (testing_old_runc()) return skip_case("runc 1.1 forgets the mount's other flags");
  for (const bool userns : {false, true}) {
    Bundle bundle;
    if (userns) bundle.map_ids(base);
    add_mount(bundle.config, "/tmp", "tmpfs", "tmpfs", {"nosuid", "size=1m"});
    add_mount(bundle.config, "/tmp", "bind", "", {"remount", "bind", "ro"});
    add_mount(bundle.config, "/again", "tmpfs", "tmpfs", {"size=1m"});
    add_mount(bundle.config, "/again", "tmpfs", "tmpfs", {"remount", "size=2m", "noexec"});
    const Outcome outcome = bundle.report("mount /tmp -- mount /again");
    const auto options = outcome.values("mount.options");
    REQUIRE(options.size() == 2);
    CHECK(options[0] == "ro,nosuid,relatime");
    CHECK_MESSAGE(has_option(options[1], "noexec"), options[1]);
    CHECK(has_option(outcome.values("mount.super")[1], "size=2048k"));
  }
}

TEST_CASE("mounts: an overlay shows its layers and keeps what is written in the upper one") {
  for (const bool userns : {false, true}) {
    Bundle bundle;
    for (const char* name : {"lower", "upper", "work"}) {
      fs::create_directory(bundle.path(name));
      if (userns) REQUIRE(::chown(bundle.path(name).c_str(), base, base) == 0);
    }
    write_file(bundle.path("lower") + "/file", "below\n");
    if (userns) bundle.map_ids(base);
    add_mount(bundle.config, "/merged", "overlay", "overlay",
              {"lowerdir=" + bundle.path("lower"), "upperdir=" + bundle.path("upper"),
               "workdir=" + bundle.path("work")});
    const Outcome outcome =
        bundle.report("mount /merged -- line /merged/file -- write /merged/made text");
    CHECK(outcome.value("mount.type") == "overlay");
    CHECK(outcome.value("/merged/file") == "below");
    CHECK(outcome.value("write") == "ok");
    CHECK(read_file(bundle.path("upper") + "/made") == "text");
    CHECK(owner_of(bundle.path("upper") + "/made") == (userns ? base : 0));
  }
}

TEST_CASE("mounts: mqueue and devpts belong to the user namespace") {
  Bundle bundle;
  bundle.map_ids(base);
  drop_mount(bundle.config, "/dev/pts");
  add_mount(bundle.config, "/dev/pts", "devpts", "devpts", {"newinstance", "gid=5", "mode=620"});
  add_mount(bundle.config, "/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"});
  const Outcome outcome =
      bundle.report("mount /dev/mqueue -- touch /dev/mqueue/q -- mount /dev/pts");
  CHECK(outcome.values("mount.type") == std::vector<std::string>{"mqueue", "devpts"});
  CHECK(outcome.value("touch") == "ok");
  CHECK(has_option(outcome.values("mount.super")[1], "gid=1000005"));
}

TEST_CASE("mounts: without its own network namespace /sys is the host's, read-only") {
  if (testing_runc()) return skip_case("runc fails here");
  Bundle bundle;
  bundle.map_ids(base);
  drop_namespace(bundle.config, "network");
  const Outcome outcome =
      bundle.report("mount /sys -- readonly /sys/kernel -- mount /sys/fs/cgroup");
  CHECK(outcome.value("mount.type") == "sysfs");
  for (const char* word : {"ro", "nosuid", "noexec", "nodev"})
    CHECK(has_option(outcome.value("mount.options"), word));
  CHECK(has_option(outcome.values("mount.options").back(), "ro"));
}

TEST_CASE("mounts: without its own PID namespace /proc is the host's, read-only") {
  if (testing_runc()) return skip_case("runc fails here");
  Bundle bundle;
  bundle.map_ids(base);
  drop_namespace(bundle.config, "pid");
  const Outcome outcome = bundle.report("mount /proc -- pids -- status Pid");
  CHECK(outcome.value("mount.type") == "proc");
  CHECK(has_option(outcome.value("mount.options"), "ro"));
  CHECK(outcome.value("Pid") == outcome.value("pid"));
}

TEST_CASE("idmap: mappings of a mount are its own, whatever the container's") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  for (const bool userns : {false, true}) {
    Bundle bundle;
    const std::string volume = make_volume(bundle);
    fs::permissions(volume, fs::perms(0700));
    if (userns) bundle.map_ids(base);
    const unsigned host_user = userns ? base + 33 : 33;
    add_mount(bundle.config, "/volume", "bind", volume, {"bind"});
    set_mappings(bundle.config["mounts"].back(), map_of(0, host_user, 1));
    bundle.config["process"]["user"] = {{"uid", 33}, {"gid", 33}};
    const Outcome outcome =
        bundle.report("stat /volume/file -- write /volume/made text -- stat /volume/made");
    CHECK(outcome.values("uid") == std::vector<std::string>{"33", "33"});
    CHECK(outcome.values("gid") == std::vector<std::string>{"33", "33"});
    CHECK(outcome.value("write") == "ok");
    CHECK(owner_of(volume + "/made") == 0);
  }
}

TEST_CASE("idmap: ids that a mount's mappings leave out are nobody's") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  Bundle bundle;
  const std::string volume = make_volume(bundle);
  REQUIRE(::chown((volume + "/file").c_str(), 500, 500) == 0);
  add_mount(bundle.config, "/volume", "bind", volume, {"bind"});
  set_mappings(bundle.config["mounts"].back(), map_of(0, 0, 100));
  CHECK(bundle.report("stat /volume/file").value("uid") == "65534");
}

TEST_CASE("idmap: it is for one mount, ridmap for all of the tree") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  for (const char* word : {"idmap", "ridmap"}) {
    Bundle bundle;
    const std::string volume = make_volume(bundle);
    bundle.map_ids(base);
    add_mount(bundle.config, "/volume", "bind", volume, {"rbind", word});
    bundle.probe("stat /volume -- stat /volume/inner -- mount /volume/inner");
    const Outcome outcome = run_after(bundle, "mount -t tmpfs none " + volume + "/inner");
    CHECK_MESSAGE(outcome.exit_code == 0, outcome.text());
    CHECK(outcome.value("mount.type") == "tmpfs");
    const std::string inner = word == std::string("idmap") ? "65534" : "0";
    CHECK(outcome.values("uid") == std::vector<std::string>{"0", inner});
  }
}

TEST_CASE("idmap: what is mounted on it inside stays away from the host") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  Bundle bundle;
  const std::string volume = make_volume(bundle);
  bundle.map_ids(base);
  bundle.config["linux"]["rootfsPropagation"] = "rslave";
  add_mount(bundle.config, "/idmapped", "bind", volume, {"bind", "idmap"});
  add_mount(bundle.config, "/shared", "bind", volume, {"bind", "idmap", "shared"});
  bundle.probe("mount /idmapped -- mount /shared");
  const std::string share = "mount --bind " + volume + " " + volume + "; mount --make-shared ";
  const Outcome outcome = run_after(bundle, share + volume);
  CHECK_MESSAGE(outcome.exit_code == 0, outcome.text());
  const std::vector<std::string> tags = outcome.values("mount.tags");
  REQUIRE(tags.size() == 2);
  CHECK_MESSAGE(tags[0].starts_with("master:"), tags[0]);
  // Shared within the container alone.
  CHECK_MESSAGE(contains(tags[1], "shared:"), tags[1]);
  CHECK_MESSAGE(contains(tags[1], "master:"), tags[1]);
}

TEST_CASE("idmap: a tmpfs can have it, too") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  Bundle bundle;
  bundle.map_ids(base);
  add_mount(bundle.config, "/own", "tmpfs", "tmpfs", {"idmap", "mode=0700", "size=1m"});
  add_mount(bundle.config, "/users", "tmpfs", "tmpfs", {"mode=0700"});
  set_mappings(bundle.config["mounts"].back(), map_of(0, base + 33, 1));
  const Outcome outcome = bundle.report("stat /own -- write /own/made text -- stat /users");
  CHECK(outcome.values("uid") == std::vector<std::string>{"0", "33"});
  CHECK(outcome.value("write") == "ok");
}

TEST_CASE("idmap: without mappings and without a user namespace it is refused") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  Bundle bundle;
  add_mount(bundle.config, "/volume", "bind", make_volume(bundle), {"bind", "idmap"});
  const Outcome outcome = bundle.run();
  CHECK(outcome.exit_code == 1);
  CHECK_MESSAGE(contains(outcome.err, "idmap"), outcome.text());
}

TEST_CASE("mounts: a label is left aside on a host without SELinux") {
  if (testing_old_runc()) return skip_case("runc 1.1 hands it to the kernel");
  if (fs::exists("/sys/fs/selinux/enforce")) return skip_case("this host has SELinux");
  Bundle bundle;
  bundle.config["linux"]["mountLabel"] = "system_u:object_r:container_file_t:s0:c1,c2";
  add_mount(bundle.config, "/tmp", "tmpfs", "tmpfs", {});
  CHECK(bundle.report("mount /tmp").value("mount.type") == "tmpfs");
}
