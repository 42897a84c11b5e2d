// Working directory, capabilities, ids: from the namespace's root to the
// configured user.  capabilities(7), credentials(7)
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>
#include <tuple>

#include "runtime/base/strings.hpp"
#include "runtime/init/context.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/path.hpp"

namespace coracle::init {
namespace {

// The directory that we stand in must be inside our root: a descriptor of the
// host's, reached by /proc/self/fd/N, shows as "(unreachable)".  CVE-2024-21626
Result<void> check_working_directory() {
  std::array<char, 4096> path = {};
  if (::syscall(SYS_getcwd, path.data(), path.size()) < 0) {
    if (errno == ENOENT) return fail("current working directory is outside of container root");
    return fail_errno("getcwd");
  }
  if (path[0] != '/') return fail("current working directory is outside of container root");
  return {};
}

Result<void> set_capabilities(const plan::CapabilitySets& sets) {
  __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, 2> data = {};
  for (std::size_t half = 0; half < 2; ++half) {
    data[half].effective = static_cast<std::uint32_t>(sets.effective >> (32 * half));
    data[half].permitted = static_cast<std::uint32_t>(sets.permitted >> (32 * half));
    data[half].inheritable = static_cast<std::uint32_t>(sets.inheritable >> (32 * half));
  }
  if (::syscall(SYS_capset, &header, data.data()) != 0) return fail_errno("capset");
  return {};
}

Result<void> drop_bounding(std::uint64_t keep) {
  for (unsigned long capability = 0; capability < 64; ++capability) {
    if (((keep >> capability) & 1U) != 0) continue;
    if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0) continue;
    const int code = errno;
    if (code == EINVAL) return {};  // past the last one that the kernel knows
    // Without CAP_SETPCAP nothing can be dropped, nor need be what is not there.
    if (::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) == 0) continue;
    return fail_errno("drop capability " + std::to_string(capability) + " from the bounding set",
                      code);
  }
  return {};
}

Result<void> raise_ambient(std::uint64_t ambient) {
  for (unsigned long capability = 0; capability < 64; ++capability) {
    if (((ambient >> capability) & 1U) == 0) continue;
    if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) != 0)
      return fail_errno("raise ambient capability " + std::to_string(capability));
  }
  return {};
}

// The container's user may reopen /dev/stderr.  Never a device: it is the
// host's own node, /dev/null above all.
Result<void> own_stdio(const plan::Process& process) {
  for (int number = 0; number <= 2; ++number) {
    struct stat status = {};
    if (::fstat(number, &status) != 0) continue;  // closed by the caller
    if (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode)) continue;
    if (status.st_uid == process.uid) continue;
    // EPERM, EINVAL: the owner is not mapped here; EROFS: the file lies on a
    // read-only mount.  It works as it is.
    std::ignore = ::fchown(number, process.uid, static_cast<gid_t>(-1));
  }
  return {};
}

// While still root, as setuid(2) checks RLIMIT_NPROC; after all that needs descriptors.
Result<void> set_rlimits(const plan::Process& process) {
  for (const plan::Rlimit& rlimit : process.rlimits) {
    const auto resource = static_cast<__rlimit_resource>(rlimit.resource);
    if (::setrlimit64(resource, &rlimit.limit) != 0)
      return fail_errno("set " + std::string(rlimit.name) + " to soft " +
                        std::to_string(rlimit.limit.rlim_cur) + ", hard " +
                        std::to_string(rlimit.limit.rlim_max));
  }
  return {};
}

Result<void> set_ids(const plan::Process& process, bool dumpable) {
  if (process.set_groups &&
      ::setgroups(process.additional_gids.size(), process.additional_gids.data()) != 0)
    return fail_errno("setgroups");
  if (::setresgid(process.gid, process.gid, process.gid) != 0)
    return fail_errno("setresgid " + std::to_string(process.gid));
  if (::setresuid(process.uid, process.uid, process.uid) != 0)
    return fail_errno("setresuid " + std::to_string(process.uid));
  // Both reset it (prctl(2)); nothing of ours may be looked at until execve, but
  // where it must: then descriptors and environment of the host's are gone.
  if (::prctl(PR_SET_DUMPABLE, dumpable ? 1 : 0, 0, 0, 0) != 0) return fail_errno("set dumpable");
  return {};
}

// Our descriptors are closed before chdir: cwd may name one of them.
Result<void> make_working_directory(const std::string& cwd) {
  const sys::Fd root = TRY(sys::open_file("/", O_PATH | O_DIRECTORY));
  // It may be there and closed to us, on a volume for one; chdir tells.
  std::ignore = sys::make_directory_in_root(root, cwd, 0755);
  return {};
}

Result<void> enter_as_user(const plan::Process& process) {
  if (::chdir(process.cwd.c_str()) != 0)
    return fail_errno("chdir to cwd (" + in_quotes(process.cwd) + ") set in config.json failed");
  return check_working_directory();
}

bool is_home(const std::string& variable) {
  return variable.starts_with("HOME=");
}

// HOME as the container's /etc/passwd has it; "/" where it does not say.
std::string home_of(uid_t uid) {
  const auto fd = sys::open_file("/etc/passwd", O_RDONLY | O_NONBLOCK);
  if (!fd) return "/";
  const auto passwd = sys::read_all(*fd, 1 << 20);
  if (!passwd) return "/";
  for (const std::string_view line : split(*passwd, '\n')) {
    const std::vector<std::string_view> fields = split(line, ':');
    if (fields.size() >= 6 && parse_number<uid_t>(fields[2]) == uid && !fields[5].empty())
      return std::string(fields[5]);
  }
  return "/";
}

// "NAME=value", in place of any other value.
void set_variable(std::vector<std::string>& env, const std::string& variable) {
  const std::string_view name = std::string_view(variable).substr(0, variable.find('=') + 1);
  std::erase_if(env, [&](const std::string& other) { return other.starts_with(name); });
  env.push_back(variable);
}

void complete_home(Context& context, uid_t uid) {
  for (std::string& variable : context.env) {
    if (!is_home(variable)) continue;
    if (variable == "HOME=") variable += home_of(uid);
    return;
  }
  context.env.push_back("HOME=" + home_of(uid));
}

}  // namespace

Result<void> enter_working_directory(Context& context) {
  const auto& process = context.plan().process;
  if (!process) return {};
  context.env = process->env;
  complete_home(context, process->uid);
  for (const std::string& variable : context.input.extra_env) {
    set_variable(context.env, variable);
    if (variable.starts_with("LISTEN_FDS="))
      set_variable(context.env, "LISTEN_PID=" + std::to_string(::getpid()));
  }
  context.root.reset();  // cwd could name it, as /proc/self/fd/N
  // An exec'd process changes nothing of the container's.
  if (!context.joining) TRY(make_working_directory(process->cwd));
  context.in_working_directory = ::chdir(process->cwd.c_str()) == 0;
  if (context.in_working_directory) return check_working_directory();
  // Tried again as the container's user, who may see more (FUSE, NFS).
  if (errno == EACCES || errno == EPERM) return {};
  return fail_errno("chdir to cwd (" + in_quotes(process->cwd) + ") set in config.json failed");
}

Result<void> drop_privileges(Context& context) {
  const auto& process = context.plan().process;
  if (!process) return {};
  TRY(own_stdio(*process));
  const plan::CapabilitySets sets = process->capabilities.value_or(plan::CapabilitySets{});
  TRY(drop_bounding(sets.bounding));
  if (::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) return fail_errno("keep capabilities");
  TRY(set_rlimits(*process));
  TRY(set_ids(*process, context.input.becomes_dumpable));
  if (!context.in_working_directory) TRY(enter_as_user(*process));
  if (::prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) != 0) return fail_errno("keep capabilities");
  TRY(set_capabilities(sets));
  TRY(raise_ambient(sets.ambient));
  if (process->no_new_privileges && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return fail_errno("set no_new_privs");
  return {};
}

}  // namespace coracle::init
