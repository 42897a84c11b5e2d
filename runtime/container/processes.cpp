// Init by pidfd, its start time checked; the container's cgroups.
#include "runtime/container/processes.hpp"

#include <cerrno>

#include "runtime/base/strings.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/process.hpp"

namespace coracle::container {
namespace {

// Anything else, such as too many open files, says nothing of the process.
bool is_of_no_process(const Error& error) {
  // EINVAL: the number is that of another process's thread by now.
  return error.code == ENOENT || error.code == ESRCH || error.code == EINVAL;
}

}  // namespace

Result<cgroup::Host> cgroup_host_of(const ContainerFacts& facts) {
  auto host = cgroup::detect();
  if (!host && !has_cgroups(facts)) return cgroup::Host{};
  return host;
}

bool has_cgroups(const ContainerFacts& facts) {
  return facts.cgroup_paths != cgroup::Paths{};
}

Result<cgroup::Cgroup> cgroup_on(Result<cgroup::Host> host, const ContainerFacts& facts) {
  return cgroup::Cgroup(TRY(std::move(host)), facts.cgroup_paths, {.rootless = facts.rootless});
}

Result<cgroup::Cgroup> cgroup_of(const ContainerFacts& facts) {
  return cgroup_on(cgroup_host_of(facts), facts);
}

Result<std::optional<sys::ProcessFacts>> init_facts(const ContainerFacts& facts) {
  if (facts.pid == 0) return std::nullopt;
  auto init = sys::process_facts(facts.pid);
  if (!init && is_of_no_process(init.error())) return std::nullopt;
  const sys::ProcessFacts found = TRY(std::move(init));
  if (found.ended() || found.start_time != facts.start_time) return std::nullopt;
  return found;
}

Result<std::optional<Init>> open_init(const ContainerFacts& facts) {
  if (facts.pid == 0) return std::nullopt;
  auto opened = sys::pidfd_open(facts.pid);
  if (!opened && is_of_no_process(opened.error())) return std::nullopt;
  sys::PidFd pidfd = TRY(std::move(opened));
  // Looked at after the opening: what has this start time now is what we opened.
  const auto found = TRY(init_facts(facts));
  if (!found) return std::nullopt;
  return Init{.pidfd = std::move(pidfd), .facts = *found};
}

bool init_takes_all(const ContainerState& state) {
  for (const oci::Namespace& ns : state.spec.linux_.namespaces)
    if (ns.type == oci::NamespaceType::pid) return ns.path.empty();
  return false;
}

bool was_oom_killed(const cgroup::Paths& paths) {
  const auto v1 = paths.v1.find("memory");
  const std::string file =
      v1 != paths.v1.end() ? v1->second + "/memory.oom_control" : paths.v2 + "/memory.events";
  // No such file: nothing limits its memory.
  const auto text = sys::read_file(file);
  if (!text) return false;
  for (const std::string_view line : split(*text, '\n')) {
    if (line.starts_with("oom_kill ")) return line != "oom_kill 0";
  }
  return false;
}

}  // namespace coracle::container
