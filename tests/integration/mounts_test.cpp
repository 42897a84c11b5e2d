// config.md#mounts: types, options, sources, destinations, order.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include <doctest/doctest.h>

#include "tests/support/bundle.hpp"
#include "tests/support/summary.hpp"
#include "tests/support/text.hpp"

using namespace coracle::test;
namespace fs = std::filesystem;

namespace {

// Whether `word` is one of `options`, separated by commas.
bool has_option(const std::string& options, const std::string& word) {
  return contains("," + options + ",", "," + word + ",");
}

// A directory beside the bundle with `file` in it.
std::string make_volume(const Bundle& bundle, const std::string& name = "volume") {
  const std::string path = bundle.path(name);
  fs::create_directory(path);
  write_file(path + "/file", "from " + name + "\n");
  return path;
}

}  // namespace

TEST_CASE("mounts: proc, tmpfs, devpts, mqueue and sysfs come with their types") {
  Bundle bundle;
  add_mount(bundle.config, "/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"});
  const Outcome outcome = bundle.report(
      "mount /proc -- mount /dev -- mount /dev/pts -- mount /dev/mqueue -- mount /sys");
  CHECK(outcome.values("mount.type") ==
        std::vector<std::string>{"proc", "tmpfs", "devpts", "mqueue", "sysfs"});
}

TEST_CASE("mounts: options become flags, the rest becomes the file system's data") {
  Bundle bundle;
  add_mount(bundle.config, "/tmp", "tmpfs", "name",
            {"nosuid", "nodev", "noexec", "ro", "noatime", "size=1m"});
  const Outcome outcome = bundle.report("mount /tmp");
  const std::string options = outcome.value("mount.options");
  for (const char* word : {"ro", "nosuid", "nodev", "noexec", "noatime"}) {
    CHECK_MESSAGE(has_option(options, word), options);
  }
  CHECK(has_option(outcome.value("mount.super"), "size=1024k"));
  CHECK(outcome.value("mount.source") == "name");
}

TEST_CASE("mounts: a tmpfs has the mode that it is given") {
  if (testing_old_runc()) return skip_case("runc 1.1 gives it the mode of what it covers");
  Bundle bundle;
  add_mount(bundle.config, "/tmp", "tmpfs", "tmpfs", {"mode=0751"});
  CHECK(bundle.report("stat /tmp").value("mode") == "0751");
}

TEST_CASE("mounts: the last of contrary options counts") {
  Bundle bundle;
  add_mount(bundle.config, "/tmp", "tmpfs", "tmpfs", {"ro", "rw", "nosuid", "suid", "nodev"});
  const std::string options = bundle.report("mount /tmp").value("mount.options");
  CHECK(has_option(options, "rw"));
  CHECK_FALSE(has_option(options, "nosuid"));
  CHECK(has_option(options, "nodev"));
}

TEST_CASE("mounts: a bind shows the source, writable or not") {
  Bundle bundle;
  const std::string volume = make_volume(bundle);
  add_mount(bundle.config, "/rw", "bind", volume, {"bind"});
  add_mount(bundle.config, "/ro", "bind", volume, {"rbind", "ro"});
  const Outcome outcome =
      bundle.report("line /rw/file -- readonly /rw -- readonly /ro -- line /ro/file");
  CHECK(outcome.value("/rw/file") == "from volume");
  CHECK(outcome.value("/ro/file") == "from volume");
  CHECK(outcome.values("writable") == std::vector<std::string>{"ok", "EROFS"});
}

TEST_CASE("mounts: bind is asked for by option alone, without a type") {
  Bundle bundle;
  bundle.config["mounts"].push_back(
      {{"destination", "/volume"}, {"source", make_volume(bundle)}, {"options", {"rbind"}}});
  CHECK(bundle.report("line /volume/file").value("/volume/file") == "from volume");
}

TEST_CASE("mounts: a relative source is below the bundle") {
  Bundle bundle;
  fs::create_directory(bundle.dir() + "/data");
  write_file(bundle.dir() + "/data/file", "relative\n");
  add_mount(bundle.config, "/volume", "bind", "data", {"bind"});
  CHECK(bundle.report("line /volume/file").value("/volume/file") == "relative");
}

TEST_CASE("mounts: a file is bound on a file that is made for it") {
  Bundle bundle;
  add_mount(bundle.config, "/etc/deep/er/name", "bind", make_volume(bundle) + "/file", {"bind"});
  const Outcome outcome = bundle.report("line /etc/deep/er/name -- stat /etc/deep/er/name");
  CHECK(outcome.value("/etc/deep/er/name") == "from volume");
  CHECK(outcome.value("type") == "file");
}

TEST_CASE("mounts: rbind brings the mounts below the source, bind does not") {
  Bundle bundle;
  add_mount(bundle.config, "/deep", "bind", "/dev", {"rbind"});
  add_mount(bundle.config, "/flat", "bind", "/dev", {"bind"});
  const Outcome outcome = bundle.report("mount /deep/pts -- mount /flat/pts");
  CHECK(outcome.value("mount.type") == "devpts");
  CHECK(outcome.value("mount") == "none");
}

TEST_CASE("mounts: a later mount covers an earlier one at the same place") {
  Bundle bundle;
  add_mount(bundle.config, "/tmp", "bind", make_volume(bundle, "first"), {"bind"});
  add_mount(bundle.config, "/tmp", "bind", make_volume(bundle, "second"), {"bind"});
  CHECK(bundle.report("line /tmp/file").value("/tmp/file") == "from second");
}

TEST_CASE("mounts: a mount goes into what an earlier one brought") {
  Bundle bundle;
  fs::create_directory(make_volume(bundle, "outer") + "/inner");
  add_mount(bundle.config, "/outer", "bind", bundle.path("outer"), {"bind"});
  add_mount(bundle.config, "/outer/inner", "bind", make_volume(bundle, "second"), {"bind"});
  CHECK(bundle.report("line /outer/inner/file").value("/outer/inner/file") == "from second");
}

TEST_CASE("mounts: a source that is not there is named in the error") {
  Bundle bundle;
  add_mount(bundle.config, "/volume", "bind", "/no/such/source", {"bind"});
  const Outcome outcome = bundle.run();
  CHECK(outcome.exit_code == 1);
  CHECK_MESSAGE(contains(outcome.err, "/no/such/source"), outcome.text());
  CHECK_MESSAGE(contains(outcome.err, "no such file or directory"), outcome.text());
}

TEST_CASE("mounts: a directory on a file is \"not a directory\"") {
  Bundle bundle;
  add_mount(bundle.config, "/probe", "bind", make_volume(bundle), {"bind"});
  const Outcome outcome = bundle.run();
  CHECK(outcome.exit_code == 1);
  CHECK_MESSAGE(contains(outcome.err, "not a directory"), outcome.text());
}

TEST_CASE("mounts: an unknown file system is an error that names it") {
  Bundle bundle;
  add_mount(bundle.config, "/tmp", "nosuchfs", "none", {});
  const Outcome outcome = bundle.run();
  CHECK(outcome.exit_code == 1);
  CHECK_MESSAGE(contains(outcome.err, "no such device"), outcome.text());
}

TEST_CASE("mounts: propagation is as asked, and private without a word") {
  Bundle bundle;
  bundle.config["linux"]["rootfsPropagation"] = "rslave";
  make_volume(bundle);
  add_mount(bundle.config, "/shared", "bind", bundle.path("volume"), {"bind", "rshared"});
  add_mount(bundle.config, "/plain", "tmpfs", "tmpfs", {});
  add_mount(bundle.config, "/unbindable", "tmpfs", "tmpfs", {"unbindable"});
  const Outcome outcome = bundle.report("mount /shared -- mount /plain -- mount /unbindable");
  const std::vector<std::string> tags = outcome.values("mount.tags");
  REQUIRE(tags.size() == 3);
  CHECK_MESSAGE(tags[0].starts_with("shared:"), tags[0]);
  CHECK(tags[1] == "");
  CHECK(tags[2] == "unbindable");
}

TEST_CASE("mounts: a container's mounts stay away from the host") {
  Bundle bundle;
  add_mount(bundle.config, "/tmp", "tmpfs", "tmpfs", {});
  bundle.probe("wait-signal");
  const std::vector<std::string> before = host_mounts();
  bundle.launch();
  CHECK(host_mounts() == before);
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("mounts: tmpcopyup fills a tmpfs with what it covers") {
  Bundle bundle;
  write_file(bundle.rootfs() + "/etc/file", "copied\n");
  fs::create_symlink("file", bundle.rootfs() + "/etc/link");
  add_mount(bundle.config, "/etc", "tmpfs", "tmpfs", {"tmpcopyup"});
  const Outcome outcome = bundle.report("mount /etc -- line /etc/file -- readlink /etc/link");
  CHECK(outcome.value("mount.type") == "tmpfs");
  CHECK(outcome.value("/etc/file") == "copied");
  CHECK(outcome.value("link") == "file");
}

TEST_CASE("mounts: a tmpfs takes the mode of the directory that it covers") {
  Bundle bundle;
  fs::permissions(bundle.rootfs() + "/tmp", fs::perms(0711));
  add_mount(bundle.config, "/tmp", "tmpfs", "tmpfs", {});
  add_mount(bundle.config, "/new", "tmpfs", "tmpfs", {});
  CHECK(bundle.report("stat /tmp -- stat /new").values("mode") ==
        std::vector<std::string>{"0711", "1777"});
}

TEST_CASE("mounts: rro makes the mounts below read-only too, ro does not") {
  Bundle bundle;
  add_mount(bundle.config, "/deep", "bind", "/dev", {"rbind", "rro"});
  add_mount(bundle.config, "/flat", "bind", "/dev", {"rbind", "ro"});
  const Outcome outcome = bundle.report("mount /deep/shm -- mount /flat/shm -- mount /flat");
  const std::vector<std::string> options = outcome.values("mount.options");
  REQUIRE(options.size() == 3);
  CHECK(has_option(options[0], "ro"));
  CHECK(has_option(options[1], "rw"));
  CHECK(has_option(options[2], "ro"));
}

TEST_CASE("mounts: nosymfollow, lazytime and silent are flags, not data") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  Bundle bundle;
  add_mount(bundle.config, "/tmp", "tmpfs", "tmpfs",
            {"nosymfollow", "silent", "noiversion", "lazytime"});
  const Outcome outcome = bundle.report("mount /tmp");
  CHECK(has_option(outcome.value("mount.options"), "nosymfollow"));
  CHECK(has_option(outcome.value("mount.super"), "lazytime"));
}

TEST_CASE("mounts: a bind with data for a file system is refused") {
  if (testing_old_runc()) return skip_case("runc 1.1 leaves the data aside");
  Bundle bundle;
  add_mount(bundle.config, "/volume", "bind", make_volume(bundle), {"bind", "lowerdir=/x"});
  CHECK(bundle.run().exit_code == 1);
}

TEST_CASE("mounts: a bind with options of tmpfs is made without them, with a warning") {
  if (testing_runc()) return skip_case("runc 1.1 says nothing, and 1.2 refuses it");
  Bundle bundle;
  add_mount(bundle.config, "/volume", "bind", make_volume(bundle), {"bind", "ro", "size=1m"});
  bundle.probe("readonly /volume");
  const Outcome outcome = bundle.run();
  CHECK_MESSAGE(outcome.exit_code == 0, outcome.text());
  CHECK(outcome.value("writable") == "EROFS");
  CHECK_MESSAGE(contains(outcome.err, "/options/2: \\\"size=1m\\\" is ignored"), outcome.text());
}

TEST_CASE("mounts: an idmapped bind shows and stores the mapped owner") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  Bundle bundle;
  const std::string volume = make_volume(bundle);
  bundle.map_ids(1'000'000);
  add_mount(bundle.config, "/volume", "bind", volume, {"bind"});
  const Json map = {{{"containerID", 0}, {"hostID", 1'000'000}, {"size", 65'536}}};
  bundle.config["mounts"].back()["uidMappings"] = map;
  bundle.config["mounts"].back()["gidMappings"] = map;
  const Outcome outcome = bundle.report("stat /volume/file -- write /volume/made text");
  CHECK(outcome.value("uid") == "0");
  CHECK(outcome.value("write") == "ok");
  struct stat facts = {};
  REQUIRE(::stat((volume + "/made").c_str(), &facts) == 0);
  CHECK(facts.st_uid == 0);
}

TEST_CASE("mounts: idmap without mappings takes the container's own") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  Bundle bundle;
  const std::string volume = make_volume(bundle);
  bundle.map_ids(1'000'000);
  add_mount(bundle.config, "/volume", "bind", volume, {"bind", "idmap"});
  CHECK(bundle.report("stat /volume/file").value("uid") == "0");
}

TEST_CASE("mounts: mappings of users without those of groups are refused") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  Bundle bundle;
  add_mount(bundle.config, "/volume", "bind", make_volume(bundle), {"bind"});
  bundle.config["mounts"].back()["uidMappings"] = {
      {{"containerID", 0}, {"hostID", 1000}, {"size", 1}}};
  CHECK(bundle.run().exit_code == 1);
}

TEST_CASE("mounts: a destination without a leading slash is below the root") {
  Bundle bundle;
  add_mount(bundle.config, "tmp", "tmpfs", "tmpfs", {});
  CHECK(bundle.report("mount /tmp").value("mount.type") == "tmpfs");
}

TEST_CASE("mounts: a symlink in the destination is followed inside the root file system") {
  Bundle bundle;
  fs::create_directory_symlink("/etc", bundle.rootfs() + "/link");
  add_mount(bundle.config, "/link/sub", "tmpfs", "tmpfs", {});
  CHECK(bundle.report("mount /etc/sub").value("mount.type") == "tmpfs");
  CHECK(fs::is_directory(bundle.rootfs() + "/etc/sub"));
}
