// What the host has that no container may change: its mounts, settings, devices, the runtime.
#include "tests/support/host_witness.hpp"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <fstream>
#include <functional>
#include <string>

#include "tests/support/bundle.hpp"
#include "tests/support/cgroup_view.hpp"
#include "tests/support/process.hpp"
#include "tests/support/tree.hpp"

namespace coracle::test {
namespace {

using Facts = std::map<std::string, std::string>;

constexpr const char* settings[] = {
    "/proc/sys/kernel/core_pattern",    "/proc/sys/kernel/core_uses_pid",
    "/proc/sys/kernel/domainname",      "/proc/sys/kernel/hostname",
    "/proc/sys/kernel/modprobe",        "/proc/sys/kernel/panic",
    "/proc/sys/kernel/poweroff_cmd",    "/proc/sys/kernel/randomize_va_space",
    "/proc/sys/kernel/shm_rmid_forced", "/proc/sys/kernel/shmmni",
    "/proc/sys/kernel/sysrq",           "/proc/sys/kernel/threads-max",
    "/proc/sys/fs/binfmt_misc/status",  "/proc/sys/fs/file-max",
    "/proc/sys/fs/suid_dumpable",       "/proc/sys/net/ipv4/ip_forward",
    "/proc/sys/vm/overcommit_memory",   "/sys/kernel/uevent_helper",
};

constexpr const char* devices[] = {"/dev",         "/dev/console", "/dev/full",   "/dev/null",
                                   "/dev/ptmx",    "/dev/pts",     "/dev/random", "/dev/tty",
                                   "/dev/urandom", "/dev/zero"};

// No times: they are used all the time.
std::string owner_and_kind(const std::string& path) {
  struct stat facts = {};
  if (::stat(path.c_str(), &facts) != 0) return "gone";
  return std::to_string(facts.st_mode) + " " + std::to_string(facts.st_uid) + ":" +
         std::to_string(facts.st_gid) + " " + std::to_string(major(facts.st_rdev)) + ":" +
         std::to_string(minor(facts.st_rdev));
}

// Each mount counts: the same one twice is one too many.
void add_mounts(Facts& facts) {
  for (const std::string& mount : host_mounts()) facts["mount " + mount] += "+";
}

Facts look() {
  Facts facts;
  add_mounts(facts);
  for (const char* path : settings) facts[path] = read_file(path);
  for (const std::string& hierarchy : cgroup_mounts())
    facts[hierarchy + "/release_agent"] = read_file(hierarchy + "/release_agent");
  for (const char* path : devices) facts[path] = owner_and_kind(path);
  const std::string binary = read_file(runtime_binary());
  facts["the runtime"] = owner_and_kind(runtime_binary()) + " of " + std::to_string(binary.size()) +
                         " bytes, hash " + std::to_string(std::hash<std::string>{}(binary));
  return facts;
}

}  // namespace

HostWitness::HostWitness() : before_(look()) {}

std::string HostWitness::changes() const {
  return changed_facts(before_, look());
}

void HostWitness::restore() const {
  for (const char* path : settings) {
    if (before_.at(path) != read_file(path)) std::ofstream(path) << before_.at(path);
  }
}

}  // namespace coracle::test
