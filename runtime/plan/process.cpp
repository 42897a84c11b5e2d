// process -> what init sets before it executes the program.  Spec: config.md#process
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/strings.hpp"
#include "runtime/plan/capabilities.hpp"
#include "runtime/plan/paths.hpp"
#include "runtime/plan/plan.hpp"
#include "runtime/plan/scheduling.hpp"

namespace coracle::plan {
namespace {

using Strings = std::vector<std::string>;

constexpr std::array<std::pair<std::string_view, int>, 16> rlimit_names = {{
    {"RLIMIT_AS", RLIMIT_AS},
    {"RLIMIT_CORE", RLIMIT_CORE},
    {"RLIMIT_CPU", RLIMIT_CPU},
    {"RLIMIT_DATA", RLIMIT_DATA},
    {"RLIMIT_FSIZE", RLIMIT_FSIZE},
    {"RLIMIT_LOCKS", RLIMIT_LOCKS},
    {"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
    {"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
    {"RLIMIT_NICE", RLIMIT_NICE},
    {"RLIMIT_NOFILE", RLIMIT_NOFILE},
    {"RLIMIT_NPROC", RLIMIT_NPROC},
    {"RLIMIT_RSS", RLIMIT_RSS},
    {"RLIMIT_RTPRIO", RLIMIT_RTPRIO},
    {"RLIMIT_RTTIME", RLIMIT_RTTIME},
    {"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
    {"RLIMIT_STACK", RLIMIT_STACK},
}};

Result<Strings> plan_args(const Strings& args) {
  if (args.empty()) return fail("/process/args: args must not be empty");
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (!has_nul(args[i])) continue;
    return fail("/process/args/" + std::to_string(i) + ": " + in_quotes(args[i]) + " contains NUL");
  }
  return args;
}

// The variable's name; the messages are those that users know from runc.
Result<std::string_view> variable_name(const Strings& env, std::size_t index) {
  const std::string_view variable = env[index];
  const std::string pointer = "/process/env/" + std::to_string(index);
  const std::size_t equals = variable.find('=');
  if (equals == std::string_view::npos) {
    return fail(pointer + ": " + in_quotes(variable) +
                ": invalid environment variable: missing '='");
  }
  if (equals == 0) {
    return fail(pointer + ": invalid environment variable: name cannot be empty");
  }
  if (has_nul(variable)) {
    return fail(pointer + ": " + in_quotes(variable) + ": invalid environment variable: NUL in it");
  }
  return variable.substr(0, equals);
}

// Of equal names the last stays, in its place.  An empty HOME is left out:
// then as without one, init takes the user's home from the container's passwd.
Result<Strings> plan_env(const Strings& env) {
  Strings unique;
  std::set<std::string_view> seen;
  for (std::size_t i = env.size(); i-- > 0;) {
    const std::string_view name = TRY(variable_name(env, i));
    if (!seen.insert(name).second || env[i] == "HOME=") continue;
    unique.push_back(env[i]);
  }
  std::ranges::reverse(unique);
  return unique;
}

Result<std::string> plan_cwd(const std::string& cwd) {
  if (!cwd.starts_with('/')) {
    return fail("/process/cwd: " + in_quotes(cwd) + ": cwd must be an absolute path");
  }
  if (has_nul(cwd)) return fail("/process/cwd: " + in_quotes(cwd) + " contains NUL");
  return container_path(cwd);
}

Result<void> check_group(std::uint32_t gid, const IdMaps& maps, const std::string& pointer) {
  if (is_mapped(gid, maps.gid_mappings)) return {};
  return fail(pointer + ": gid " + std::to_string(gid) + " is not mapped in linux.gidMappings");
}

// Without a mapping of our own there is nothing to compare with: the ids are
// the host's, or those of a namespace that somebody else made.
Result<void> check_mapped(const oci::User& user, const IdMaps& maps) {
  if (maps.writer == IdMapWriter::none) return {};
  if (!is_mapped(user.uid, maps.uid_mappings)) {
    return fail("/process/user/uid: uid " + std::to_string(user.uid) +
                " is not mapped in linux.uidMappings");
  }
  TRY(check_group(user.gid, maps, "/process/user/gid"));
  for (std::size_t i = 0; i < user.additional_gids.size(); ++i) {
    const std::string pointer = "/process/user/additionalGids/" + std::to_string(i);
    TRY(check_group(user.additional_gids[i], maps, pointer));
  }
  return {};
}

Result<void> check_user(const oci::User& user, const IdMaps& maps) {
  if (maps.deny_setgroups && !user.additional_gids.empty()) {
    return fail(
        "/process/user/additionalGids: cannot set any additional groups in a rootless "
        "container, whose user namespace denies setgroups (so does one that is made without "
        "newgidmap, and all below it): leave them out");
  }
  return check_mapped(user, maps);
}

Result<Rlimit> plan_rlimit(const oci::Rlimit& config, const std::string& pointer) {
  const auto* named = std::ranges::find(rlimit_names, std::string_view(config.type),
                                        &std::pair<std::string_view, int>::first);
  if (named == rlimit_names.end()) {
    return fail(pointer + "/type: " + in_quotes(config.type) + " is not a resource limit");
  }
  if (config.soft > config.hard) {
    return fail(pointer + ": " + config.type + ": soft limit " + std::to_string(config.soft) +
                " is above hard limit " + std::to_string(config.hard));
  }
  return Rlimit{.resource = named->second,
                .name = named->first,
                .limit = {.rlim_cur = config.soft, .rlim_max = config.hard}};
}

Result<std::vector<Rlimit>> plan_rlimits(const std::vector<oci::Rlimit>& configs) {
  std::vector<Rlimit> rlimits;
  std::set<std::string> seen;
  for (std::size_t i = 0; i < configs.size(); ++i) {
    const std::string pointer = "/process/rlimits/" + std::to_string(i);
    const Rlimit rlimit = TRY(plan_rlimit(configs[i], pointer));
    rlimits.push_back(rlimit);
    if (seen.insert(configs[i].type).second) continue;
    return fail(pointer + "/type: " + configs[i].type + " is there twice");
  }
  return rlimits;
}

Result<std::optional<int>> plan_oom_score_adj(std::optional<std::int32_t> adjustment) {
  if (!adjustment) return std::optional<int>();
  if (*adjustment < -1000 || *adjustment > 1000) {
    return fail("/process/oomScoreAdj: " + std::to_string(*adjustment) +
                " is not in [-1000, 1000]");
  }
  return std::optional<int>(*adjustment);
}

Result<void> check_labels(const oci::Process& process, const HostFacts& facts) {
  if (!process.apparmor_profile.empty() && !facts.apparmor) {
    return fail("/process/apparmorProfile: apparmor: config provided but apparmor not supported");
  }
  if (!process.selinux_label.empty() && !facts.selinux) {
    return fail(
        "/process/selinuxLabel: selinux label is specified in config, but selinux is "
        "disabled or not supported");
  }
  return {};
}

// The fields that need no decision.
Process as_configured(const oci::Process& process, const Plan& so_far) {
  Process planned;
  planned.terminal = process.terminal;
  if (process.terminal) planned.console_size = process.console_size;
  planned.uid = process.user.uid;
  planned.gid = process.user.gid;
  // Docker lists a group twice when the image's /etc/group does.
  const std::set<gid_t> groups(process.user.additional_gids.begin(),
                               process.user.additional_gids.end());
  planned.additional_gids.assign(groups.begin(), groups.end());
  planned.set_groups = !so_far.id_maps.deny_setgroups && !so_far.annotations.keep_original_groups;
  planned.umask = process.user.umask;
  planned.no_new_privileges = process.no_new_privileges;
  planned.apparmor_profile = process.apparmor_profile;
  planned.selinux_label = process.selinux_label;
  return planned;
}

// Groups that are not set need be neither mapped nor allowed.
oci::User user_to_become(const oci::User& configured, const Plan& so_far,
                         std::vector<std::string>& warnings) {
  oci::User user = configured;
  if (!so_far.annotations.keep_original_groups || user.additional_gids.empty()) return user;
  user.additional_gids.clear();
  warnings.push_back(
      "/process/user/additionalGids: ignored, because run.oci.keep_original_groups keeps those of "
      "the caller");
  return user;
}

}  // namespace

Result<Process> plan_process(const oci::Process& process, const Plan& so_far,
                             const HostFacts& facts, std::vector<std::string>& warnings) {
  TRY(check_user(user_to_become(process.user, so_far, warnings), so_far.id_maps));
  TRY(check_labels(process, facts));
  Process planned = as_configured(process, so_far);
  planned.args = TRY(plan_args(process.args));
  planned.env = TRY(plan_env(process.env));
  planned.cwd = TRY(plan_cwd(process.cwd));
  planned.rlimits = TRY(plan_rlimits(process.rlimits));
  planned.oom_score_adj = TRY(plan_oom_score_adj(process.oom_score_adj));
  if (process.capabilities) {
    planned.capabilities = TRY(plan_capabilities(*process.capabilities, so_far, facts, warnings));
  }
  if (process.scheduler) planned.scheduler = TRY(plan_scheduler(*process.scheduler));
  if (process.io_priority) planned.io_priority = TRY(plan_io_priority(*process.io_priority));
  return planned;
}

}  // namespace coracle::plan
