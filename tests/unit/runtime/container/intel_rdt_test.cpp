// linux.intelRdt on a directory tree that looks like resctrl, without its kernel side.
#include "runtime/container/intel_rdt.hpp"

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include <doctest/doctest.h>

using namespace coracle::container;
using coracle::oci::IntelRdt;
namespace fs = std::filesystem;

namespace {

// A resctrl root with the class "gold"; gone with the test.
class Resctrl {
 public:
  Resctrl() {
    path_ = "/tmp/coracle-rdt-XXXXXX";
    REQUIRE(::mkdtemp(path_.data()) != nullptr);
    fs::create_directories(path_ + "/info");
    fs::create_directories(path_ + "/mon_groups");
    fs::create_directories(path_ + "/gold/mon_groups");
    for (const char* group : {"", "/gold"}) {
      write(std::string(group) + "/schemata", "    MB:0= 20;1= 70\n    L3:0=07f0;1=001f\n");
      write(std::string(group) + "/tasks", "");
    }
    write("/info/last_cmd_status", "ok\n");
  }
  Resctrl(const Resctrl&) = delete;
  Resctrl& operator=(const Resctrl&) = delete;
  ~Resctrl() { fs::remove_all(path_); }

  const std::string& path() const { return path_; }
  bool has(const std::string& name) const { return fs::exists(path_ + name); }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ + name) << text;
  }
  std::string read(const std::string& name) const {
    std::ifstream file(path_ + name);
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  std::string path_;
};

std::string refusal(const coracle::Result<RdtGroup>& chosen) {
  REQUIRE_FALSE(chosen.has_value());
  return chosen.error().text();
}

}  // namespace

TEST_CASE("intelRdt: the mounted resctrl is found") {
  CHECK(find_resctrl("22 1 0:20 / /proc rw - proc proc rw\n"
                     "30 1 0:31 /gold /mnt rw - resctrl resctrl rw\n"
                     "31 1 0:31 / /sys/fs/res\\040ctrl rw - resctrl resctrl rw\n")
            .value() == "/sys/fs/res ctrl");
}

TEST_CASE("intelRdt: without resctrl the error says how to have it") {
  CHECK(find_resctrl("22 1 0:20 / /proc rw - proc proc rw\n").error().text() ==
        "linux.intelRdt: no resctrl file system is mounted here (mount -t resctrl resctrl "
        "/sys/fs/resctrl, on a CPU that has it)");
}

TEST_CASE("intelRdt: without closID the group has the container's name and goes with it") {
  const Resctrl resctrl;
  const RdtGroup expected = {.root = resctrl.path(),
                             .path = resctrl.path() + "/web1",
                             .is_new = true,
                             .owned = resctrl.path() + "/web1"};
  CHECK(choose_rdt_group({}, "web1", resctrl.path()).value() == expected);
}

TEST_CASE("intelRdt: a group with the container's name that was there stays") {
  const Resctrl resctrl;
  const auto group = choose_rdt_group({}, "gold", resctrl.path());
  REQUIRE(group.has_value());
  CHECK_FALSE(group->is_new);
  CHECK(group->owned == "");
}

TEST_CASE("intelRdt: closID names a group, or the root") {
  const Resctrl resctrl;
  CHECK(choose_rdt_group({.clos_id = "gold"}, "web1", resctrl.path())->path ==
        resctrl.path() + "/gold");
  CHECK(choose_rdt_group({.clos_id = "/"}, "web1", resctrl.path())->path == resctrl.path());
}

TEST_CASE("intelRdt: a closID without group and without schemata is refused") {
  const Resctrl resctrl;
  CHECK(refusal(choose_rdt_group({.clos_id = "silver"}, "web1", resctrl.path())) ==
        "linux.intelRdt: there is no group " + resctrl.path() +
            "/silver, and no schemata are given to make it");
}

TEST_CASE("intelRdt: a closID's new group outlives the container") {
  const Resctrl resctrl;
  for (const IntelRdt& rdt : {IntelRdt{.clos_id = "silver", .schemata = {"L3:0=f"}},
                              IntelRdt{.clos_id = "silver", .l3_cache_schema = "L3:0=f"},
                              IntelRdt{.clos_id = "silver", .mem_bw_schema = "MB:0=10"}}) {
    const auto group = choose_rdt_group(rdt, "web1", resctrl.path());
    REQUIRE(group.has_value());
    CHECK(group->is_new);
    CHECK(group->owned == "");
  }
}

TEST_CASE("intelRdt: the schemas of a group that is there must match") {
  const Resctrl resctrl;
  const IntelRdt same = {
      .clos_id = "gold", .l3_cache_schema = "L3:1=1F;0=7f0", .mem_bw_schema = "MB:0=20"};
  CHECK(choose_rdt_group(same, "web1", resctrl.path()).has_value());
  const IntelRdt other = {.clos_id = "gold", .mem_bw_schema = "MB:0=30"};
  CHECK(refusal(choose_rdt_group(other, "web1", resctrl.path())) ==
        "linux.intelRdt: \"MB:0=30\" is not what " + resctrl.path() + "/gold/schemata has");
}

TEST_CASE("intelRdt: monitoring has a group below the class, and it goes with the container") {
  const Resctrl resctrl;
  const IntelRdt rdt = {.clos_id = "gold", .enable_monitoring = true};
  const auto group = choose_rdt_group(rdt, "web1", resctrl.path());
  REQUIRE(group.has_value());
  CHECK(group->monitor == resctrl.path() + "/gold/mon_groups/web1");
  CHECK(group->owned == group->monitor);
  REQUIRE(make_rdt_group(*group, rdt).has_value());
  CHECK(resctrl.has("/gold/mon_groups/web1"));
  CHECK(remove_rdt_group(group->owned).has_value());
  CHECK_FALSE(resctrl.has("/gold/mon_groups/web1"));
}

TEST_CASE("intelRdt: a monitoring group that is another's is refused") {
  const Resctrl resctrl;
  fs::create_directory(resctrl.path() + "/mon_groups/web1");
  const IntelRdt rdt = {.clos_id = "/", .enable_monitoring = true};
  CHECK(refusal(choose_rdt_group(rdt, "web1", resctrl.path())) ==
        "linux.intelRdt: monitoring group " + resctrl.path() + "/mon_groups/web1 exists");
}

TEST_CASE("intelRdt: the container's own class takes its monitoring group with it") {
  const Resctrl resctrl;
  const auto group = choose_rdt_group({.enable_monitoring = true}, "web1", resctrl.path());
  REQUIRE(group.has_value());
  CHECK(group->monitor == resctrl.path() + "/web1/mon_groups/web1");
  CHECK(group->owned == resctrl.path() + "/web1");
}

TEST_CASE("intelRdt: a group is made, and removed once") {
  const Resctrl resctrl;
  const auto group = choose_rdt_group({}, "web1", resctrl.path());
  REQUIRE(group.has_value());
  REQUIRE(make_rdt_group(*group, {}).has_value());
  CHECK(resctrl.has("/web1"));
  CHECK_FALSE(resctrl.has("/web1/schemata"));
  CHECK(remove_rdt_group(group->owned).has_value());
  CHECK_FALSE(resctrl.has("/web1"));
  CHECK(remove_rdt_group(group->owned).has_value());
  CHECK(remove_rdt_group("").has_value());
}

TEST_CASE("intelRdt: a group whose schemata cannot be written goes again") {
  const Resctrl resctrl;
  resctrl.write("/info/last_cmd_status", "Mask out of range\n");
  const IntelRdt rdt = {.schemata = {"L3:0=fffff"}};
  const auto group = choose_rdt_group(rdt, "web1", resctrl.path());
  REQUIRE(group.has_value());
  const auto made = make_rdt_group(*group, rdt);
  REQUIRE_FALSE(made.has_value());
  CHECK(made.error().what.starts_with("linux.intelRdt: "));
  CHECK(made.error().what.ends_with("(Mask out of range)"));
  CHECK_FALSE(resctrl.has("/web1"));
}

TEST_CASE("intelRdt: schemata are written to a group that is there") {
  const Resctrl resctrl;
  const IntelRdt rdt = {.clos_id = "gold", .schemata = {"L3:0=f", "L2:1=3"}};
  const auto group = choose_rdt_group(rdt, "web1", resctrl.path());
  REQUIRE(group.has_value());
  REQUIRE(make_rdt_group(*group, rdt).has_value());
  CHECK(resctrl.read("/gold/schemata").starts_with("L3:0=f\nL2:1=3\n"));
}

TEST_CASE("intelRdt: the process joins the class and then its monitoring group") {
  const Resctrl resctrl;
  fs::create_directory(resctrl.path() + "/gold/mon_groups/web1");
  RdtGroup group = {.root = resctrl.path(), .path = resctrl.path() + "/gold"};
  group.monitor = group.path + "/mon_groups/web1";
  CHECK_FALSE(join_rdt_group(group, 42).has_value());  // no tasks there yet
  resctrl.write("/gold/mon_groups/web1/tasks", "");
  REQUIRE(join_rdt_group(group, 42).has_value());
  CHECK(resctrl.read("/gold/tasks") == "42");
  CHECK(resctrl.read("/gold/mon_groups/web1/tasks") == "42");
}

TEST_CASE("intelRdt: l3CacheSchema is written first, memBwSchema next, schemata last") {
  const IntelRdt rdt = {
      .schemata = {"L3:0=f", "MB:0=10"}, .l3_cache_schema = "L3:0=ff", .mem_bw_schema = "MB:0=20"};
  CHECK(render_schemata(rdt, false) ==
        std::vector<std::string>{"L3:0=ff\n", "MB:0=20\n", "L3:0=f\nMB:0=10\n"});
  CHECK(render_schemata(rdt, true) == std::vector<std::string>{"L3:0=f\nMB:0=10\n"});
  CHECK(render_schemata({}, false).empty());
}

TEST_CASE("intelRdt: schemas compare by value") {
  const char* there = "    MB:0=100;1= 50\nL3CODE:0=0ff;1=000\n";
  CHECK(has_schema(there, "MB:1=50"));
  CHECK(has_schema(there, "L3CODE:1=0;0=FF"));
  CHECK_FALSE(has_schema(there, "MB:0=10"));
  CHECK_FALSE(has_schema(there, "MB:2=50"));
  CHECK_FALSE(has_schema(there, "L3:0=ff"));
  CHECK_FALSE(has_schema(there, "MB"));
  CHECK_FALSE(has_schema(there, "MB:100"));
}
