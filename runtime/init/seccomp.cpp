// Loading the compiled filter: before the privileges go, or last.
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/init/context.hpp"

namespace coracle::init {
namespace {

bool no_new_privileges(const Context& context) {
  const auto& process = context.plan().process;
  return process && process->no_new_privileges;
}

Result<void> load(Context& context) {
  const Seccomp& seccomp = context.input.seccomp;
  sock_fprog program = {.len = static_cast<unsigned short>(seccomp.program.size()),
                        .filter = const_cast<sock_filter*>(seccomp.program.data())};
  unsigned int flags = seccomp.flags;
  if (seccomp.notifies) flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
  const long listener = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
  if (listener < 0) return fail_errno("load seccomp filter");
  if (!seccomp.notifies) return {};
  sync::SeccompListener message = {.number = static_cast<std::int32_t>(listener)};
  if (!seccomp.host_takes_listener) message.fd = sys::Fd(static_cast<int>(listener));
  // Kept open otherwise until execve: the host copies it by number.
  return context.input.channel.send(std::move(message));
}

}  // namespace

Result<void> load_seccomp_privileged(Context& context) {
  if (context.input.seccomp.program.empty() || no_new_privileges(context)) return {};
  return load(context);
}

Result<void> load_seccomp_last(Context& context) {
  if (context.input.seccomp.program.empty() || !no_new_privileges(context)) return {};
  return load(context);
}

}  // namespace coracle::init
