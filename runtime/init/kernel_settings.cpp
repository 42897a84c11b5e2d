// Sysctls, LSM labels, scheduling: what is set once through the kernel's own
// files and calls, never through the container's /proc.
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

#include "runtime/base/strings.hpp"
#include "runtime/init/context.hpp"
#include "runtime/sys/files.hpp"

namespace coracle::init {
namespace {

constexpr int ioprio_who_process = 1;  // linux/ioprio.h, which old headers lack

// As sched_setattr(2) wants it; glibc 2.36 declares no such struct.
struct SchedAttr {
  std::uint32_t size = sizeof(SchedAttr);
  std::uint32_t policy = 0;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime = 0;
  std::uint64_t deadline = 0;
  std::uint64_t period = 0;
};

// Below the verified /proc, with no symlink on the way.  CVE-2025-52881
Result<sys::Fd> open_in_proc(const sys::Fd& proc, const std::string& path) {
  open_how how = {};
  how.flags = O_WRONLY | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
  sys::Fd fd(static_cast<int>(::syscall(SYS_openat2, proc.get(), path.c_str(), &how, sizeof how)));
  if (fd) return fd;
  if (errno != ENOSYS) return fail_errno("open /proc/" + path);
  // This /proc is the host's: its directories are no links of the container's.
  return sys::open_at(proc, path, O_WRONLY | O_NOFOLLOW);
}

Result<void> write_in_proc(const Context& context, const std::string& path,
                           const std::string& text) {
  const sys::Fd fd = TRY(open_in_proc(context.proc, path));
  const ssize_t written = ::write(fd.get(), text.data(), text.size());
  if (written < 0) return fail_errno("write " + in_quotes(text) + " to /proc/" + path);
  return {};
}

// "PID/task/TID" as the host's /proc names us.
Result<std::string> own_directory(const Context& context) {
  std::array<char, 64> target = {};
  const ssize_t size =
      ::readlinkat(context.proc.get(), "thread-self", target.data(), target.size());
  if (size < 0) return fail_errno("readlink /proc/thread-self");
  return std::string(target.data(), static_cast<std::size_t>(size));
}

Result<void> set_apparmor(const Context& context, const std::string& profile) {
  if (profile.empty()) return {};
  const std::string own = TRY(own_directory(context));
  const std::string text = "exec " + profile;
  // Linux before 5.8, or one without stacked modules, has only the shared file.
  auto written = write_in_proc(context, own + "/attr/apparmor/exec", text);
  if (written || written.error().code != ENOENT) return written;
  return write_in_proc(context, own + "/attr/exec", text);
}

Result<void> set_selinux(const Context& context, const std::string& label) {
  if (label.empty()) return {};
  const std::string own = TRY(own_directory(context));
  return write_in_proc(context, own + "/attr/exec", label);
}

Result<void> set_memory_policy(const plan::MemoryPolicy& policy) {
  const unsigned long* nodes = policy.nodes.empty() ? nullptr : policy.nodes.data();
  // The kernel reads one bit less than it is told (set_mempolicy(2), BUGS).
  const unsigned long bits =
      policy.nodes.empty() ? 0 : policy.nodes.size() * 8 * sizeof(unsigned long) + 1;
  if (::syscall(SYS_set_mempolicy, policy.mode, nodes, bits) != 0)
    return fail_errno("set_mempolicy");
  return {};
}

Result<void> set_scheduler(const plan::Scheduler& scheduler) {
  SchedAttr attributes = {.policy = scheduler.policy,
                          .flags = scheduler.flags,
                          .nice = scheduler.nice,
                          .priority = scheduler.priority,
                          .runtime = scheduler.runtime,
                          .deadline = scheduler.deadline,
                          .period = scheduler.period};
  if (::syscall(SYS_sched_setattr, 0, &attributes, 0) != 0) return fail_errno("sched_setattr");
  return {};
}

// The caller's own affinity (a taskset around the engine) is not the
// container's: the cpuset decides.
void reset_affinity() {
  const std::vector<unsigned long> all(1024 / sizeof(unsigned long), ~0UL);
  // Refused only where a filter forbids it; then the inherited one stays.
  std::ignore = set_affinity(all);
}

Result<void> set_container_affinity(const Context& context) {
  if (context.joining && !context.joining->final_affinity.empty())
    return set_affinity(context.joining->final_affinity).context("execCPUAffinity.final");
  // With `initial` alone the kernel decides what is left of it in the cpuset.
  if (context.joining && !context.joining->initial_affinity.empty()) return {};
  reset_affinity();
  return {};
}

// The file of the domain name is for the host's root alone, the system call for
// every owner of the namespace.
Result<void> write_sysctl(const Context& context, const plan::Sysctl& sysctl) {
  if (sysctl.path != "kernel/domainname")
    return write_in_proc(context, "sys/" + sysctl.path, sysctl.value);
  if (::setdomainname(sysctl.value.data(), sysctl.value.size()) != 0)
    return fail_errno("setdomainname " + in_quotes(sysctl.value));
  return {};
}

}  // namespace

Result<void> set_affinity(const std::vector<unsigned long>& mask) {
  if (::syscall(SYS_sched_setaffinity, 0, mask.size() * sizeof(unsigned long), mask.data()) < 0)
    return fail_errno("sched_setaffinity");
  return {};
}

Result<void> write_sysctls(Context& context) {
  for (const plan::Sysctl& sysctl : context.plan().sysctls) TRY(write_sysctl(context, sysctl));
  return {};
}

Result<void> set_exec_labels(Context& context) {
  if (const auto& process = context.plan().process) {
    TRY(set_apparmor(context, process->apparmor_profile).context("AppArmor profile"));
    TRY(set_selinux(context, process->selinux_label).context("SELinux label"));
  }
  context.proc.reset();  // the last user of the host's /proc
  return {};
}

Result<void> set_scheduling(Context& context) {
  const plan::Plan& plan = context.plan();
  TRY(set_container_affinity(context));
  if (plan.memory_policy) TRY(set_memory_policy(*plan.memory_policy));
  if (plan.personality && ::personality(*plan.personality) < 0) return fail_errno("personality");
  if (!plan.process) return {};
  if (plan.process->scheduler) TRY(set_scheduler(*plan.process->scheduler));
  if (plan.process->io_priority &&
      ::syscall(SYS_ioprio_set, ioprio_who_process, 0, *plan.process->io_priority) != 0)
    return fail_errno("ioprio_set");
  return {};
}

}  // namespace coracle::init
