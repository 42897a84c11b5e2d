// config.md#linux-mount-options: the rows for what is mounted from the host: bind, propagation,
// recursive flags, mappings.
#include <sys/mount.h>

#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "conformance/spec/container.hpp"

using namespace coracle::conformance;
using coracle::test::run;
namespace fs = std::filesystem;

namespace {

using Options = std::vector<std::string>;

// A mount of the suite's own with another below it; unmounted when dropped.
class HostMounts {
 public:
  HostMounts(const Container& container, const Options& inner_options = {})
      : top_(container.path("host")) {
    std::string options = "size=64k";
    for (const std::string& option : inner_options) options += "," + option;
    mount(top_, "size=64k");
    mount(inner(), options);
  }
  HostMounts(const HostMounts&) = delete;
  HostMounts& operator=(const HostMounts&) = delete;
  ~HostMounts() {
    ::umount2(inner().c_str(), MNT_DETACH);
    ::umount2(top_.c_str(), MNT_DETACH);
  }

  const std::string& top() const { return top_; }
  std::string inner() const { return top_ + "/inner"; }

  void share() const {
    REQUIRE(::mount(nullptr, top_.c_str(), nullptr, MS_REC | MS_SHARED, nullptr) == 0);
  }

 private:
  static void mount(const std::string& at, const std::string& options) {
    fs::create_directories(at);
    // mount(8) knows words that mount(2) does not.
    const Outcome made = run({.args = {"mount", "-t", "tmpfs", "-o", options, "tmpfs", at}});
    REQUIRE_MESSAGE(made.exit_code == 0, made.text());
  }

  std::string top_;
};

// Of /m and /m/inner, bound from the host with `options`.
struct Bound {
  std::string top;
  std::string inner;
};

Bound bound_with(Container& container, const HostMounts& host, const Options& options,
                 const std::string& field) {
  add_mount(container.config, "/m", "none", host.top(), options);
  const Outcome seen = container.tells("mount /m -- mount /m/inner");
  drop_mount(container.config, "/m");
  const std::vector<std::string> found = seen.values(field);
  return {.top = found.empty() ? "" : found.front(), .inner = found.size() < 2 ? "" : found[1]};
}

std::string tags(Container& container, const HostMounts& host, const Options& options,
                 bool of_inner) {
  const Bound bound = bound_with(container, host, options, "mount.tags");
  return of_inner ? bound.inner : bound.top;
}

// What `option` makes of the propagation of a mount of the host's that is shared: a tag that
// begins so, on the mount (or on the one below it).  Other options make others of it.
void check_propagation(const std::string& option, const std::string& tag,
                       const std::string& other_option) {
  Container container;
  // Else there may be nothing to be a slave of; but it may take back what the option shares.
  if (tag != "shared:") container.config["linux"]["rootfsPropagation"] = "rslave";
  const HostMounts host(container);
  host.share();
  const bool recursive = option.front() == 'r';
  const std::string with = tags(container, host, {"rbind", option}, recursive);
  const std::string without = tags(container, host, {"rbind", other_option}, recursive);
  CAPTURE(with);
  CAPTURE(without);
  CHECK(with.starts_with(tag));
  CHECK(without != with);
  if (tag.empty()) CHECK(with.empty());
}

// The recursive option sets `flag` on the mount below too, which without it has it not.
void check_sets_below(const std::string& option, const std::string& flag,
                      const Options& inner_options = {}) {
  Container container;
  const HostMounts host(container, inner_options);
  CHECK_FALSE(has_option(bound_with(container, host, {"rbind"}, "mount.options").inner, flag));
  CHECK(has_option(bound_with(container, host, {"rbind", option}, "mount.options").inner, flag));
}

// The recursive option takes away `flag`, which the mount below has.
void check_clears_below(const std::string& option, const std::string& flag) {
  Container container;
  const HostMounts host(container, {flag});
  CHECK(has_option(bound_with(container, host, {"rbind"}, "mount.options").inner, flag));
  const std::string after = bound_with(container, host, {"rbind", option}, "mount.options").inner;
  CHECK(after != "");
  CHECK_FALSE(has_option(after, flag));
}

// A file of the host's user 0, mounted into a container whose user 0 is the host's 100000.
struct Mapped : Container {
  HostMounts host{*this};

  Mapped() {
    write_file(host.top() + "/file", "");
    write_file(host.inner() + "/file", "");
  }

  void add(const Options& options, unsigned host_id) {
    add_mount(config, "/m", "none", host.top(), options);
    if (host_id == 0) return;
    const Json map = {{{"containerID", 0}, {"hostID", host_id}, {"size", 1000}}};
    config["mounts"].back()["uidMappings"] = map;
    config["mounts"].back()["gidMappings"] = map;
  }
  std::string owner(const std::string& file) { return tells("stat " + file).value("uid"); }
};

}  // namespace

TEST_CASE("config.md#linux-mount-options 4: bind shows what is at the source, and no mount below") {
  Container container;
  const HostMounts host(container);
  write_file(host.top() + "/file", "outer");
  write_file(host.inner() + "/file", "inner");
  add_mount(container.config, "/m", "none", host.top(), {"bind"});
  const Outcome seen = container.tells("line /m/file -- ls /m/inner -- cwd");
  CHECK(seen.value("/m/file") == "outer");
  CHECK(seen.values("entry").empty());
}

TEST_CASE("config.md#linux-mount-options 23: private gives the mount that propagation") {
  check_propagation("private", "", "slave");
}

TEST_CASE(
    "config.md#linux-mount-options 24: ratime takes noatime from the mounts below too (SHOULD)") {
  check_clears_below("ratime", "noatime");
}

TEST_CASE("config.md#linux-mount-options 25: rbind shows the mounts below the source too") {
  Container container;
  const HostMounts host(container);
  write_file(host.inner() + "/file", "inner");
  add_mount(container.config, "/m", "none", host.top(), {"rbind"});
  CHECK(container.tells("line /m/inner/file").value("/m/inner/file") == "inner");
}

TEST_CASE("config.md#linux-mount-options 26: rdev takes nodev from the mounts below too (SHOULD)") {
  check_clears_below("rdev", "nodev");
}

TEST_CASE(
    "config.md#linux-mount-options 27: rdiratime takes nodiratime from the mounts below too "
    "(SHOULD)") {
  check_clears_below("rdiratime", "nodiratime");
}

TEST_CASE(
    "config.md#linux-mount-options 30: rexec takes noexec from the mounts below too (SHOULD)") {
  check_clears_below("rexec", "noexec");
}

TEST_CASE(
    "config.md#linux-mount-options 31: rnoatime sets noatime on the mounts below too (SHOULD)") {
  check_sets_below("rnoatime", "noatime");
}

TEST_CASE(
    "config.md#linux-mount-options 32: rnodiratime sets nodiratime on the mounts below too "
    "(SHOULD)") {
  check_sets_below("rnodiratime", "nodiratime");
}

TEST_CASE(
    "config.md#linux-mount-options 33: rnoexec sets noexec on the mounts below too (SHOULD)") {
  check_sets_below("rnoexec", "noexec");
}

TEST_CASE(
    "config.md#linux-mount-options 35: rnostrictatime sets relatime on the mounts below too "
    "(SHOULD)") {
  check_sets_below("rnostrictatime", "relatime", {"strictatime"});
}

TEST_CASE(
    "config.md#linux-mount-options 36: rnosuid sets nosuid on the mounts below too (SHOULD)") {
  check_sets_below("rnosuid", "nosuid");
}

TEST_CASE(
    "config.md#linux-mount-options 37: rnosymfollow sets nosymfollow on the mounts below too "
    "(SHOULD)") {
  check_sets_below("rnosymfollow", "nosymfollow");
}

TEST_CASE(
    "config.md#linux-mount-options 39: rprivate gives the mounts below too that propagation") {
  check_propagation("rprivate", "", "rslave");
}

TEST_CASE(
    "config.md#linux-mount-options 40: rrelatime sets relatime on the mounts below too (SHOULD)") {
  check_sets_below("rrelatime", "relatime", {"noatime"});
}

TEST_CASE("config.md#linux-mount-options 41: rro sets ro on the mounts below too (SHOULD)") {
  check_sets_below("rro", "ro");
}

TEST_CASE("config.md#linux-mount-options 42: rrw takes ro from the mounts below too (SHOULD)") {
  check_clears_below("rrw", "ro");
}

TEST_CASE("config.md#linux-mount-options 43: rshared gives the mounts below too that propagation") {
  check_propagation("rshared", "shared:", "rprivate");
}

TEST_CASE("config.md#linux-mount-options 44: rslave gives the mounts below too that propagation") {
  check_propagation("rslave", "master:", "rprivate");
}

TEST_CASE(
    "config.md#linux-mount-options 45: rstrictatime takes relatime from the mounts below too "
    "(SHOULD)") {
  check_clears_below("rstrictatime", "relatime");
}

TEST_CASE(
    "config.md#linux-mount-options 46: rsuid takes nosuid from the mounts below too (SHOULD)") {
  check_clears_below("rsuid", "nosuid");
}

TEST_CASE(
    "config.md#linux-mount-options 47: rsymfollow takes nosymfollow from the mounts below too "
    "(SHOULD)") {
  check_clears_below("rsymfollow", "nosymfollow");
}

TEST_CASE(
    "config.md#linux-mount-options 48: runbindable gives the mounts below too that propagation") {
  check_propagation("runbindable", "unbindable", "rprivate");
}

TEST_CASE("config.md#linux-mount-options 50: shared gives the mount that propagation") {
  check_propagation("shared", "shared:", "private");
}

TEST_CASE("config.md#linux-mount-options 52: slave gives the mount that propagation") {
  check_propagation("slave", "master:", "private");
}

TEST_CASE("config.md#linux-mount-options 57: unbindable gives the mount that propagation") {
  check_propagation("unbindable", "unbindable", "private");
}

TEST_CASE(
    "config.md#linux-mount-options 58, config.md#linux-mount-options 59: idmap is applied and "
    "not passed on (SHOULD)") {
  Mapped container;
  container.map_ids(100000);
  container.add({"rbind", "idmap"}, 100000);
  CHECK(container.owner("/m/file") == "0");
}

TEST_CASE("config.md#linux-mount-options 60: idmap uses the mount's own mappings") {
  Mapped container;
  container.add({"bind", "idmap"}, 5000);
  CHECK(container.owner("/m/file") == "5000");
}

TEST_CASE(
    "config.md#linux-mount-options 61: idmap without mappings uses the container's or fails") {
  Mapped container;
  container.map_ids(100000);
  CHECK(container.tells("ids").value("uid") == "0");
  container.add({"rbind", "idmap"}, 0);
  if (container.create().exit_code != 0) return;
  CHECK(container.command({"delete", "--force", container.id()}).exit_code == 0);
  CHECK(container.owner("/m/file") == "0");
}

TEST_CASE("config.md#linux-mount-options 62: idmap without any mapping is an error") {
  Mapped container;
  container.add({"bind"}, 0);
  container.must_refuse([](Json& config) {
    config["mounts"].back()["options"] = {"bind", "idmap"};
  });
}

TEST_CASE(
    "config.md#linux-mount-options 64, config.md#linux-mount-options 65: ridmap is applied to "
    "the mounts below, and not passed on (SHOULD)") {
  Mapped container;
  container.map_ids(100000);
  container.add({"rbind", "ridmap"}, 100000);
  CHECK(container.owner("/m/file") == "0");
  CHECK(container.owner("/m/inner/file") == "0");
}

TEST_CASE("config.md#linux-mount-options 66: ridmap uses the mount's own mappings") {
  Mapped container;
  container.add({"rbind", "ridmap"}, 5000);
  CHECK(container.owner("/m/inner/file") == "5000");
}

TEST_CASE(
    "config.md#linux-mount-options 67: ridmap without mappings uses the container's or fails") {
  Mapped container;
  container.map_ids(100000);
  CHECK(container.tells("ids").value("uid") == "0");
  container.add({"rbind", "ridmap"}, 0);
  if (container.create().exit_code != 0) return;
  CHECK(container.command({"delete", "--force", container.id()}).exit_code == 0);
  CHECK(container.owner("/m/inner/file") == "0");
}

TEST_CASE("config.md#linux-mount-options 68: ridmap without any mapping is an error") {
  Mapped container;
  container.add({"rbind"}, 0);
  container.must_refuse([](Json& config) {
    config["mounts"].back()["options"] = {"rbind", "ridmap"};
  });
}
