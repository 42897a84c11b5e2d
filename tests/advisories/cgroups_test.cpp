// Advisories about cgroups that a container can write to, or that the runtime writes beside.
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/attack.hpp"
#include "tests/support/leftovers.hpp"
#include "tests/support/summary.hpp"
#include "tests/support/text.hpp"

using namespace coracle::test;
namespace fs = std::filesystem;

namespace {

constexpr uid_t ordinary_user = 23'456;  // Owner::user
const std::vector<std::string> read_only = {"nosuid", "noexec", "nodev", "relatime", "ro"};

// The unified hierarchy of this machine: "/sys/fs/cgroup", or ".../unified" beside others.
std::string unified() {
  for (const std::string& mount : cgroup_mounts()) {
    if (fs::exists(mount + "/cgroup.procs") && fs::exists(mount + "/cgroup.controllers"))
      return mount;
  }
  return "";
}

// A cgroup that the ordinary user may write to, as a service manager delegates it; removed again.
class Delegated {
 public:
  Delegated() : name_(parent_cgroup() + "/delegated"), path_(unified() + name_) {
    fs::create_directories(path_);
    for (const std::string& path : {path_, path_ + "/cgroup.procs"})
      REQUIRE(::chown(path.c_str(), ordinary_user, ordinary_user) == 0);
  }
  Delegated(const Delegated&) = delete;
  Delegated& operator=(const Delegated&) = delete;
  ~Delegated() { remove_cgroups(parent_cgroup()); }

  const std::string& name() const { return name_; }
  bool was_hit() const { return fs::exists(path_ + "/made"); }

 private:
  std::string name_;
  std::string path_;
};

}  // namespace

TEST_CASE(
    "CVE-2022-0492: a cgroup v1 mount that is asked read-only has no release_agent to write") {
  if (why_not(CgroupView::v1)) return skip_case("no cgroup v1 here");
  for (const Way& way : ways()) {
    Attack attack(way);
    attack.bundle.view = CgroupView::v1;
    set_capabilities(attack.bundle.config, {"CAP_SYS_ADMIN", "CAP_DAC_OVERRIDE"});
    add_mount(attack.bundle.config, "/sys/fs/cgroup", "cgroup", "cgroup", read_only);
    attack.bundle.probe(
        "readonly /sys/fs/cgroup/memory/cgroup.procs -- "
        "write /sys/fs/cgroup/memory/release_agent /evil");
    const Outcome outcome = attack.attempt();
    CHECK_MESSAGE(outcome.values("writable") != std::vector<std::string>{"ok"}, way.text());
    CHECK_MESSAGE(outcome.value("write") == "EROFS", way.text(), outcome.text());
  }
}

TEST_CASE("CVE-2023-25809: without a cgroup namespace a read-only /sys/fs/cgroup is read-only") {
  if (why_not(CgroupView::v2)) return skip_case("no cgroup v2 here");
  for (const Way& way : ways_with_users()) {
    const Delegated delegated;
    Attack attack(way);
    attack.bundle.view = CgroupView::v2;
    add_mount(attack.bundle.config, "/sys/fs/cgroup", "cgroup", "cgroup", read_only);
    attack.bundle.probe("mkdir /sys/fs/cgroup/made -- mkdir /sys/fs/cgroup" + delegated.name() +
                        "/made -- readonly /sys/fs/cgroup/cgroup.procs");
    const Outcome outcome = attack.attempt();
    CHECK_MESSAGE(outcome.exit_code == 0, way.text(), outcome.text());
    CHECK_MESSAGE(outcome.value("mkdir") == "EROFS", way.text(), outcome.text());
    CHECK_MESSAGE(!delegated.was_hit(), way.text());
  }
}

TEST_CASE("CVE-2023-25809: nor can it be written to as part of the host's /sys, mounted so") {
  if (why_not(CgroupView::v2)) return skip_case("no cgroup v2 here");
  for (const Way& way : ways_with_users()) {
    if (way.owner != Owner::user) continue;
    const Delegated delegated;
    Attack attack(way);
    attack.bundle.view = CgroupView::v2;
    drop_mount(attack.bundle.config, "/sys");
    drop_namespace(attack.bundle.config, "network");
    Json written = Json::parse(
        run({.args = {"sh", "-c", "cd \"$1\" && \"$2\" spec --rootless && cat config.json", "sh",
                      attack.bundle.path(""), runtime_binary()}})
            .out);
    for (const Json& mount : written["mounts"]) {
      const std::string at = mount["destination"];
      if (at.starts_with("/sys")) attack.bundle.config["mounts"].push_back(mount);
    }
    attack.bundle.probe("mkdir /sys/fs/cgroup" + delegated.name() + "/made");
    const Outcome outcome = attack.attempt();
    CHECK_MESSAGE(outcome.exit_code == 0, outcome.text());
    CHECK_MESSAGE(!delegated.was_hit(), way.text());
  }
}

TEST_CASE("GHSA-5g49-rx9x-qfc6: a key of `unified` that leaves the cgroup is refused") {
  if (why_not(CgroupView::v2)) return skip_case("no cgroup v2 here");
  for (const Way& way : ways()) {
    for (const std::string up :
         {"../../../../../../../../../..", "memory/../../../../../../../.."}) {
      Attack attack(way);
      attack.bundle.view = CgroupView::v2;
      attack.bundle.config["linux"]["resources"]["unified"] = {
          {up + attack.victim.path() + "/null", "1"}};
      CHECK_MESSAGE(attack.attempt().exit_code != 0, way.text());
    }
  }
}

TEST_CASE("GHSA-5g49-rx9x-qfc6: a key of `unified` that means another cgroup is refused") {
  if (why_not(CgroupView::v2)) return skip_case("no cgroup v2 here");
  for (const Way& way : ways()) {
    for (const char* key : {"../cgroup.max.depth", "./../cgroup.max.depth", "a/cgroup.max.depth"}) {
      Attack attack(way);
      attack.bundle.view = CgroupView::v2;
      attack.bundle.config["linux"]["resources"]["unified"] = {{key, "1"}};
      CHECK_MESSAGE(attack.attempt().exit_code != 0, way.text(), key);
    }
  }
}

TEST_CASE("cgroupsPath: it leads nowhere above the hierarchy") {
  for (const Way& way : ways()) {
    Attack attack(way);
    attack.bundle.config["linux"]["cgroupsPath"] =
        "/../../../../../../../.." + attack.victim.path() + "/made";
    attack.attempt();
    remove_cgroups(attack.victim.path());
  }
}
