// Containers in user namespaces: what they are inside, and what they are on the host.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <string>

#include <doctest/doctest.h>

#include "tests/support/bundle.hpp"
#include "tests/support/summary.hpp"
#include "tests/support/text.hpp"

using namespace coracle::test;
namespace fs = std::filesystem;

namespace {

constexpr unsigned base = 1'000'000;

// The numbers of a line such as "Uid:\t0\t0\t0\t0" of /proc/PID/status.
std::string status_line(pid_t pid, std::string_view name) {
  std::istringstream lines(read_file("/proc/" + std::to_string(pid) + "/status"));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(name)) return line.substr(name.size() + 2);
  }
  return "";
}

struct stat facts_of(const std::string& path) {
  struct stat facts = {};
  REQUIRE_MESSAGE(::lstat(path.c_str(), &facts) == 0, path);
  return facts;
}

Json map_of(unsigned container, unsigned host, unsigned size) {
  return {{"containerID", container}, {"hostID", host}, {"size", size}};
}

// A container that joins the user namespace of `holder`.
void join_users_of(Bundle& joiner, const Bundle& holder) {
  joiner.own_rootfs(base);
  joiner.map_ids(base);  // as containerd and CRI-O write them beside the path
  drop_namespace(joiner.config, "user");
  add_namespace(joiner.config, "user", "/proc/" + std::to_string(holder.pid()) + "/ns/user");
}

}  // namespace

TEST_CASE("user namespace: root inside is the mapped id on the host") {
  Bundle bundle;
  bundle.map_ids(base);
  bundle.probe("ids -- line /proc/self/uid_map -- line /proc/self/setgroups -- wait-signal");
  bundle.launch();
  REQUIRE(bundle.wrote("ready=1"));
  const Outcome inside = {.exit_code = 0, .out = bundle.output(), .err = ""};
  CHECK(inside.value("uid") == "0");
  CHECK(inside.value("gid") == "0");
  CHECK(words(inside.value("/proc/self/uid_map")) == "0 1000000 65536");
  CHECK(inside.value("/proc/self/setgroups") == "allow");
  CHECK(words(status_line(bundle.pid(), "Uid")) == "1000000 1000000 1000000 1000000");
  CHECK(words(status_line(bundle.pid(), "Gid")) == "1000000 1000000 1000000 1000000");
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("user namespace: another user and its groups are mapped too") {
  Bundle bundle;
  bundle.map_ids(base);
  bundle.config["process"]["user"] = {{"uid", 1000}, {"gid", 100}, {"additionalGids", {5, 7}}};
  bundle.probe("ids -- wait-signal");
  bundle.launch();
  REQUIRE(bundle.wrote("ready=1"));
  const Outcome inside = {.exit_code = 0, .out = bundle.output(), .err = ""};
  CHECK(inside.value("uid") == "1000");
  CHECK(inside.value("groups") == "5,7");
  CHECK(words(status_line(bundle.pid(), "Uid")) == "1001000 1001000 1001000 1001000");
  CHECK(words(status_line(bundle.pid(), "Groups")) == "1000005 1000007");
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("user namespace: several mappings, and different ones for users and groups") {
  Bundle bundle;
  bundle.map_ids(base);
  bundle.config["linux"]["uidMappings"] = {map_of(0, base, 1), map_of(1, base + 500, 10)};
  bundle.config["linux"]["gidMappings"] = {map_of(0, base, 5), map_of(5, base + 900, 3)};
  const Outcome outcome = bundle.report("cat /proc/self/uid_map -- cat /proc/self/gid_map");
  CHECK(words(outcome.out) == "0 1000000 1 1 1000500 10 0 1000000 5 5 1000900 3");
}

TEST_CASE("user namespace: it owns the namespaces that come with it") {
  Bundle bundle;
  bundle.map_ids(base);
  set_capabilities(bundle.config, {"CAP_SYS_ADMIN", "CAP_NET_ADMIN"});
  bundle.config["process"]["noNewPrivileges"] = false;
  const Outcome outcome = bundle.report("do-mount none /tmp tmpfs -- lo -- mount /sys");
  CHECK(outcome.value("do-mount") == "ok");
  CHECK(outcome.value("lo") == "up");
  CHECK(outcome.value("mount.type") == "sysfs");
}

TEST_CASE("user namespace: the host's devices are there and no others can be made") {
  Bundle bundle;
  bundle.map_ids(base);
  set_capabilities(bundle.config, {"CAP_MKNOD", "CAP_SYS_ADMIN"});
  const Outcome outcome = bundle.report(
      "stat /dev/null -- write /dev/null x -- open /dev/zero -- mknod /dev/own c 1 3 -- "
      "stat /dev/tty");
  CHECK(outcome.values("rdev") == std::vector<std::string>{"1:3", "5:0"});
  CHECK(outcome.value("write") == "ok");
  CHECK(outcome.value("open.read") == "ok");
  CHECK(outcome.value("mknod") == "EPERM");
}

TEST_CASE("user namespace: host files keep away from it") {
  Bundle bundle;
  const std::string secret = bundle.path("secret");
  write_file(secret, "host's own\n");
  fs::permissions(secret, fs::perms(0600));
  bundle.map_ids(base);
  set_capabilities(bundle.config, {"CAP_DAC_OVERRIDE", "CAP_CHOWN", "CAP_FOWNER"});
  add_mount(bundle.config, "/secret", "bind", secret, {"bind"});
  const Outcome outcome =
      bundle.report("stat /secret -- cat /secret -- chown /secret 0 0 -- chmod /secret 0666");
  CHECK(outcome.value("uid") == "65534");
  CHECK(outcome.value("cat") == "EACCES");
  CHECK(outcome.value("chown") == "EPERM");
  CHECK(outcome.value("chmod") == "EPERM");
}

TEST_CASE("user namespace: a file made in a volume has the mapped owner on the host") {
  Bundle bundle;
  const std::string volume = bundle.path("volume");
  fs::create_directory(volume);
  REQUIRE(::chown(volume.c_str(), base, base) == 0);
  bundle.map_ids(base);
  add_mount(bundle.config, "/volume", "bind", volume, {"rbind"});
  CHECK(bundle.report("write /volume/made text").value("write") == "ok");
  CHECK(facts_of(volume + "/made").st_uid == base);
  CHECK(facts_of(volume + "/made").st_gid == base);
}

TEST_CASE("user namespace: a file of root in a volume shows as nobody and cannot be written") {
  Bundle bundle;
  const std::string volume = bundle.path("volume");
  fs::create_directory(volume);
  write_file(volume + "/file", "text\n");
  bundle.map_ids(base);
  add_mount(bundle.config, "/volume", "bind", volume, {"rbind"});
  const Outcome outcome = bundle.report(
      "stat /volume/file -- cat /volume/file -- write /volume/file x -- touch /volume/new");
  CHECK(outcome.value("uid") == "65534");
  CHECK(outcome.value("gid") == "65534");
  CHECK(outcome.out.find("\ntext\n") != std::string::npos);
  CHECK(outcome.value("write") == "EACCES");
  CHECK(outcome.value("touch") == "EACCES");
}

TEST_CASE("user namespace: a volume below a directory that the mapped root cannot search") {
  if (testing_old_runc()) return skip_case("runc 1.1 fails at some of these sources");
  Bundle bundle;
  const std::string closed = bundle.path("closed");
  fs::create_directories(closed + "/volume");
  write_file(closed + "/volume/file", "reached\n");
  fs::permissions(closed, fs::perms(0700));
  bundle.map_ids(base);
  add_mount(bundle.config, "/volume", "bind", closed + "/volume", {"rbind", "ro"});
  CHECK(bundle.report("cat /volume/file").out == "reached\n");
}

TEST_CASE("user namespace: the root file system may lie below a directory of mode 0700") {
  if (testing_old_runc()) return skip_case("runc 1.1 walks there as the mapped root");
  Bundle bundle;
  bundle.map_ids(base);
  fs::permissions(bundle.dir(), fs::perms(0700));
  CHECK(bundle.report("ids").value("uid") == "0");
}

TEST_CASE("user namespace: a read-only bind keeps the flags that the host locked") {
  Bundle bundle;
  bundle.map_ids(base);
  add_mount(bundle.config, "/volume", "bind", "/dev/shm", {"rbind", "ro"});
  add_mount(bundle.config, "/held", "bind", "/proc/sys/kernel/hostname", {"bind", "ro"});
  const Outcome outcome = bundle.report("readonly /volume -- mount /volume");
  CHECK(outcome.value("writable") == "EROFS");
  CHECK(outcome.value("mount.options").starts_with("ro"));
}

TEST_CASE("user namespace: a bind that would change what the host locked says so") {
  Bundle bundle;
  bundle.map_ids(base);
  add_mount(bundle.config, "/volume", "bind", "/dev/shm", {"bind", "noatime"});
  const Outcome outcome = bundle.run();
  CHECK(outcome.exit_code == 1);
  CHECK_MESSAGE(contains(outcome.err, "/volume"), outcome.text());
  if (!testing_runc()) CHECK_MESSAGE(contains(outcome.err, "access times"), outcome.text());
}

TEST_CASE("user namespace: without mappings it is refused") {
  Bundle bundle;
  add_namespace(bundle.config, "user");
  const Outcome outcome = bundle.run();
  CHECK(outcome.exit_code == 1);
  CHECK(outcome.err != "");
}

TEST_CASE("user namespace: mappings without the namespace are refused") {
  if (testing_old_runc()) return skip_case("runc 1.1 ignores them");
  Bundle bundle;
  bundle.map_ids(base);
  drop_namespace(bundle.config, "user");
  const Outcome outcome = bundle.run();
  CHECK(outcome.exit_code == 1);
  CHECK_MESSAGE(contains(outcome.err, "user namespace"), outcome.text());
}

TEST_CASE("user namespace: overlapping mappings are refused") {
  Bundle bundle;
  bundle.map_ids(base);
  bundle.config["linux"]["uidMappings"] = {map_of(0, base, 10), map_of(9, base + 100, 10)};
  const Outcome outcome = bundle.run();
  CHECK(outcome.exit_code == 1);
  CHECK_MESSAGE(contains(outcome.err, "map"), outcome.text());
}

TEST_CASE("user namespace: a process user that is not mapped is refused") {
  Bundle bundle;
  bundle.map_ids(base);
  bundle.config["process"]["user"]["uid"] = 70'000;
  const Outcome outcome = bundle.run();
  CHECK(outcome.exit_code == 1);
  CHECK(outcome.err != "");
}

TEST_CASE("user namespace: 340 mappings are the kernel's limit and work") {
  if (testing_old_runc()) return skip_case("runc 1.1's own buffer is smaller");
  // Short numbers: the kernel also wants the text to be shorter than a page.
  constexpr unsigned low = 1000;
  Bundle bundle;
  bundle.map_ids(low);
  Json maps = Json::array();
  for (unsigned line = 0; line < 340; ++line) maps.push_back(map_of(line, low + 2 * line, 1));
  bundle.config["linux"]["uidMappings"] = maps;
  bundle.config["linux"]["gidMappings"] = maps;
  const Outcome outcome = bundle.report("cat /proc/self/uid_map");
  CHECK(std::count(outcome.out.begin(), outcome.out.end(), '\n') == 340);
}

TEST_CASE("user namespace: one is joined by path with everything that it owns") {
  Bundle holder;
  holder.map_ids(base);
  holder.probe("wait-signal");
  holder.launch();
  const std::string ns = "/proc/" + std::to_string(holder.pid()) + "/ns/";
  Bundle joiner;
  joiner.own_rootfs(base);
  if (testing_old_runc()) joiner.map_ids(base);  // it wants what the namespace has
  drop_namespace(joiner.config, "user");
  add_namespace(joiner.config, "user", ns + "user");
  for (const char* type : {"network", "ipc", "uts"}) {
    drop_namespace(joiner.config, type);
    add_namespace(joiner.config, type, ns + (std::string(type) == "network" ? "net" : type));
  }
  joiner.config.erase("hostname");
  const Outcome outcome = joiner.report("ids -- ns -- line /proc/self/uid_map");
  CHECK(outcome.value("uid") == "0");
  CHECK(words(outcome.value("/proc/self/uid_map")) == "0 1000000 65536");
  for (const char* type : {"user", "net", "ipc", "uts"}) {
    CHECK(outcome.value(std::string("ns.") + type) == fs::read_symlink(ns + type).string());
  }
  CHECK(holder.remove({"--force"}).exit_code == 0);
}

TEST_CASE("user namespace: the mappings of one that is joined may be repeated, not changed") {
  Bundle holder;
  holder.map_ids(base);
  holder.probe("wait-signal");
  holder.launch();
  Bundle joiner;
  join_users_of(joiner, holder);
  CHECK(words(joiner.report("line /proc/self/uid_map").value("/proc/self/uid_map")) ==
        "0 1000000 65536");
  joiner.config["linux"]["uidMappings"] = {map_of(0, base, 10), map_of(10, base + 10, 65526)};
  Outcome outcome = joiner.run();
  CHECK(outcome.exit_code == 1);
  CHECK_MESSAGE((testing_runc() || contains(outcome.err, "/linux/uidMappings")), outcome.text());
  joiner.config["linux"].erase("uidMappings");
  joiner.config["linux"]["gidMappings"] = {map_of(0, base + 1, 65536)};
  outcome = joiner.run();
  CHECK(outcome.exit_code == 1);
  CHECK_MESSAGE((testing_runc() || contains(outcome.err, "/linux/gidMappings")), outcome.text());
  CHECK(holder.remove({"--force"}).exit_code == 0);
}

TEST_CASE("user namespace: a user that one that is joined does not map is refused by name") {
  if (testing_runc()) return skip_case("runc has the kernel's word alone");
  Bundle holder;
  holder.map_ids(base);
  holder.probe("wait-signal");
  holder.launch();
  Bundle joiner;
  join_users_of(joiner, holder);
  for (const char* list : {"uidMappings", "gidMappings"}) joiner.config["linux"].erase(list);
  joiner.config["process"]["user"] = {{"uid", 70'000}, {"gid", 0}};
  const Outcome outcome = joiner.run();
  CHECK(outcome.exit_code == 1);
  CHECK_MESSAGE(contains(outcome.err, "/process/user/uid: 70000 is not mapped"), outcome.text());
  joiner.config["process"]["user"] = {{"uid", 7}, {"gid", 0}};
  joiner.probe("wait-signal");
  joiner.launch();
  const Outcome exec = joiner.command({"exec", "--user", "70000", joiner.id(), "/probe", "ids"});
  CHECK(exec.exit_code == 255);
  CHECK_MESSAGE(contains(exec.err, "/process/user/uid: 70000 is not mapped"), exec.text());
  CHECK(joiner.remove({"--force"}).exit_code == 0);
  CHECK(holder.remove({"--force"}).exit_code == 0);
}

TEST_CASE("user namespace: a network namespace of the host's owner can be joined") {
  Bundle bundle;
  bundle.map_ids(base);
  drop_namespace(bundle.config, "network");
  add_namespace(bundle.config, "network", "/proc/self/ns/net");
  drop_mount(bundle.config, "/sys");
  add_mount(bundle.config, "/sys", "bind", "/sys", {"rbind", "ro", "nosuid", "nodev", "noexec"});
  const Outcome outcome = bundle.report("ns");
  CHECK(outcome.value("ns.net") == fs::read_symlink("/proc/self/ns/net").string());
  CHECK(outcome.value("ns.user") != fs::read_symlink("/proc/self/ns/user").string());
}

TEST_CASE("user namespace: host root is out of reach of a signal from inside") {
  Bundle bundle;
  bundle.map_ids(base);
  drop_namespace(bundle.config, "pid");
  drop_mount(bundle.config, "/proc");
  add_mount(bundle.config, "/proc", "bind", "/proc", {"rbind"});
  set_capabilities(bundle.config, {"CAP_KILL"});
  bundle.config["process"]["noNewPrivileges"] = false;
  CHECK(bundle.report("seccomp 62 1 0").value("syscall.62") == "EPERM");
}
