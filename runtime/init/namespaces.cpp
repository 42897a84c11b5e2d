// Init's first steps: ids, session, names, loopback.
#include <linux/keyctl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "runtime/base/strings.hpp"
#include "runtime/init/context.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/process.hpp"

namespace coracle::init {
namespace {

// For whom the new keyring becomes searchable, as under runc: its user, or
// others where a user namespace may make its owner another user (keyctl(2)).
constexpr std::uint32_t search_by_user = 0x00080000;
constexpr std::uint32_t search_by_others = 0x00000008;

Result<void> make_searchable(long keyring, std::uint32_t by) {
  char description[512] = {};
  const long size =
      ::syscall(SYS_keyctl, KEYCTL_DESCRIBE, keyring, description, sizeof description - 1);
  if (size < 0) return fail_errno("describe session keyring");
  // "type;uid;gid;permissions;description"
  const std::vector<std::string_view> parts = split(description, ';');
  if (parts.size() < 4) return fail("describe session keyring: " + in_quotes(description));
  const auto permissions = parse_number<std::uint32_t>(parts[3], 16);
  if (!permissions) return fail("describe session keyring: " + in_quotes(description));
  if (::syscall(SYS_keyctl, KEYCTL_SETPERM, keyring, *permissions | by) != 0)
    return fail_errno("set permissions of the session keyring");
  return {};
}

bool enters_user_namespace(const Context& context) {
  if (context.joining) return (context.joining->namespaces & CLONE_NEWUSER) != 0;
  const plan::Plan& plan = context.plan();
  const bool joined_user = !plan.namespaces.joins.empty() &&
                           plan.namespaces.joins.front().type == oci::NamespaceType::user;
  return plan.id_maps.writer != plan::IdMapWriter::none || joined_user;
}

}  // namespace

// The clone copied the host's: its end of the channel above all, which would
// keep us from seeing its end.
Result<void> close_host_descriptors(Context& context) {
  const Input& input = context.input;
  std::vector<unsigned int> kept;
  const auto keep = [&](const sys::Fd& fd) {
    if (fd) kept.push_back(static_cast<unsigned int>(fd.get()));
  };
  keep(input.channel.socket());
  keep(input.gate.wait);
  keep(input.gate.result);
  keep(input.hooks_output.out);
  keep(input.hooks_output.errors);
  if (context.joining) {
    keep(context.joining->container);
    keep(context.joining->root);
  }
  return sys::close_all_from(static_cast<unsigned int>(3 + input.preserve_fds), std::move(kept));
}

// Whoever has CAP_SYS_PTRACE inside reads it in /proc/PID/environ, where the
// kernel shows the very memory.
Result<void> forget_environment(Context&) {
  for (char** variable = environ; *variable != nullptr; ++variable)
    ::explicit_bzero(*variable, std::strlen(*variable));
  return {};
}

// From here on init works while the host does its part, but not in namespaces that others use: they
// stay as they are where that part fails.
Result<void> await_id_maps(Context& context) {
  const plan::Plan& plan = context.plan();
  if (plan.id_maps.writer != plan::IdMapWriter::none)
    TRY(context.input.channel.expect<sync::IdMapsWritten>());
  const bool joins_users_or_uts = std::ranges::any_of(plan.namespaces.joins, [](const auto& join) {
    return join.type == oci::NamespaceType::user || join.type == oci::NamespaceType::uts;
  });
  const bool own_mounts = (plan.namespaces.clone_flags & CLONE_NEWNS) != 0;
  return joins_users_or_uts || !own_mounts ? await_host(context) : Result<void>();
}

Result<void> await_host(Context& context) {
  if (std::exchange(context.host_is_done, true)) return {};
  TRY(context.input.channel.expect<sync::Prepared>());
  return {};
}

Result<void> await_cgroup(Context& context) {
  return context.input.awaits_cgroup ? await_host(context) : Result<void>();
}

// Becomes 0:0 of a user namespace whose maps are in force.
Result<void> become_root(Context& context) {
  if (!enters_user_namespace(context)) return {};
  if (::setresgid(0, 0, 0) != 0) return fail_errno("setresgid 0");
  if (::setresuid(0, 0, 0) != 0) return fail_errno("setresuid 0");
  // A change of ids resets it (prctl(2)), and host descriptors are still open.
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return fail_errno("set not dumpable");
  return {};
}

// Who does not wait for Saved would not hear of it.  Undone with the signals.
Result<void> die_with_host(Context& context) {
  if (context.input.awaits_saved) return {};
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
    return fail_errno("set the parent-death signal");
  return {};
}

Result<void> new_session_and_keyring(Context& context) {
  if (::setsid() < 0 && errno != EPERM) return fail_errno("setsid");
  if (!context.plan().new_session_keyring) return {};
  const std::string name = "_ses." + context.input.state.id;
  const long keyring = ::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name.c_str());
  // A kernel without keyrings has none that could leak.
  if (keyring < 0 && errno == ENOSYS) return {};
  if (keyring < 0) {
    const int code = errno;
    const char* hint =
        code == EDQUOT ? " (kernel.keys.maxkeys is reached; --no-new-keyring helps)" : "";
    return fail_errno("join session keyring " + name + hint, code);
  }
  return make_searchable(keyring,
                         enters_user_namespace(context) ? search_by_others : search_by_user);
}

Result<void> unshare_time_namespace(Context& context) {
  if (!context.input.make_time_namespace) return {};
  if (::unshare(CLONE_NEWTIME) != 0) return fail_errno("unshare time namespace");
  const std::string& offsets = context.plan().namespaces.time_offsets;
  if (offsets.empty()) return {};
  return sys::write_once("/proc/self/timens_offsets", offsets);
}

Result<void> unshare_ipc_namespace(Context& context) {
  if (!context.plan().namespaces.new_ipc) return {};
  if (::unshare(CLONE_NEWIPC) != 0) return fail_errno("unshare IPC namespace");
  return {};
}

Result<void> unshare_cgroup_namespace(Context& context) {
  if (!context.plan().namespaces.new_cgroup) return {};
  TRY(await_cgroup(context));  // which becomes its root
  if (::unshare(CLONE_NEWCGROUP) != 0) return fail_errno("unshare cgroup namespace");
  return {};
}

Result<void> set_names(Context& context) {
  const plan::Plan& plan = context.plan();
  if (!plan.hostname.empty() && ::sethostname(plan.hostname.data(), plan.hostname.size()) != 0)
    return fail_errno("sethostname " + in_quotes(plan.hostname));
  if (!plan.domainname.empty() &&
      ::setdomainname(plan.domainname.data(), plan.domainname.size()) != 0)
    return fail_errno("setdomainname " + in_quotes(plan.domainname));
  return {};
}

Result<void> bring_loopback_up(Context& context) {
  if (!context.plan().loopback_up) return {};
  const sys::Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return fail_errno("socket for lo");
  ifreq request = {};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP;  // in a new namespace it has no other that could be lost
  if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) return fail_errno("bring lo up");
  return {};
}

}  // namespace coracle::init
