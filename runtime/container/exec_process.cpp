// exec's command line, or its process.json, as an oci::Process.
#include "oci-spec/parse.hpp"
#include "oci-spec/validate.hpp"
#include "runtime/base/strings.hpp"
#include "runtime/container/exec.hpp"
#include "runtime/sys/files.hpp"

namespace coracle::container {
namespace {

// 4294967295 is no id: for chown(2) and setresuid(2) it means "unchanged".
Result<std::uint32_t> parse_id(std::string_view text, const std::string& what) {
  const auto id = parse_number<std::uint32_t>(text);
  if (!id || *id == 0xffff'ffffU)
    return fail(what + ": " + in_quotes(text) + " is not a number from 0 to 4294967294");
  return *id;
}

Result<void> set_user(oci::User& user, const std::string& text) {
  if (text.empty()) return {};
  const std::size_t colon = text.find(':');
  const std::string what = "--user " + in_quotes(text);
  const std::string_view whole = text;
  const std::uint32_t uid = TRY(parse_id(whole.substr(0, colon), what));
  if (colon != std::string::npos) user.gid = TRY(parse_id(whole.substr(colon + 1), what));
  user.uid = uid;
  return {};
}

// To the sets that make a capability usable; the inheritable set would hand it
// to programs that were not meant (CVE-2022-29162).  To the ambient set only
// where the container uses it; there it counts if it was inheritable already.
void add_capabilities(oci::Process& process, const std::vector<std::string>& names) {
  if (names.empty()) return;
  if (!process.capabilities) process.capabilities.emplace();
  oci::Capabilities& sets = *process.capabilities;
  const bool uses_ambient = !sets.ambient.empty();
  for (const std::string& name : names) {
    sets.bounding.push_back(name);
    sets.effective.push_back(name);
    sets.permitted.push_back(name);
    if (uses_ambient) sets.ambient.push_back(name);
  }
}

template <class T>
void take_where_absent(std::optional<T>& value, const std::optional<T>& own) {
  if (!value) value = own;
}

// What confines the container confines a process of a file that does not say
// otherwise, as under runc.  no_new_privs is never taken back: `false` and
// nothing are the same in a file that a Go program wrote.
void inherit_from(const oci::Process& own, oci::Process& process) {
  take_where_absent(process.capabilities, own.capabilities);
  if (process.rlimits.empty()) process.rlimits = own.rlimits;
  process.no_new_privileges = process.no_new_privileges || own.no_new_privileges;
  if (process.apparmor_profile.empty()) process.apparmor_profile = own.apparmor_profile;
  if (process.selinux_label.empty()) process.selinux_label = own.selinux_label;
  take_where_absent(process.user.umask, own.user.umask);
  take_where_absent(process.oom_score_adj, own.oom_score_adj);
  take_where_absent(process.scheduler, own.scheduler);
  take_where_absent(process.io_priority, own.io_priority);
  take_where_absent(process.exec_cpu_affinity, own.exec_cpu_affinity);
}

Result<oci::Process> read_process(const std::string& path, const oci::Process& own) {
  const std::string text = TRY(sys::read_file(path));
  oci::Process process = TRY(oci::parse_process(text, path));
  inherit_from(own, process);
  TRY(oci::validate_process(process));
  return process;
}

// What is wrong on the command line is told of the command line, not of a file.
Result<void> check_words(const ExecRequest& request) {
  if (request.args.empty()) return fail("process args cannot be empty");
  if (!request.cwd.empty() && !request.cwd.starts_with('/'))
    return fail("--cwd: " + in_quotes(request.cwd) + " is not an absolute path");
  for (const std::string& variable : request.env) {
    const std::size_t equals = variable.find('=');
    if (equals == std::string::npos || equals == 0)
      return fail("--env: " + in_quotes(variable) + " is not NAME=value");
  }
  return {};
}

}  // namespace

Result<oci::Process> exec_process(const oci::Process& own, const ExecRequest& request) {
  if (!request.process_file.empty()) return read_process(request.process_file, own);
  TRY(check_words(request));
  oci::Process process = own;
  process.args = request.args;
  process.terminal = request.tty;
  if (!request.cwd.empty()) process.cwd = request.cwd;
  process.env.insert(process.env.end(), request.env.begin(), request.env.end());
  TRY(set_user(process.user, request.user));
  for (const std::string& gid : request.additional_gids)
    process.user.additional_gids.push_back(TRY(parse_id(gid, "--additional-gids")));
  add_capabilities(process, request.capabilities);
  if (request.no_new_privileges) process.no_new_privileges = *request.no_new_privileges;
  if (!request.apparmor_profile.empty()) process.apparmor_profile = request.apparmor_profile;
  if (!request.selinux_label.empty()) process.selinux_label = request.selinux_label;
  TRY(oci::validate_process(process));
  return process;
}

}  // namespace coracle::container
