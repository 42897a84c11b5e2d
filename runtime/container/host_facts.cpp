#include "runtime/container/host_facts.hpp"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <ranges>

#include "runtime/base/strings.hpp"
#include "runtime/container/id_map_reader.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/namespaces.hpp"

namespace coracle::container {
namespace {

constexpr std::uint32_t whole_range = 0xffff'ffff;

Result<void> read_id_maps(plan::HostFacts& facts) {
  facts.in_user_namespace = !TRY(sys::in_initial_user_namespace());
  if (!facts.in_user_namespace) {
    facts.own_uid_map =
        facts.own_gid_map = {{.container_id = 0, .host_id = 0, .size = whole_range}};
    return {};
  }
  facts.own_uid_map = TRY(read_id_map("/proc/self/uid_map"));
  facts.own_gid_map = TRY(read_id_map("/proc/self/gid_map"));
  facts.setgroups_denied = TRY(sys::read_file("/proc/self/setgroups")).starts_with("deny");
  return {};
}

bool has(std::uint64_t set, int capability) {
  return ((set >> capability) & 1U) != 0;
}

// By system calls: to render /proc/self/status takes the kernel ten times as long.
Result<void> read_capabilities(plan::HostFacts& facts) {
  __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, 2> sets = {};
  if (::syscall(SYS_capget, &header, sets.data()) != 0) return fail_errno("capget");
  const std::uint64_t effective = sets[0].effective | std::uint64_t{sets[1].effective} << 32U;
  facts.privileged =
      has(effective, CAP_SYS_ADMIN) && has(effective, CAP_SETUID) && has(effective, CAP_SETGID);
  for (int capability = 0; capability < 64; ++capability) {
    const int held = ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0);
    if (held < 0 && errno == EINVAL) break;  // past the last one that the kernel knows
    if (held < 0) return fail_errno("read the capability bounding set");
    facts.last_capability = capability;
    if (held != 0) facts.bounding_capabilities |= std::uint64_t{1} << capability;
  }
  return {};
}

bool apparmor_is_on() {
  const auto enabled = sys::read_file("/sys/module/apparmor/parameters/enabled");
  return enabled && enabled->starts_with('Y');
}

bool selinux_is_on() {
  return ::access("/sys/fs/selinux/enforce", F_OK) == 0;
}

bool is_named(const cgroup::Hierarchy& hierarchy) {
  return hierarchy.controllers.front().starts_with("name=");
}

plan::CgroupHierarchy hierarchy_of(const cgroup::Hierarchy& hierarchy, const cgroup::Paths& paths) {
  const std::string controllers = join(hierarchy.controllers, ",");
  plan::CgroupHierarchy planned = {
      .name = hierarchy.mount_point.substr(hierarchy.mount_point.find_last_of('/') + 1),
      .options = is_named(hierarchy) ? "none," + controllers : controllers,
      .container = {},
      .links = {}};
  const auto path = paths.v1.find(hierarchy.controllers.front());
  planned.container = path == paths.v1.end() ? hierarchy.mount_point + hierarchy.own : path->second;
  if (hierarchy.controllers.size() > 1) planned.links = hierarchy.controllers;
  std::erase(planned.links, planned.name);
  return planned;
}

}  // namespace

std::vector<plan::CgroupHierarchy> cgroup_views(const cgroup::Host& host,
                                                const cgroup::Paths& paths) {
  std::vector<plan::CgroupHierarchy> views;
  // /proc/self/cgroup, whose order `host` has, names the newest first; they are
  // mounted as on the host, the oldest first.
  for (const cgroup::Hierarchy& hierarchy : host.v1 | std::views::reverse)
    views.push_back(hierarchy_of(hierarchy, paths));
  return views;
}

Result<plan::HostFacts> read_host_facts(const oci::Spec& spec, const cgroup::Host& host) {
  plan::HostFacts facts;
  facts.euid = ::geteuid();
  facts.egid = ::getegid();
  TRY(read_id_maps(facts));
  TRY(read_capabilities(facts));
  facts.cgroup_v2 = host.mode == cgroup::Mode::v2;
  const bool labelled = spec.process && !spec.process->selinux_label.empty();
  facts.apparmor = spec.process && !spec.process->apparmor_profile.empty() && apparmor_is_on();
  facts.selinux = (labelled || !spec.linux_.mount_label.empty()) && selinux_is_on();
  return facts;
}

}  // namespace coracle::container
