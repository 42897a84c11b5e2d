// The last steps: the program is found, the host told, the gate waited for,
// and execve(2).
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/base/strings.hpp"
#include "runtime/init/context.hpp"
#include "runtime/sys/process.hpp"
#include "runtime/sys/signals.hpp"

namespace coracle::init {
namespace {

std::string_view path_variable(const std::vector<std::string>& env) {
  for (const std::string& variable : env) {
    if (variable.starts_with("PATH=")) return std::string_view(variable).substr(5);
  }
  return {};
}

// 0, or the errno that tells why `path` cannot be executed.
int why_not_executable(const std::string& path) {
  struct stat status = {};
  if (::stat(path.c_str(), &status) != 0) return errno;
  if (S_ISDIR(status.st_mode)) return EISDIR;
  // With the effective ids and capabilities, as execve will.
  if (::faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) == 0) return 0;
  // A filter may not know faccessat2(2): then the mode has to do.
  if (errno != ENOSYS && errno != EPERM) return errno;
  return (status.st_mode & 0111U) != 0 ? 0 : EACCES;
}

// The texts are Go's, which engines match to choose exit codes 126 and 127.
Result<void> find_by_path(Context& context, const std::string& name) {
  const int problem = why_not_executable(name);
  context.program = name;
  if (problem == 0) return {};
  // In execve's own words as well: Docker's client looks for them alone until version 23.
  if (problem == EISDIR)
    return fail_errno("exec: " + in_quotes(name, 4096) + ": is a directory", EACCES);
  const bool absent = problem == ENOENT || problem == ENOTDIR;
  return fail_errno("exec: " + in_quotes(name, 4096) + (absent ? ": stat " + name : ""), problem);
}

Result<void> find_in_path(Context& context, const std::string& name) {
  bool denied = false;
  for (const std::string_view directory : split(path_variable(context.env), ':')) {
    // An empty entry means the working directory: refused, as Go does.
    if (directory.empty()) continue;
    const std::string candidate = std::string(directory) + "/" + name;
    const int problem = why_not_executable(candidate);
    if (problem == 0) {
      context.program = candidate;
      return {};
    }
    if (problem == EACCES) denied = true;
  }
  if (denied) return fail_errno("exec: " + in_quotes(name, 4096), EACCES);
  return fail("exec: " + in_quotes(name, 4096) + ": executable file not found in $PATH");
}

}  // namespace

// What the caller ignored or blocked is no business of the container's.
Result<void> reset_inheritance(Context& context) {
  TRY(sys::reset_signals());
  // The host may end before the program, as with --detach.
  if (::prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0) != 0)
    return fail_errno("clear the parent-death signal");
  const auto& process = context.plan().process;
  ::umask(process && process->umask ? *process->umask : context.inherited_umask);
  return {};
}

Result<void> find_program(Context& context) {
  const auto& process = context.plan().process;
  if (!process) return {};
  const std::string& name = process->args.front();
  if (name.find('/') != std::string::npos) return find_by_path(context, name);
  return find_in_path(context, name);
}

Result<void> report_ready(Context& context) {
  TRY(context.input.channel.send(sync::Ready{}));
  context.ready = true;  // errors are for the gate from here on: the host hears no more here
  if (context.input.awaits_saved) TRY(context.input.channel.expect<sync::Saved>());
  context.input.channel.close();
  return {};
}

Result<void> await_start(Context& context) {
  if (!context.input.gate.wait) return {};
  char byte = 0;
  ssize_t got = 0;
  do got = ::read(context.input.gate.wait.get(), &byte, 1);
  while (got < 0 && errno == EINTR);
  if (got < 0) return fail_errno("read the gate");
  return {};
}

Result<void> execute(Context& context) {
  const auto& process = context.plan().process;
  if (!process) return fail("config.json has no process: nothing to start");
  const std::vector<char*> args = sys::c_array(process->args);
  const std::vector<char*> env = sys::c_array(context.env);
  ::execve(context.program.c_str(), args.data(), env.data());
  return fail_errno("exec " + context.program);
}

}  // namespace coracle::init
