// features.md and features-linux.md: what `features` lists is there.
#include <sys/prctl.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "conformance/spec/container.hpp"
#include "conformance/spec/tap.hpp"

using namespace coracle::conformance;

namespace {

std::string features_text(CgroupView view = CgroupView::machine) {
  const Outcome told =
      coracle::test::run({.args = {coracle::test::runtime_binary(), "features"}, .view = view});
  CHECK_MESSAGE(told.exit_code == 0, told.text());
  return told.out;
}

// What the runtime lists at `pointer`.  Every property is optional but the versions: without it
// the case is skipped.
Json listed(const std::string& pointer) {
  const Json features = Json::parse(features_text(), nullptr, false);
  REQUIRE_MESSAGE(features.is_object(), "features tells no JSON object");
  const Json::json_pointer at(pointer);
  if (features.contains(at)) return features.at(at);
  skip("features does not tell " + pointer);
  return Json();
}

// A list with something in it.
Json listed_some(const std::string& pointer) {
  Json list = listed(pointer);
  CHECK_MESSAGE((list.is_null() || !list.empty()), pointer << " is empty");
  return list;
}

// {1, 0, 2} of "1.0.2-dev".
std::vector<int> numbers(const std::string& version) {
  std::vector<int> parts = {0};
  for (const char c : version.substr(0, version.find('-'))) {
    if (c == '.') {
      parts.push_back(0);
    } else {
      parts.back() = parts.back() * 10 + (c - '0');
    }
  }
  return parts;
}

// A configuration that says it is of the version listed at `pointer` is taken.
void check_version(const std::string& pointer) {
  Container container;
  container.config["ociVersion"] = listed(pointer);
  CHECK(container.tells("ids").value("uid") == "0");
}

Json rule(const std::string& action) {
  return {{"names", {"getpriority"}}, {"action", action}};
}

// Containers with that seccomp can be created and deleted; what does is in `value`.
void check_seccomp(const Json& seccomp, const std::string& value) {
  CAPTURE(value);
  Container container;
  container.config["linux"]["seccomp"] = seccomp;
  CHECK(container.tells("ids").value("uid") == "0");
}

void check_flags(const std::string& pointer) {
  for (const std::string flag : listed(pointer)) {
    Json filter = coracle::test::seccomp(Json::array({rule("SCMP_ACT_ERRNO")}));
    filter["flags"] = {flag};
    // Makes sense with a listener alone.
    if (flag == "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV") continue;
    check_seccomp(filter, flag);
  }
}

// Options that need what a new tmpfs is not.
bool is_for_tmpfs(const std::string& option) {
  static const std::set<std::string> others = {"bind",         "rbind",        "remount",
                                               "idmap",        "ridmap",       "copy-symlink",
                                               "src-nofollow", "dest-nofollow"};
  return !others.contains(option);
}

}  // namespace

TEST_CASE(
    "features.md#features-structure 1: features does not depend on where it is asked (SHOULD)") {
  const std::string here = features_text();
  CHECK(Json::parse(here, nullptr, false).is_object());
  CHECK(here == features_text(CgroupView::v2));
}

TEST_CASE("features.md#specification-version 1: ociVersionMin is taken in config.json") {
  check_version("/ociVersionMin");
}

TEST_CASE("features.md#specification-version 2: ociVersionMax is taken in config.json") {
  check_version("/ociVersionMax");
}

TEST_CASE("features.md#specification-version 3: ociVersionMax is not less than ociVersionMin") {
  CHECK(numbers(listed("/ociVersionMax")) >= numbers(listed("/ociVersionMin")));
}

TEST_CASE("features.md#specification-version 4: no property is there that is not defined") {
  const std::set<std::string> defined = {"ociVersionMin",
                                         "ociVersionMax",
                                         "hooks",
                                         "mountOptions",
                                         "linux",
                                         "annotations",
                                         "potentiallyUnsafeConfigAnnotations"};
  const std::set<std::string> defined_of_linux = {
      "namespaces", "capabilities", "cgroup",          "seccomp",    "apparmor",
      "selinux",    "intelRdt",     "mountExtensions", "netDevices", "memoryPolicy"};
  const Json all = listed("");
  CHECK(all.contains("ociVersionMin"));
  for (const auto& [name, value] : all.items()) CHECK_MESSAGE(defined.contains(name), name);
  const Json of_linux = all.value("linux", Json::object());
  for (const auto& [name, value] : of_linux.items()) {
    CHECK_MESSAGE(defined_of_linux.contains(name), name);
  }
}

TEST_CASE("features.md#hooks 1: each kind of hook that is listed is called") {
  for (const std::string kind : listed_some("/hooks")) {
    CAPTURE(kind);
    Container container;
    if (kind == "startContainer") {
      container.add_hook(kind, "/probe", {"probe", "touch", "/called"});
    } else {
      container.add_hook(kind, container.script("hook", "cat >/dev/null; echo >" +
                                                            container.rootfs() + "/called"));
    }
    container.lives();
    CHECK(read_file(container.rootfs() + "/called") == (kind == "startContainer" ? "" : "\n"));
  }
}

TEST_CASE("features.md#mount-options 1: each mount option that is listed is known") {
  // Data that a tmpfs does not know would be refused.
  const Json options = listed("/mountOptions");
  CHECK(options.size() > 10);
  for (const std::string option : options) {
    if (!is_for_tmpfs(option)) continue;
    CAPTURE(option);
    Container container;
    add_mount(container.config, "/m", "tmpfs", "tmpfs", {option});
    CHECK(container.create().exit_code == 0);
  }
}

TEST_CASE("features.md#mount-options 2: no option of a file system's own is listed (SHOULD)") {
  const Json options = listed("/mountOptions");
  CHECK(options.size() > 10);
  for (const char* own : {"size", "mode", "uid", "gid", "nr_inodes", "newinstance", "ptmxmode"}) {
    CHECK_MESSAGE(std::ranges::find(options, own) == options.end(), own);
  }
}

TEST_CASE("features.md#annotations 1: annotations are strings by keys") {
  const Json annotations = listed("/annotations");
  CHECK(annotations.is_object());
  for (const auto& [key, value] : annotations.items()) {
    CHECK(key != "");
    CHECK(value.is_string());
  }
}

TEST_CASE("features-linux.md#namespaces 1: each type of namespace that is listed is known") {
  for (const std::string type : listed_some("/linux/namespaces")) {
    CAPTURE(type);
    Container container;
    drop_namespace(container.config, type);
    if (type == "user") {
      container.map_ids(100000);
    } else {
      add_namespace(container.config, type);
    }
    CHECK(container.tells("ids").value("uid") == "0");
  }
}

TEST_CASE("features-linux.md#capabilities 1: each capability that is listed is known") {
  // Those that this process may pass on: what else is asked for is another sentence's matter.
  std::vector<std::string> names;
  unsigned long long expected = 0;
  int number = 0;
  for (const std::string name : listed_some("/linux/capabilities")) {
    if (::prctl(PR_CAPBSET_READ, number, 0, 0, 0) == 1) {
      names.push_back(name);
      expected |= 1ULL << number;
    }
    ++number;
  }
  Container container;
  coracle::test::set_capabilities(container.config, names);
  const std::string bounding = container.tells("status CapBnd").value("CapBnd");
  CHECK(std::stoull(bounding, nullptr, 16) == expected);
}

TEST_CASE("features-linux.md#seccomp 1: each action that is listed is known") {
  for (const std::string action : listed_some("/linux/seccomp/actions")) {
    if (action == "SCMP_ACT_NOTIFY") continue;  // needs who listens: config-linux.md#seccomp
    check_seccomp(coracle::test::seccomp(Json::array({rule(action)})), action);
  }
}

TEST_CASE("features-linux.md#seccomp 2: each operator that is listed is known") {
  for (const std::string op : listed_some("/linux/seccomp/operators")) {
    Json compared = rule("SCMP_ACT_ERRNO");
    compared["args"] = {{{"index", 0}, {"value", 1}, {"valueTwo", 1}, {"op", op}}};
    check_seccomp(coracle::test::seccomp(Json::array({compared})), op);
  }
}

TEST_CASE("features-linux.md#seccomp 3: each architecture that is listed is known") {
  for (const std::string arch : listed_some("/linux/seccomp/archs")) {
    // The kernel filters by the byte order of its own alone.
    Json filter = coracle::test::seccomp(Json::array({rule("SCMP_ACT_ERRNO")}));
    filter["architectures"] = {"SCMP_ARCH_X86_64"};
    if (arch.find("X86") != std::string::npos || arch.find("X32") != std::string::npos) {
      filter["architectures"] = {arch};
    }
    check_seccomp(filter, arch);
  }
}

TEST_CASE("features-linux.md#seccomp 4: each flag that is known is taken") {
  check_flags("/linux/seccomp/knownFlags");
}

TEST_CASE("features-linux.md#seccomp 5: each flag that is supported is taken") {
  check_flags("/linux/seccomp/supportedFlags");
}

TEST_CASE("features-linux.md#memorypolicy 1: each mode that is listed is known") {
  for (const std::string mode : listed_some("/linux/memoryPolicy/modes")) {
    CAPTURE(mode);
    Container container;
    const bool has_nodes = mode != "MPOL_DEFAULT" && mode != "MPOL_LOCAL";
    container.config["linux"]["memoryPolicy"] = {{"mode", mode}, {"nodes", has_nodes ? "0" : ""}};
    CHECK(container.tells("ids").value("uid") == "0");
  }
}

TEST_CASE("features-linux.md#memorypolicy 2: each flag that is listed is known") {
  for (const std::string flag : listed("/linux/memoryPolicy/flags")) {
    CAPTURE(flag);
    Container container;
    const bool is_balancing = flag == "MPOL_F_NUMA_BALANCING";
    container.config["linux"]["memoryPolicy"] = {
        {"mode", is_balancing ? "MPOL_BIND" : "MPOL_INTERLEAVE"},
        {"nodes", "0"},
        {"flags", {flag}}};
    CHECK(container.tells("ids").value("uid") == "0");
  }
}

TEST_CASE("features-linux.md#mountextensions 1: idmap is told to be known") {
  CHECK(listed("/linux/mountExtensions/idmap/enabled") == true);
}
