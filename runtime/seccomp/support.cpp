// What this build and the running kernel understand of linux.seccomp.
#include "runtime/seccomp/support.hpp"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <vector>

#include "runtime/seccomp/filter.hpp"

namespace coracle::seccomp {
namespace {

// In the order of runc's `features`.
constexpr std::array flags = {oci::SeccompFlag::tsync, oci::SeccompFlag::spec_allow,
                              oci::SeccompFlag::log, oci::SeccompFlag::wait_killable_recv};

}  // namespace

std::string action_name(oci::SeccompAction action) {
  switch (action) {
    case oci::SeccompAction::kill:
      return "SCMP_ACT_KILL";
    case oci::SeccompAction::kill_thread:
      return "SCMP_ACT_KILL_THREAD";
    case oci::SeccompAction::kill_process:
      return "SCMP_ACT_KILL_PROCESS";
    case oci::SeccompAction::trap:
      return "SCMP_ACT_TRAP";
    case oci::SeccompAction::errno_:
      return "SCMP_ACT_ERRNO";
    case oci::SeccompAction::trace:
      return "SCMP_ACT_TRACE";
    case oci::SeccompAction::allow:
      return "SCMP_ACT_ALLOW";
    case oci::SeccompAction::log:
      return "SCMP_ACT_LOG";
    case oci::SeccompAction::notify:
      return "SCMP_ACT_NOTIFY";
  }
  return "";
}

std::string flag_name(oci::SeccompFlag flag) {
  switch (flag) {
    case oci::SeccompFlag::tsync:
      return "SECCOMP_FILTER_FLAG_TSYNC";
    case oci::SeccompFlag::log:
      return "SECCOMP_FILTER_FLAG_LOG";
    case oci::SeccompFlag::spec_allow:
      return "SECCOMP_FILTER_FLAG_SPEC_ALLOW";
    case oci::SeccompFlag::wait_killable_recv:
      return "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV";
  }
  return "";
}

unsigned int flag_bits(oci::SeccompFlag flag) {
  switch (flag) {
    case oci::SeccompFlag::tsync:
      return 0;
    case oci::SeccompFlag::log:
      return SECCOMP_FILTER_FLAG_LOG;
    case oci::SeccompFlag::spec_allow:
      return SECCOMP_FILTER_FLAG_SPEC_ALLOW;
    case oci::SeccompFlag::wait_killable_recv:
      return SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
  }
  return 0;
}

bool kernel_takes(oci::SeccompFlag flag) {
  unsigned int bits = flag_bits(flag);
  if (flag == oci::SeccompFlag::tsync) bits = SECCOMP_FILTER_FLAG_TSYNC;
  // Linux refuses this one without a listener.
  if (flag == oci::SeccompFlag::wait_killable_recv) bits |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
  // The flags are checked before the program is read: without a program, EFAULT
  // means that they are known, and nothing can be loaded.
  return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, bits, nullptr) < 0 && errno == EFAULT;
}

std::vector<std::string> known_actions() {
  return {"SCMP_ACT_ALLOW",        "SCMP_ACT_ERRNO",       "SCMP_ACT_KILL",
          "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_LOG",
          "SCMP_ACT_NOTIFY",       "SCMP_ACT_TRACE",       "SCMP_ACT_TRAP"};
}

std::vector<std::string> known_operators() {
  return {"SCMP_CMP_EQ", "SCMP_CMP_GE",        "SCMP_CMP_GT", "SCMP_CMP_LE",
          "SCMP_CMP_LT", "SCMP_CMP_MASKED_EQ", "SCMP_CMP_NE"};
}

std::vector<std::string> known_flags() {
  std::vector<std::string> names;
  for (const oci::SeccompFlag flag : flags) names.push_back(flag_name(flag));
  return names;
}

std::vector<std::string> supported_flags() {
  std::vector<std::string> names;
  for (const oci::SeccompFlag flag : flags) {
    if (kernel_takes(flag)) names.push_back(flag_name(flag));
  }
  return names;
}

std::string library_version() {
  const scmp_version* version = seccomp_version();
  return std::to_string(version->major) + "." + std::to_string(version->minor) + "." +
         std::to_string(version->micro);
}

}  // namespace coracle::seccomp
