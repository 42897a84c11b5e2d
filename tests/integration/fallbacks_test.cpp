// The substitutes for system calls that an older kernel, or a filter, lacks: each container must be
// as it is with them.
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/bundle.hpp"
#include "tests/support/sockets.hpp"
#include "tests/support/summary.hpp"
#include "tests/support/text.hpp"
#include "tests/support/waiting.hpp"

using namespace coracle::test;
namespace fs = std::filesystem;

namespace {

const std::vector<std::string> calls = {"clone3",        "openat2",     "open_tree",   "move_mount",
                                        "mount_setattr", "close_range", "pidfd_getfd", "fsopen"};

const std::string number = std::to_string(SYS_getpriority);

std::string all_calls() {
  std::string all;
  for (const std::string& call : calls) all += (all.empty() ? "" : ",") + call;
  return all;
}

// `program` under a filter without the system calls `names`; as it is when there are none.
Program without(const std::string& names, Program program) {
  if (names.empty()) return program;
  program.args.insert(program.args.begin(), {CORACLE_WITHOUT_BINARY, names});
  return program;
}

// Something for each call to do: trees, attributes, symlinks, a terminal, a listener.
void use_everything(Bundle& bundle) {
  Json& config = bundle.config;
  const std::string volume = bundle.path("volume");
  fs::create_directory(volume);
  write_file(volume + "/file", "text\n");
  write_file(bundle.rootfs() + "/etc/secret", "text\n");
  for (const char* name : {"masked", "hidden", "volumes/inner"})
    fs::create_directories(bundle.rootfs() + "/" + name);
  fs::create_directory_symlink("/volumes", bundle.rootfs() + "/link");
  config["root"]["readonly"] = true;
  config["process"]["terminal"] = true;
  config["linux"]["rootfsPropagation"] = "rslave";
  add_mount(config, "/ro", "bind", volume, {"bind", "ro", "nosuid", "nosymfollow"});
  add_mount(config, "/file", "bind", volume + "/file", {"bind", "ro"});
  add_mount(config, "/deep", "bind", "/sys/fs", {"rbind", "rro", "noexec"});
  add_mount(config, "/flat", "bind", "/sys/fs", {"rbind", "ro"});
  add_mount(config, "/shared", "bind", volume, {"bind", "rshared"});
  add_mount(config, "/tmp", "tmpfs", "tmpfs", {"nosuid", "noatime", "mode=0711", "size=1m"});
  add_mount(config, "/etc", "tmpfs", "tmpfs", {"tmpcopyup", "ro"});
  add_mount(config, "/link/inner", "tmpfs", "tmpfs", {"nodev"});
  add_mount(config, "/sys/fs/cgroup", "cgroup", "cgroup", {"ro", "nosuid", "noexec", "nodev"});
  config["linux"]["devices"] = {
      {{"type", "c"}, {"path", "/dev/own"}, {"major", 1}, {"minor", 3}, {"fileMode", 0640}}};
  config["linux"]["maskedPaths"] = {"/masked", "/hidden", "/etc/secret", "/proc/timer_list"};
  config["linux"]["readonlyPaths"] = {"/proc/sys", "/volumes"};
  bundle.probe(
      "seccomp " + number +
      " 0 0 -- mountinfo -- ids -- caps -- fds -- tty -- lo -- hostname -- cwd -- ls / "
      "-- ls /dev -- ls /etc -- ls /masked -- cat /etc/secret -- stat /dev/null -- stat /dev/own "
      "-- stat /tmp -- readonly / -- readonly /ro -- readonly /file -- readonly /deep/cgroup "
      "-- readonly /etc -- readonly /volumes/inner -- readonly /masked -- status Seccomp");
}

// Answers the one call of the program that its filter asks about.
void answer_one_call(const DeliverySocket& agent) {
  const Delivery delivery = agent.receive();
  REQUIRE(delivery.fd >= 0);
  seccomp_notif call = {};
  REQUIRE(::ioctl(delivery.fd, SECCOMP_IOCTL_NOTIF_RECV, &call) == 0);
  seccomp_notif_resp reply = {.id = call.id, .val = 0, .error = -EXDEV, .flags = 0};
  CHECK(::ioctl(delivery.fd, SECCOMP_IOCTL_NOTIF_SEND, &reply) == 0);
  ::close(delivery.fd);
}

// "shared:5 master:3" -> "shared master"
std::string without_numbers(const std::string& tags) {
  std::string kept;
  bool in_number = false;
  for (const char c : tags) {
    in_number = c == ':' || (in_number && c != ' ');
    if (!in_number) kept += c;
  }
  return kept;
}

// A line of mountinfo without ids and device numbers, which differ from run to run.
std::string normal(const std::string& line) {
  const std::size_t dash = line.find(" - ");
  if (dash == std::string::npos) return line;
  std::istringstream fields(line.substr(0, dash));
  std::string ignored;
  std::string root;
  std::string at;
  std::string options;
  std::string tags;
  fields >> ignored >> ignored >> ignored >> root >> at >> options;
  std::getline(fields, tags);
  return at + " " + root + " " + options + without_numbers(tags) + line.substr(dash);
}

// The lines that a container of this configuration prints on its terminal, in an order of ours.
std::vector<std::string> lines_of(Bundle& bundle, const std::string& names) {
  const bool notify = names != "into-cgroup";  // a process can have one listener alone
  const DeliverySocket console(bundle.path("console"));
  const DeliverySocket agent(bundle.path("agent"));
  bundle.config["linux"].erase("seccomp");
  if (notify) {
    bundle.config["linux"]["seccomp"] =
        seccomp({{{"names", {"getpriority"}}, {"action", "SCMP_ACT_NOTIFY"}}});
    bundle.config["linux"]["seccomp"]["listenerPath"] = bundle.path("agent");
  }
  Program create =
      without(names, bundle.program({"create", "--bundle", bundle.dir(), "--console-socket",
                                     bundle.path("console"), "--preserve-fds", "1", bundle.id()}));
  create.args.insert(create.args.begin(),
                     {"/bin/sh", "-c", "exec \"$@\" 3</etc/passwd 4</etc/group", "sh"});
  create.out_path = bundle.path("output");
  const Outcome created = run(create);
  REQUIRE_MESSAGE(created.exit_code == 0, names << ": " << created.text());
  const Delivery terminal = console.receive();
  REQUIRE(terminal.fd >= 0);
  CHECK(run(without(names, bundle.program({"start", bundle.id()}))).exit_code == 0);
  if (notify) answer_one_call(agent);
  std::istringstream text(read_terminal(terminal.fd));
  ::close(terminal.fd);
  CHECK(bundle.reaches("stopped"));
  const Outcome removed = run(without(names, bundle.program({"delete", bundle.id()})));
  CHECK_MESSAGE(removed.exit_code == 0, names << ": " << removed.text());
  fs::remove(bundle.path("console"));
  fs::remove(bundle.path("agent"));
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) {
    if (line.ends_with('\r')) line.pop_back();  // a terminal's line end
    if (!line.starts_with("Seccomp_filters")) lines.push_back(normal(line));  // one is the test's
  }
  std::ranges::sort(lines);
  return lines;
}

std::string difference(const std::vector<std::string>& with, const std::vector<std::string>& now) {
  std::vector<std::string> lost;
  std::vector<std::string> added;
  std::ranges::set_difference(with, now, std::back_inserter(lost));
  std::ranges::set_difference(now, with, std::back_inserter(added));
  std::string text;
  for (const std::string& line : lost) text += "\n- " + line;
  for (const std::string& line : added) text += "\n+ " + line;
  return text;
}

// Each call alone, and all together.
void check_all(Bundle& bundle) {
  const std::vector<std::string> with = lines_of(bundle, "");
  REQUIRE(with.size() > 50);
  for (const std::string& call : calls) {
    const std::vector<std::string> now = lines_of(bundle, call);
    CHECK_MESSAGE(now == with, "without " << call << ":" << difference(with, now));
  }
  const std::vector<std::string> now = lines_of(bundle, all_calls());
  CHECK_MESSAGE(now == with, "without all:" << difference(with, now));
}

}  // namespace

TEST_CASE("fallbacks: a container is the same without the newer system calls") {
  if (testing_old_runc()) return skip_case("runc 1.1 has another idea of some mounts");
  Bundle bundle;
  use_everything(bundle);
  check_all(bundle);
}

TEST_CASE("fallbacks: a container with a user namespace is the same without them") {
  if (testing_old_runc()) return skip_case("runc 1.1 has another idea of some mounts");
  Bundle bundle;
  use_everything(bundle);
  bundle.map_ids(1'000'000);
  check_all(bundle);
}

TEST_CASE("fallbacks: a container with a cgroup namespace is the same without them") {
  if (testing_old_runc()) return skip_case("runc 1.1 has another idea of some mounts");
  for (const bool userns : {false, true}) {
    Bundle bundle;
    bundle.view = CgroupView::v2;
    use_everything(bundle);
    add_namespace(bundle.config, "cgroup");
    if (userns) bundle.map_ids(1'000'000);
    check_all(bundle);
  }
}

TEST_CASE("fallbacks: a clone that cannot be born in its cgroup is put there") {
  for (const CgroupView view : {CgroupView::machine, CgroupView::v2}) {
    Bundle bundle;
    bundle.view = view;
    use_everything(bundle);
    const auto lines = lines_of(bundle, "into-cgroup");
    CHECK(lines.size() > 50);
    bundle.probe("cat /proc/self/cgroup");
    const auto cgroups = lines_of(bundle, "into-cgroup");
    CHECK(std::ranges::any_of(cgroups, [&](const std::string& line) {
      return line.starts_with("0::") && line.ends_with(bundle.cgroup());
    }));
  }
}

TEST_CASE(
    "fallbacks: exec works in a cgroup that has room for one process, and none for a joiner") {
  if (testing_runc()) return skip_case("runc takes room for several");
  Waiting container(Owner::root, CgroupView::v2);
  container.launch();
  const Outcome outcome =
      run(without("room-for-one", container.program({}, {"/probe", "cat", "/proc/self/cgroup"})));
  CHECK_MESSAGE(outcome.exit_code == 0, outcome.text());
  CHECK_MESSAGE(contains(outcome.out, "0::" + container.bundle.cgroup() + "\n"), outcome.text());
}

TEST_CASE("fallbacks: without open_tree the runtime's binary is protected by a sealed copy") {
  if (testing_runc()) return skip_case("runc always copies");
  Bundle bundle;
  Program create =
      without("open_tree", bundle.program({"create", "--bundle", bundle.dir(), bundle.id()}));
  create.out_path = bundle.path("output");
  REQUIRE(run(create).exit_code == 0);
  const std::string exe = "/proc/" + std::to_string(bundle.pid()) + "/exe";
  CHECK(fs::read_symlink(exe).string().starts_with("/memfd:coracle"));
  const int fd = ::open(exe.c_str(), O_RDONLY | O_CLOEXEC);
  CHECK((::fcntl(fd, F_GET_SEALS) & F_SEAL_WRITE) != 0);
  ::close(fd);
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("fallbacks: memfds are made that vm.memfd_noexec allows") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  if (!fs::exists("/proc/sys/vm/memfd_noexec")) return skip_case("the kernel has no such setting");
  Bundle bundle;
  bundle.config["linux"]["seccomp"] =
      seccomp({{{"names", {"getpriority"}}, {"action", "SCMP_ACT_ERRNO"}}});
  bundle.config["linux"].erase("cgroupsPath");  // systemd does not know our PID namespace's numbers
  bundle.probe("ids");
  const Program run_it = bundle.program({"run", "--bundle", bundle.dir(), bundle.id()});
  // 1: the copy of the binary has to ask to be executed; 2: what holds the filter not to be.
  for (const char* setting : {"1", "2"}) {
    CAPTURE(std::string(setting));
    Program program = without(setting == std::string("1") ? "open_tree" : "", run_it);
    // The setting is of a PID namespace.
    program.args.insert(program.args.begin(),
                        {"unshare", "--pid", "--fork", "--mount-proc", "sh", "-c",
                         "echo $0 >/proc/sys/vm/memfd_noexec && exec \"$@\"", setting});
    const Outcome outcome = run(program);
    CHECK_MESSAGE(outcome.exit_code == 0, outcome.text());
    CHECK(outcome.value("uid") == "0");
  }
}

TEST_CASE("fallbacks: an idmapped mount that cannot be made is an error, never an unmapped one") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  for (const char* type : {"bind", "tmpfs"}) {
    for (const char* call : {"open_tree", "move_mount", "mount_setattr", "fsopen"}) {
      if (type == std::string("tmpfs") && call == std::string("open_tree")) continue;
      if (type == std::string("bind") && call == std::string("fsopen")) continue;
      Bundle bundle;
      bundle.map_ids(1'000'000);
      fs::create_directory(bundle.path("volume"));
      add_mount(bundle.config, "/volume", type, bundle.path("volume"), {"idmap"});
      if (type == std::string("bind")) bundle.config["mounts"].back()["options"].push_back("bind");
      const Outcome outcome =
          run(without(call, bundle.program({"run", "--bundle", bundle.dir(), bundle.id()})));
      CHECK(outcome.exit_code == 1);
      CHECK_MESSAGE(contains(outcome.err, call), outcome.text());
      CHECK_MESSAGE(contains(outcome.err, "function not implemented"), outcome.text());
    }
  }
}
