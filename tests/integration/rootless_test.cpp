// Containers of an ordinary user: with its own id alone, and with ranges from /etc/subuid.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/bundle.hpp"
#include "tests/support/leftovers.hpp"
#include "tests/support/sockets.hpp"
#include "tests/support/summary.hpp"
#include "tests/support/text.hpp"
#include "tests/support/user_bundle.hpp"

using namespace coracle::test;
namespace fs = std::filesystem;

namespace {

long lines_in(const std::string& text) {
  return std::ranges::count(text, '\n');
}

}  // namespace

TEST_CASE("rootless: BusyBox runs with the user's id alone, and with ranges") {
  for (const bool ranges : {false, true}) {
    if (ranges && no_helpers()) return skip_case(why_no_helpers);
    UserBundle bundle;
    bundle.add_busybox();
    if (ranges) bundle.map_ranges();
    bundle.config["process"]["args"] = {
        "sh", "-c",
        "id -u; hostname; touch /made; mkdir /tmp/d; ls -ln / | grep -c made; ps | wc -l"};
    const Outcome outcome = bundle.run();
    CHECK_MESSAGE(outcome.exit_code == 0, outcome.text());
    CHECK(words(outcome.out).starts_with("0 probe 1"));
    CHECK_MESSAGE(outcome.err == "", outcome.err);
    struct stat facts = {};
    REQUIRE(::stat((bundle.rootfs() + "/made").c_str(), &facts) == 0);
    CHECK(facts.st_uid == account);
  }
}

TEST_CASE("rootless: with the user's id alone setgroups is denied and no other id is there") {
  UserBundle bundle;
  const Outcome outcome = bundle.report(
      "ids -- line /proc/self/uid_map -- line /proc/self/gid_map -- line /proc/self/setgroups -- "
      "stat /sys -- chown /tmp 1 1");
  CHECK(outcome.value("uid") == "0");
  CHECK(words(outcome.value("/proc/self/uid_map")) == "0 " + std::to_string(account) + " 1");
  CHECK(words(outcome.value("/proc/self/gid_map")) == "0 " + std::to_string(account) + " 1");
  CHECK(outcome.value("/proc/self/setgroups") == "deny");
  CHECK(outcome.value("chown") == "EINVAL");
}

TEST_CASE("rootless: the user's id alone can have another number inside, too") {
  if (testing_old_runc()) return skip_case("runc 1.1 does not name the id");
  UserBundle bundle;
  bundle.map(Json::array({map_of(0, account, 1)}));
  bundle.config["process"]["user"] = {{"uid", 1000}, {"gid", 1000}};
  const Outcome outcome = bundle.run();
  CHECK(outcome.exit_code == 1);
  CHECK_MESSAGE(contains(outcome.err, "1000"), outcome.text());
}

TEST_CASE("rootless: additional groups are refused where setgroups is denied") {
  if (testing_old_runc()) return skip_case("runc 1.1 has other words");
  UserBundle bundle;
  bundle.config["process"]["user"]["additionalGids"] = {0};
  const Outcome outcome = bundle.run();
  CHECK(outcome.exit_code == 1);
  CHECK_MESSAGE(contains(outcome.err, "additionalGids"), outcome.text());
}

TEST_CASE("rootless: ranges of three lines give several users, and setgroups") {
  if (testing_old_runc()) return skip_case("runc 1.1 drops the groups");
  if (no_helpers()) return skip_case(why_no_helpers);
  UserBundle bundle;
  bundle.map_ranges();
  bundle.config["process"]["user"] = {{"uid", 33}, {"gid", 1005}, {"additionalGids", {7, 8}}};
  const Outcome outcome = bundle.report(
      "ids -- cat /proc/self/uid_map -- line /proc/self/setgroups "
      "-- write /tmp/made text");
  CHECK(outcome.value("uid") == "33");
  CHECK(outcome.value("gid") == "1005");
  CHECK(outcome.value("groups") == "7,8");
  CHECK(outcome.value("/proc/self/setgroups") == "allow");
  CHECK_MESSAGE(contains(words(outcome.out), "0 23456 1 1 2000000 1000 1001 2005000 10"),
                outcome.out);
  struct stat facts = {};
  REQUIRE(::stat((bundle.rootfs() + "/tmp/made").c_str(), &facts) == 0);
  CHECK(facts.st_uid == first_sub_id + 32);
  CHECK(facts.st_gid == first_sub_id + 5004);
}

TEST_CASE("rootless: as many lines as the kernel takes work, one more is a clear error") {
  if (testing_old_runc()) return skip_case("runc 1.1's own buffer is smaller");
  if (no_helpers()) return skip_case(why_no_helpers);
  UserBundle bundle;
  const auto map_lines = [&](unsigned count) {
    Json maps = Json::array({map_of(0, account, 1)});
    for (unsigned line = 1; line < count; ++line)
      maps.push_back(map_of(line, first_sub_id + 2 * line, 1));
    bundle.map(maps);
  };
  // The text must be shorter than a page: "0 23456 1\n" and lines of 12 to 14 bytes.
  map_lines(300);
  CHECK(lines_in(bundle.report("cat /proc/self/uid_map").out) == 300);
  map_lines(340);
  Outcome outcome = bundle.run();
  CHECK(outcome.exit_code == 1);
  CHECK_MESSAGE(contains(outcome.err, "uidMappings"), outcome.text());
  CHECK_MESSAGE(contains(outcome.err, "4095 bytes"), outcome.text());
  CHECK(lines_in(outcome.err) == 1);
  map_lines(341);
  outcome = bundle.run();
  CHECK(outcome.exit_code == 1);
  CHECK_MESSAGE(contains(outcome.err, "340"), outcome.text());
}

TEST_CASE("rootless: a range that the user has not got is one line that names the file") {
  if (testing_old_runc()) return skip_case("runc 1.1 has other words");
  if (no_helpers()) return skip_case(why_no_helpers);
  UserBundle bundle;
  bundle.map(Json::array({map_of(0, account, 1), map_of(1, 1'000'000, 1000)}));
  const Outcome outcome = bundle.run();
  CHECK(outcome.exit_code == 1);
  CHECK_MESSAGE(contains(outcome.err, "/etc/subuid"), outcome.text());
  CHECK_MESSAGE(lines_in(outcome.err) == 1, outcome.text());
  bundle.check_state_is_gone();
}

TEST_CASE("rootless: a range of groups that the user has not got names the other file") {
  if (testing_old_runc()) return skip_case("runc 1.1 has other words");
  if (no_helpers()) return skip_case(why_no_helpers);
  UserBundle bundle;
  bundle.map_ranges();
  bundle.config["linux"]["gidMappings"] = {map_of(0, account, 1), map_of(1, 1'000'000, 1000)};
  const Outcome outcome = bundle.run();
  CHECK(outcome.exit_code == 1);
  CHECK_MESSAGE(contains(outcome.err, "/etc/subgid"), outcome.text());
  CHECK_MESSAGE(lines_in(outcome.err) == 1, outcome.text());
}

TEST_CASE("rootless: without newuidmap ranges are an error that says what is missing") {
  if (testing_old_runc()) return skip_case("runc 1.1 has other words");
  UserBundle bundle;
  bundle.map_ranges();
  Program program = bundle.coracle({"run", "--bundle", bundle.dir(), bundle.id()});
  const auto runtime = std::ranges::find(program.args, runtime_binary());
  REQUIRE(runtime != program.args.end());
  program.args.insert(runtime, {"env", "PATH=/nonexistent"});
  const Outcome outcome = run(program);
  CHECK(outcome.exit_code == 1);
  CHECK_MESSAGE(contains(outcome.err, "newuidmap is not installed"), outcome.text());
  CHECK(lines_in(outcome.err) == 1);
  bundle.check_state_is_gone();
}

TEST_CASE("rootless: state is in XDG_RUNTIME_DIR, and every command finds it there") {
  if (testing_old_runc()) return skip_case("runc 1.1 has its own directory");
  UserBundle bundle;
  bundle.probe("wait-signal");
  Program create = bundle.coracle({"create", "--bundle", bundle.dir(), bundle.id()});
  create.out_path = bundle.path("output");
  REQUIRE_MESSAGE(run(create).exit_code == 0, bundle.output());
  struct stat facts = {};
  REQUIRE(::stat(bundle.state().c_str(), &facts) == 0);
  CHECK((facts.st_mode & 07777) == 01700);  // the sticky bit: not to be cleaned up
  CHECK(facts.st_uid == account);
  CHECK(fs::exists(bundle.state() + "/" + bundle.id()));
  const auto command = [&](const std::vector<std::string>& args) {
    return run(bundle.coracle(args));
  };
  CHECK(command({"start", bundle.id()}).exit_code == 0);
  REQUIRE(bundle.wrote("ready=1"));
  const Json state = Json::parse(command({"state", bundle.id()}).out);
  CHECK(state.at("status") == "running");
  CHECK(contains(command({"list", "-q"}).out, bundle.id()));
  CHECK(command({"kill", bundle.id(), "TERM"}).exit_code == 0);
  CHECK(eventually(
      [&] { return Json::parse(command({"state", bundle.id()}).out).at("status") == "stopped"; }));
  CHECK(command({"delete", bundle.id()}).exit_code == 0);
  bundle.check_state_is_gone();
}

TEST_CASE("rootless: oomScoreAdj can be raised, and lowering it is left aside with a warning") {
  if (testing_old_runc()) return skip_case("runc 1.1 fails at lowering it");
  UserBundle bundle;
  bundle.config["process"]["oomScoreAdj"] = 300;
  CHECK(bundle.report("line /proc/self/oom_score_adj").value("/proc/self/oom_score_adj") == "300");
  bundle.config["process"]["oomScoreAdj"] = -300;
  const Outcome outcome = bundle.report("line /proc/self/oom_score_adj");
  CHECK(outcome.value("/proc/self/oom_score_adj") == "0");
}

TEST_CASE("rootless: a time namespace has its offsets") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  UserBundle bundle;
  add_namespace(bundle.config, "time");
  bundle.config["linux"]["timeOffsets"] = {{"boottime", {{"secs", 1'000'000}, {"nanosecs", 0}}}};
  const Outcome outcome = bundle.report("time -- line /proc/self/timens_offsets");
  CHECK(std::stoll(outcome.value("boottime")) > 1'000'000);
}

TEST_CASE("rootless: a terminal is delivered at the console socket") {
  for (const bool ranges : {false, true}) {
    if (ranges && no_helpers()) return skip_case(why_no_helpers);
    UserBundle bundle;
    if (ranges) bundle.map_ranges();
    bundle.config["process"]["terminal"] = true;
    bundle.probe("tty");
    const DeliverySocket socket(bundle.path("console"));
    give(bundle.path("console"), account);
    Program create = bundle.coracle({"create", "--bundle", bundle.dir(), "--console-socket",
                                     bundle.path("console"), bundle.id()});
    create.out_path = bundle.path("output");
    REQUIRE_MESSAGE(run(create).exit_code == 0, bundle.output());
    const Delivery console = socket.receive();
    REQUIRE(console.fd >= 0);
    CHECK(run(bundle.coracle({"start", bundle.id()})).exit_code == 0);
    const Outcome outcome = {.exit_code = 0, .out = read_terminal(console.fd), .err = ""};
    ::close(console.fd);
    CHECK(outcome.value("isatty") == "111");
    CHECK(run(bundle.coracle({"delete", "--force", bundle.id()})).exit_code == 0);
  }
}

TEST_CASE("rootless: the host's network and processes can be shared") {
  if (testing_old_runc()) return skip_case("runc 1.1 has no stand-in for /sys");
  UserBundle bundle;
  drop_namespace(bundle.config, "network");
  drop_namespace(bundle.config, "pid");
  const Outcome outcome = bundle.report("ns -- mount /sys -- mount /proc -- readonly /sys");
  CHECK(outcome.value("ns.net") == fs::read_symlink("/proc/self/ns/net").string());
  CHECK(outcome.values("mount.type") == std::vector<std::string>{"sysfs", "proc"});
  CHECK(outcome.value("writable") != "ok");
}

TEST_CASE("rootless: the host's devices, masked paths and a read-only root") {
  UserBundle bundle;
  bundle.config["root"]["readonly"] = true;
  bundle.config["linux"]["maskedPaths"] = {"/proc/timer_list", "/etc"};
  bundle.config["linux"]["readonlyPaths"] = {"/tmp"};
  const Outcome outcome = bundle.report(
      "write /dev/null x -- stat /dev/zero -- readonly / -- readonly /tmp -- "
      "readonly /etc");
  CHECK(outcome.value("write") == "ok");
  CHECK(outcome.value("rdev") == "1:5");
  CHECK_MESSAGE(outcome.values("writable") == std::vector<std::string>(3, "EROFS"), outcome.out);
}

TEST_CASE("rootless: the user's own binary is out of the container's reach") {
  UserBundle bundle;
  const std::string binary = bundle.path("coracle");
  fs::copy_file(runtime_binary(), binary);
  give(binary, account);
  bundle.add_busybox();
  // Init is not the program yet, and in sight.
  bundle.config["hooks"]["startContainer"] = {
      {{"path", "/bin/sh"},
       {"args", {"sh", "-c", "for p in /proc/[0-9]*; do echo x > $p/exe; done 2>/dev/null; :"}}}};
  bundle.config["process"]["args"] = {"sh", "-c", "echo x > /proc/1/exe; echo ran"};
  const std::string before = read_file(binary);
  Program program = bundle.coracle({"run", "--bundle", bundle.dir(), bundle.id()});
  std::ranges::replace(program.args, runtime_binary(), binary);
  const Outcome outcome = run(program);
  CHECK_MESSAGE(contains(outcome.out, "ran"), outcome.text());
  bundle.config["process"]["args"] = {"/proc/self/exe", "--version"};
  bundle.Bundle::program({});
  run(program);
  write_file(bundle.rootfs() + "/script", "#!/proc/self/exe\n");
  fs::permissions(bundle.rootfs() + "/script", fs::perms(0755));
  bundle.config["process"]["args"] = {"/script"};
  bundle.Bundle::program({});
  run(program);
  CHECK(read_file(binary) == before);
}

TEST_CASE("rootless: what `spec --rootless` writes can be run") {
  UserBundle bundle;
  bundle.add_busybox();
  fs::remove(bundle.dir() + "/config.json");
  Program spec = bundle.as_user({runtime_binary(), "spec", "--rootless", "--bundle", bundle.dir()});
  CHECK(run(spec).exit_code == 0);
  bundle.config = Json::parse(read_file(bundle.dir() + "/config.json"));
  bundle.config["process"]["terminal"] = false;
  bundle.config["process"]["args"] = {"id", "-u"};
  const Outcome outcome = bundle.run();
  CHECK_MESSAGE(outcome.exit_code == 0, outcome.text());
  CHECK(outcome.out == "0\n");
}

TEST_CASE("rootless: an idmapped mount needs privilege, and the error says which mount") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  UserBundle bundle;
  fs::create_directory(bundle.path("volume"));
  add_mount(bundle.config, "/volume", "bind", bundle.path("volume"), {"bind", "idmap"});
  const Outcome outcome = bundle.run();
  CHECK(outcome.exit_code == 1);
  CHECK_MESSAGE(contains(outcome.err, "CAP_SYS_ADMIN"), outcome.text());
  CHECK_MESSAGE(contains(outcome.err, "/mounts/5"), outcome.text());
  bundle.check_state_is_gone();
}

TEST_CASE("rootless: without a user namespace it is refused") {
  UserBundle bundle;
  drop_namespace(bundle.config, "user");
  bundle.config["linux"].erase("uidMappings");
  bundle.config["linux"].erase("gidMappings");
  const Outcome outcome = bundle.run();
  CHECK(outcome.exit_code == 1);
  CHECK_MESSAGE(contains(outcome.err, "user namespace"), outcome.text());
  bundle.check_state_is_gone();
}
