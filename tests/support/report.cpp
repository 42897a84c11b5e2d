// What the probe is asked in a container whose configuration an engine wrote.
#include "tests/support/report.hpp"

#include <iterator>
#include <string>
#include <vector>

namespace coracle::test {
namespace {

// The probe's commands that every container answers.  Without effects outside it: what would
// change something is called with arguments that the kernel refuses.
constexpr const char* everywhere[] = {
    "cat /proc/self/status",
    "cat /proc/self/mountinfo",
    "cat /proc/self/uid_map",
    "cat /proc/self/gid_map",
    "cat /proc/self/setgroups",
    "cat /proc/self/limits",
    "cat /proc/self/cgroup",
    "cat /proc/self/oom_score_adj",
    "cat /proc/self/coredump_filter",
    "cat /proc/self/comm",
    "ids",
    "env",
    "cwd",
    "hostname",
    "domainname",
    "ns",
    "fds",
    "tty",
    "sched",
    "affinity",
    "ioprio",
    "mempolicy",
    "personality",
    "keyring",
    "lo",
    "links",
    "ls /",
    "ls /dev",
    "ls /dev/pts",
    "stat /",
    "stat /dev/null",
    "stat /dev/zero",
    "stat /dev/full",
    "stat /dev/random",
    "stat /dev/urandom",
    "stat /dev/tty",
    "stat /dev/console",
    "readlink /dev/ptmx",
    "readlink /dev/fd",
    "readlink /dev/stdin",
    "readlink /dev/stdout",
    "readlink /dev/stderr",
    "readlink /dev/core",
    "open /dev/null",
    "open /dev/full",
    "open /dev/urandom",
    "open /dev/fuse",
    "open /dev/mem",
    "mknod /dev/probe-null c 1 3",
    "open /dev/probe-null",
    "mknod /dev/probe-fuse c 10 229",
    "open /dev/probe-fuse",
    "mknod /dev/probe-loop b 7 0",
    "open /dev/probe-loop",
    "open /proc/kcore",
    "open /proc/keys",
    "open /proc/sysrq-trigger",
    "open /proc/sys/kernel/hostname",
    "open /sys/kernel/mm/transparent_hugepage/enabled",
    "readonly /",
    "readonly /sys",
    "readonly /sys/fs/cgroup",
    "seccomp 101 99",          // ptrace
    "seccomp 155",             // pivot_root
    "seccomp 165",             // mount
    "seccomp 175",             // init_module
    "seccomp 248",             // add_key
    "seccomp 250 99",          // keyctl
    "seccomp 272 0x04000000",  // unshare a uts namespace
    "seccomp 298",             // perf_event_open
    "seccomp 304",             // open_by_handle_at
    "seccomp 308 -1 0",        // setns
    "seccomp 321 99",          // bpf
    "seccomp 425",             // io_uring_setup
    "seccomp 435",             // clone3
    "seccomp 462",             // mseal
    "seccomp 999",             // no system call
};

constexpr const char* last_command = "umask";  // changes it to show it

std::vector<std::string> commands_for(const Json& config) {
  std::vector<std::string> commands(std::begin(everywhere), std::end(everywhere));
  for (const Json& mount : config.at("mounts")) {
    const std::string at = mount.at("destination");
    for (const char* command : {"stat ", "statfs "}) commands.push_back(command + at);
  }
  const Json& linux_part = config.at("linux");
  for (const Json& path : linux_part.value("maskedPaths", Json::array())) {
    for (const char* command : {"stat ", "open ", "ls "}) {
      commands.push_back(command + path.get<std::string>());
    }
  }
  for (const Json& path : linux_part.value("readonlyPaths", Json::array())) {
    commands.push_back("readonly " + path.get<std::string>());
  }
  for (const Json& device : linux_part.value("devices", Json::array())) {
    commands.push_back("stat " + device.at("path").get<std::string>());
  }
  const Json sysctls = linux_part.value("sysctl", Json::object());
  for (const auto& [name, value] : sysctls.items()) {
    commands.push_back("sysctl " + name);
  }
  commands.push_back(last_command);
  return commands;
}

}  // namespace

void report_instead(Json& config) {
  const Json& own = config.at("process").at("args");
  const std::string program = own.at(0);
  Json args = {program.starts_with('/') ? "/bin/probe" : "probe"};
  if (own.size() > 1 && own.at(1) == "--") args = {program};
  for (const std::string& word : report_words(commands_for(config))) args.push_back(word);
  config["process"]["args"] = args;
}

bool is_complete(const Facts& facts) {
  return facts.contains(last_command);
}

}  // namespace coracle::test
