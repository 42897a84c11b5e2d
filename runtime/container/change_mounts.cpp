#include "runtime/container/change_mounts.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>

#include <algorithm>
#include <iterator>

#include "oci-spec/validate.hpp"
#include "runtime/base/strings.hpp"
#include "runtime/container/exec_spawn.hpp"
#include "runtime/container/host_facts.hpp"
#include "runtime/container/log.hpp"
#include "runtime/container/mount_requests.hpp"
#include "runtime/container/processes.hpp"
#include "runtime/container/state_dir.hpp"
#include "runtime/container/status.hpp"
#include "runtime/plan/paths.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/mounts.hpp"

namespace coracle::container {
namespace {

// A container whose mounts change: its state is locked meanwhile.
struct Subject {
  StateDir dir;
  ContainerState state;
  sys::PidFd init;
  plan::HostFacts facts;
};

Result<Subject> open_subject(const std::string& root, const std::string& id) {
  StateDir dir = TRY(StateDir::open(root, id));
  ContainerState state = TRY(dir.load());
  auto init = TRY(open_init(state));
  if (!init) return fail("container not running");
  const cgroup::Host host = TRY(cgroup_host_of(state));
  plan::HostFacts facts = TRY(read_host_facts(state.spec, host));
  return Subject{.dir = std::move(dir),
                 .state = std::move(state),
                 .init = std::move(init->pidfd),
                 .facts = std::move(facts)};
}

// The others belong to the container's making.
Result<void> check_kind(const plan::Mount& mount) {
  const bool bind = mount.kind == plan::MountKind::bind;
  const bool kernels = mount.type == "proc" || mount.type == "sysfs" || mount.type == "cgroup" ||
                       mount.type == "cgroup2";
  if (bind || (mount.kind == plan::MountKind::filesystem && !kernels)) return {};
  return fail(in_quotes(mount.destination) +
              ": a running container takes bind mounts and new file systems but no " +
              (mount.kind == plan::MountKind::remount ? "remount" : mount.type));
}

Result<plan::Plan> plan_added(const Subject& subject, std::vector<oci::Mount> mounts) {
  oci::Spec spec = subject.state.spec;
  spec.mounts = std::move(mounts);
  TRY(oci::validate(spec));
  plan::Plan plan = TRY(plan::make_plan(spec, subject.facts,
                                        {.bundle = subject.state.bundle, .id = subject.state.id}));
  for (std::string& warning : plan.warnings) {
    if (warning.starts_with("/mounts/")) log::warn(std::move(warning));
  }
  for (const plan::Mount& mount : plan.mounts) TRY(check_kind(mount));
  plan.mounts = TRY(with_links_read(std::move(plan.mounts)));
  return plan;
}

plan::Plan plan_removed(const std::vector<oci::Mount>& mounts) {
  plan::Plan plan;
  for (const oci::Mount& mount : mounts) {
    plan::Mount planned;
    planned.destination = plan::container_path(mount.destination);
    planned.links.destination_itself =
        std::ranges::find(mount.options, "dest-nofollow") != mount.options.end();
    plan.mounts.push_back(std::move(planned));
  }
  return plan;
}

bool asks_host(const plan::Mount& mount) {
  const bool bind = mount.kind == plan::MountKind::bind && mount.link_text.empty();
  return bind || mount.idmap.kind != plan::IdmapKind::none;
}

// As what init takes along from the host: nothing that is mounted inside comes
// back to it.
Result<sys::MountFd> take_along(const Subject& subject, const plan::Mount& mount) {
  if (!subject.facts.privileged) return make_mount_unprivileged(subject.state.pid, mount);
  sys::MountFd made = TRY(make_mount_for(subject.state.pid, mount));
  TRY(sys::set_propagation(made, MS_SLAVE | MS_REC));
  return made;
}

// What the host has to give, by index.  All of it before anything is mounted,
// so that a source that is not there changes nothing.
Result<std::vector<sys::MountFd>> prepare(const Subject& subject, const plan::Plan& plan) {
  std::vector<sys::MountFd> prepared(plan.mounts.size());
  for (std::size_t i = 0; i < plan.mounts.size(); ++i) {
    const plan::Mount& mount = plan.mounts[i];
    if (!asks_host(mount)) continue;
    prepared[i] = TRY(
        take_along(subject, mount)
            .context("mount " + in_quotes(mount.source) + " for " + in_quotes(mount.destination)));
  }
  return prepared;
}

Result<init::Joining> joining_of(Subject& subject) {
  const ContainerState& state = subject.state;
  Destination destination =
      TRY(find_destination(state.spec.linux_.namespaces, state.pid, std::move(subject.init)));
  if ((destination.namespaces & CLONE_NEWNS) == 0)
    return fail("the container has no mount namespace of its own");
  const std::string root = "/proc/" + std::to_string(subject.state.pid) + "/root";
  return init::Joining{.container = std::move(destination.pidfd),
                       .namespaces = destination.namespaces,
                       .root = TRY(sys::open_file(root, O_PATH | O_DIRECTORY))};
}

Result<void> serve(sync::HostEnd& channel, std::vector<sys::MountFd> prepared) {
  while (true) {
    sync::InitMessage message = TRY(channel.receive());
    for (std::string& warning : channel.take_warnings()) log::warn(std::move(warning));
    if (std::holds_alternative<sync::Ready>(message)) return {};
    const auto* please = std::get_if<sync::MountPlease>(&message);
    if (please == nullptr) return fail("an unexpected message of the process that mounts");
    if (please->index >= prepared.size() || !prepared[please->index])
      return fail("the process that mounts asked for an unknown mount");
    TRY(channel.send(sync::MountReady{.mount = std::move(prepared[please->index])}));
  }
}

Result<void> change(Subject& subject, const plan::Plan& plan, init::MountChange what) {
  std::vector<sys::MountFd> prepared;
  if (what == init::MountChange::add) prepared = TRY(prepare(subject, plan));
  init::Joining joining = TRY(joining_of(subject));
  sync::Channel channel = TRY(sync::make_channel());
  init::Input input = {.plan = plan,
                       .hooks = subject.state.spec.hooks,
                       .state = oci_state(subject.state, oci::Status::running),
                       .channel = std::move(channel.init),
                       .gate = {},
                       .seccomp = {}};
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return fail_errno("set not dumpable");
  const sys::Cloned cloned = TRY(sys::clone_process(
      {}, [input = std::move(input), joining = std::move(joining), what]() mutable noexcept {
        init::change_mounts(std::move(input), std::move(joining), what);
      }));
  return serve(channel.host, std::move(prepared));
}

// So that `checkpoint` knows of it.
Result<void> record(const Subject& subject) {
  return subject.dir.save_config(subject.state.spec).context("done, but not recorded");
}

void forget(std::vector<oci::Mount>& mounts, const std::string& destination) {
  const auto found = std::ranges::find_if(mounts.rbegin(), mounts.rend(), [&](const auto& mount) {
    return plan::container_path(mount.destination) == destination;
  });
  if (found != mounts.rend()) mounts.erase(std::next(found).base());
}

}  // namespace

Result<void> add_mounts(const std::string& root, const std::string& id,
                        std::vector<oci::Mount> mounts) {
  TRY(sys::close_on_exec_from(3));
  Subject subject = TRY(open_subject(root, id));
  const plan::Plan plan = TRY(plan_added(subject, mounts));
  TRY(change(subject, plan, init::MountChange::add));
  std::ranges::move(mounts, std::back_inserter(subject.state.spec.mounts));
  return record(subject);
}

Result<void> remove_mounts(const std::string& root, const std::string& id,
                           const std::vector<oci::Mount>& mounts) {
  TRY(sys::close_on_exec_from(3));
  Subject subject = TRY(open_subject(root, id));
  const plan::Plan plan = plan_removed(mounts);
  TRY(change(subject, plan, init::MountChange::remove));
  for (const plan::Mount& mount : plan.mounts) forget(subject.state.spec.mounts, mount.destination);
  return record(subject);
}

}  // namespace coracle::container
