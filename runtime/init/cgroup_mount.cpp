#include "runtime/init/cgroup_mount.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "runtime/init/place.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/path.hpp"

namespace coracle::init {
namespace {

Result<sys::Fd> mount_at(const Context& context, const sys::Filesystem& filesystem,
                         const sys::Fd& parent, const std::string& name) {
  const sys::Fd target = TRY(sys::make_directory_in_root(parent, name, 0755));
  return mount_filesystem(context, filesystem, {.target = target});
}

Result<sys::Fd> bind_directory(const Context& context, const std::string& path,
                               const Placement& placement) {
  const sys::Fd source = TRY(sys::open_file(path, O_PATH | O_DIRECTORY));
  return bind(context, source, placement);
}

Result<void> mount_v2(const Context& context, const plan::Mount& mount) {
  const sys::Fd target = TRY(sys::make_directory_in_root(context.root, mount.destination, 0755));
  const sys::Filesystem filesystem = {
      .type = "cgroup2", .source = "cgroup", .data = mount.data, .flags = mount.flags};
  auto mounted = mount_filesystem(context, filesystem,
                                  {.target = target, .attributes = tree_attributes(mount)});
  // Inside a user namespace without a cgroup namespace of its own the kernel
  // refuses a fresh mount.
  const std::string& stand_in = context.plan().cgroup_v2_stand_in;
  const bool refused = !mounted && (mounted.error().code == EPERM || mounted.error().code == EBUSY);
  if (refused && !stand_in.empty()) {
    // Recursive: the kernel lets nobody uncover what is mounted below.
    Placement placement = {
        .target = target, .recursive = true, .attributes = all_attributes(mount)};
    if ((mount.flags & MS_RDONLY) != 0)
      placement.attributes.push_back(
          {.set = sys::attributes_of(MS_RDONLY, 0).set, .recursive = true});
    mounted = bind_directory(context, stand_in, placement);
  }
  return set_propagation(TRY(std::move(mounted)), mount);
}

Result<void> mount_hierarchy(const Context& context, const plan::Mount& mount,
                             const plan::CgroupHierarchy& hierarchy, const sys::Fd& tmpfs) {
  if (!context.plan().namespaces.new_cgroup) {
    const sys::Fd target = TRY(sys::make_directory_in_root(tmpfs, hierarchy.name, 0755));
    // Its own cgroup alone, for want of a cgroup namespace.
    TRY(bind_directory(context, hierarchy.container,
                       {.target = target, .attributes = all_attributes(mount)}));
    return {};
  }
  // systemd's own has its name for a source, there as on the host.
  const char* source = hierarchy.name == "systemd" ? "systemd" : "cgroup";
  TRY(mount_at(
      context,
      {.type = "cgroup", .source = source, .data = hierarchy.options, .flags = mount.flags}, tmpfs,
      hierarchy.name));
  return {};
}

Result<void> link_controllers(const plan::CgroupHierarchy& hierarchy, const sys::Fd& tmpfs) {
  for (const std::string& link : hierarchy.links) {
    if (::symlinkat(hierarchy.name.c_str(), tmpfs.get(), link.c_str()) != 0 && errno != EEXIST)
      return fail_errno("symlink " + link);
  }
  return {};
}

Result<void> mount_v1(Context& context, const plan::Mount& mount) {
  const unsigned long flags = mount.flags & ~static_cast<unsigned long>(MS_RDONLY);
  sys::Fd tmpfs = TRY(mount_at(context,
                               {.type = "tmpfs",
                                .source = "tmpfs",
                                .data = "mode=755",
                                .flags = flags | MS_NOEXEC | MS_NOSUID | MS_NODEV},
                               context.root, mount.destination));
  for (const plan::CgroupHierarchy& hierarchy : context.plan().cgroup_hierarchies) {
    TRY(mount_hierarchy(context, mount, hierarchy, tmpfs).context(hierarchy.name));
    TRY(link_controllers(hierarchy, tmpfs));
  }
  TRY(set_propagation(tmpfs, mount));
  // Only now: the directories above had to be made.
  if ((mount.flags & MS_RDONLY) != 0) context.read_only_later.push_back(std::move(tmpfs));
  return {};
}

}  // namespace

Result<void> mount_cgroups(Context& context, const plan::Mount& mount) {
  return context.plan().cgroup_v2 ? mount_v2(context, mount) : mount_v1(context, mount);
}

}  // namespace coracle::init
