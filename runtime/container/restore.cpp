// A container from image files.
#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <tuple>

#include "hooks/run.hpp"
#include "runtime/base/strings.hpp"
#include "runtime/container/cgroup_choice.hpp"
#include "runtime/container/checkpoint.hpp"
#include "runtime/container/creation.hpp"
#include "runtime/container/criu.hpp"
#include "runtime/container/criu_mounts.hpp"
#include "runtime/container/criu_request.hpp"
#include "runtime/container/criu_stdio.hpp"
#include "runtime/container/foreground.hpp"
#include "runtime/container/host_facts.hpp"
#include "runtime/container/lifecycle.hpp"
#include "runtime/container/log.hpp"
#include "runtime/container/mount_requests.hpp"
#include "runtime/container/net_devices.hpp"
#include "runtime/container/new_state.hpp"
#include "runtime/container/process_setup.hpp"
#include "runtime/container/status.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/namespaces.hpp"
#include "runtime/sys/proc_stat.hpp"
#include "runtime/sys/rtnetlink.hpp"

namespace coracle::container {
namespace {

constexpr const char* log_file = "restore.log";
// The first CRIU that restores another label than the one that was dumped.
constexpr int labels_since = 31600;

// CRIU makes a time namespace of its own accord.
bool in_other_time_namespace(pid_t pid) {
  struct stat own = {};
  struct stat its = {};
  const std::string path = "/proc/" + std::to_string(pid) + "/ns/time";
  return ::stat("/proc/self/ns/time", &own) == 0 && ::stat(path.c_str(), &its) == 0 &&
         own.st_ino != its.st_ino;
}

// CRIU leaves a new network namespace empty, and lo down.
Result<void> bring_loopback_up(pid_t pid) {
  const sys::Fd network =
      TRY(sys::open_namespace("/proc/" + std::to_string(pid) + "/ns/net", CLONE_NEWNET));
  sys::Entered entered;
  TRY(entered.enter(network, CLONE_NEWNET));
  sys::Rtnetlink rtnetlink = TRY(sys::Rtnetlink::open());
  const auto loopback = TRY(rtnetlink.find_link("lo"));
  if (!loopback) return fail("no network device \"lo\"");
  return rtnetlink.set_link_up(loopback->index);
}

// In the root of a hierarchy CRIU would take all cgroups of the host for the
// container's.  Without it what is restored stays where CRIU is.
void keep_to_own_cgroups(criu::Options& request) {
  if (request.manage_cgroups != criu::CgroupMode::default_) return;
  const auto root = std::ranges::find(request.cgroup_roots, "/", &criu::CgroupRoot::path);
  if (root == request.cgroup_roots.end()) return;
  request.manage_cgroups = criu::CgroupMode::ignore;
  log::warn("sub-cgroups are not restored: the container is in the root of hierarchy " +
            in_quotes(root->controllers));
}

class Restoration {
 public:
  Restoration(const RestoreOptions& options, ContainerState state, StateDir dir)
      : options_(options), state_(std::move(state)), dir_(std::move(dir)) {}

  Result<void> run() {
    TRY(plan());
    TRY(make_cgroup());
    TRY(criu::make_mount_points(plan_));
    return run_criu();
  }

  // In reverse: the processes first, because the cgroup must be empty to go.
  void undo() {
    init_ = sys::Child();
    if (cgroup_) {
      std::ignore = cgroup_->kill_all();
      while (::waitpid(-1, nullptr, WNOHANG) > 0) continue;  // what CRIU had made
      std::ignore = cgroup_->remove();                       // what stays, `delete --force` clears
      if (unit_) unit_->stop();
    }
    std::ignore = dir_.remove();
    if (pid_file_written_) ::unlink(options_.create.pid_file.c_str());
  }

  void run_poststop_hooks() const {
    if (!hooks_ran_) return;
    const oci::State state = oci_state(state_, oci::Status::stopped);
    for (const Error& error : hooks::run_all("poststop", state_.spec.hooks.poststop, state))
      log::warn(error.text());
  }

  Made take() && {
    dir_.keep();
    return Made{.dir = std::move(dir_),
                .state = std::move(state_),
                .init = std::move(init_),
                .terminal = std::move(terminal_),
                .cgroup = std::move(cgroup_)};
  }

 private:
  Result<void> plan();
  Result<void> make_cgroup();
  Result<void> limit() const;
  Result<void> enter_cgroup(pid_t pid);
  Result<void> run_criu();
  Result<criu::Session> start_criu(criu::NamespacesToJoin& joins);
  Result<criu::Options> request(const sys::Fd& images, const criu::NamespacesToJoin& joins) const;
  Result<void> answer(const criu::Notification& notification, std::vector<sys::Fd> fds);
  Result<void> prepare_namespaces(pid_t pid);
  Result<void> take_console(std::vector<sys::Fd> fds);
  Result<void> record_init(pid_t pid);
  Result<void> take_init(pid_t pid);

  const RestoreOptions& options_;
  ContainerState state_;
  StateDir dir_;
  plan::Plan plan_;
  cgroup::Host cgroup_host_;
  std::optional<ContainerUnit> unit_;
  std::optional<cgroup::Cgroup> cgroup_;
  sys::Child init_;
  sys::Fd terminal_;
  bool hooks_ran_ = false;
  bool pid_file_written_ = false;
};

Result<void> Restoration::plan() {
  const oci::Spec& spec = state_.spec;
  const CreateOptions& create = options_.create;
  CgroupChoice choice = TRY(choose_cgroups(spec, create));
  cgroup_host_ = std::move(choice.host);
  unit_ = std::move(choice.unit);
  const plan::HostFacts facts = TRY(read_host_facts(spec, cgroup_host_));
  plan_ = TRY(plan::make_plan(
      spec, facts, {.bundle = state_.bundle, .id = create.id, .no_pivot = create.no_pivot}));
  plan_.mounts = TRY(without_copied_links(std::move(plan_.mounts)));
  for (std::string& warning : plan_.warnings) log::warn(std::move(warning));
  state_.rootfs = plan_.rootfs.path;
  state_.cgroup_paths = std::move(choice.paths);
  if (unit_) state_.systemd_unit = unit_->name();
  return {};
}

Result<void> Restoration::make_cgroup() {
  // Recorded before it is made: a SIGKILL in between leaves nothing unknown.
  TRY(dir_.save_config(state_.spec));
  TRY(dir_.save(state_));
  cgroup::Cgroup cgroup(cgroup_host_, state_.cgroup_paths, {.rootless = options_.create.rootless});
  // systemd makes its own around CRIU, and what it restores is born there.
  TRY((unit_ ? cgroup.check_vacant() : cgroup.create()).context("cgroup"));
  cgroup_ = std::move(cgroup);
  state_.cgroup_paths = cgroup_->paths();
  plan_.cgroup_hierarchies = cgroup_views(cgroup_host_, state_.cgroup_paths);
  return unit_ ? Result<void>() : limit();
}

Result<void> Restoration::limit() const {
  TRY(limit_cgroup(*cgroup_, options_.create, state_, plan_));
  return limit_devices(*cgroup_, options_.create, state_);
}

Result<void> Restoration::enter_cgroup(pid_t pid) {
  if (!unit_) return cgroup_->attach(pid, false).context("cgroup");
  TRY(unit_->start(pid, *cgroup_).context("cgroup"));
  state_.cgroup_paths = cgroup_->paths();
  return limit();
}

Result<criu::Session> Restoration::start_criu(criu::NamespacesToJoin& joins) {
  criu::Setup setup = {.images = options_.images.directory,
                       .work = criu::log_directory(options_.images),
                       .own_stdio = true,
                       .own_mounts = criu::has_own_mounts(state_.spec.linux_),
                       .root = {},
                       .staged = {},
                       .fds = std::move(joins.fds)};
  if (setup.own_mounts) {
    setup.root = plan_.rootfs.path;
    setup.staged = TRY(criu::mapped_binds(plan_));
    if (plan_.id_maps.writer != plan::IdMapWriter::none) criu::add_mapped_images(setup, plan_);
  }
  criu::Session session = TRY(criu::Session::start(setup));
  const bool labels =
      !options_.criu.lsm_profile.empty() || !options_.criu.lsm_mount_context.empty();
  if (labels && session.version() < labels_since)
    return fail("--lsm-profile and --lsm-mount-context need CRIU 3.16");
  // What it restores is born in its cgroups.
  TRY(enter_cgroup(session.pid()));
  return session;
}

Result<criu::Options> Restoration::request(const sys::Fd& images,
                                           const criu::NamespacesToJoin& joins) const {
  criu::Options request = criu::with_files(options_.criu, log_file, state_.spec.annotations);
  request.root = plan_.rootfs.path;
  request.evasive_devices = true;
  request.restore_as_sibling = true;
  request.external_mounts = TRY(criu::mounts_to_restore(plan_).context("mounts"));
  request.inherited_fds = TRY(criu::read_descriptors(images, options_.images.directory));
  // A file of the host may have another mode than the one it stands in for.
  request.skip_mode_check = std::ranges::any_of(
      request.inherited_fds,
      [](const criu::InheritedFd& inherited) { return inherited.key.starts_with("file["); });
  request.joined_namespaces = joins.by_path;
  for (std::size_t i = 0; i < joins.keys.size(); ++i)
    request.inherited_fds.push_back(
        {.key = joins.keys[i], .fd = criu::first_passed_fd + static_cast<int>(i)});
  return request;
}

Result<void> Restoration::run_criu() {
  const std::string& work = criu::log_directory(options_.images);
  const sys::Fd images = TRY(sys::open_file(options_.images.directory, O_RDONLY | O_DIRECTORY));
  TRY(sys::make_directories(work, 0700));
  criu::NamespacesToJoin joins = TRY(criu::namespaces_to_join(state_.spec.linux_));
  criu::Options wanted = TRY(request(images, joins));
  give_pipes(plan_);  // CRIU opens them anew as the container's user
  criu::Session session = TRY(start_criu(joins));
  wanted.cgroup_roots = TRY(criu::cgroup_roots_of(session.pid()));
  keep_to_own_cgroups(wanted);
  auto done =
      session.perform(criu::RequestType::restore, std::move(wanted),
                      [&](const criu::Notification& notification, std::vector<sys::Fd> fds) {
                        return answer(notification, std::move(fds));
                      });
  if (!done) return done;
  if (init_.pid() == 0) return fail("criu restored no process");
  return {};
}

Result<void> Restoration::answer(const criu::Notification& notification, std::vector<sys::Fd> fds) {
  if (notification.step == "setup-namespaces") return prepare_namespaces(notification.pid);
  if (notification.step == "orphan-pts-master") return take_console(std::move(fds));
  if (notification.step == "post-restore") return take_init(notification.pid);
  return {};
}

// As during `create`: namespaces are there, processes do not run yet.
Result<void> Restoration::prepare_namespaces(pid_t pid) {
  TRY(record_init(pid));
  if (plan_.loopback_up) {
    TRY(bring_loopback_up(pid));
    TRY(move_net_devices(state_.spec.linux_.net_devices, pid));
  }
  hooks_ran_ = true;
  const oci::State state = oci_state(state_, oci::Status::creating);
  TRY(hooks::run("prestart", state_.spec.hooks.prestart, state));
  return hooks::run("createRuntime", state_.spec.hooks.create_runtime, state);
}

Result<void> Restoration::take_console(std::vector<sys::Fd> fds) {
  if (fds.empty()) return fail("criu sent no descriptor");
  if (options_.detach && options_.create.console_socket.empty())
    return fail("the container has a terminal: give a --console-socket");
  if (options_.detach)
    return send_fd(options_.create.console_socket, "/dev/ptmx", fds.front())
        .context("console socket");
  terminal_ = std::move(fds.front());
  prepare_terminal(terminal_);
  return {};
}

// So that what a killed `restore` leaves can be cleared.
Result<void> Restoration::record_init(pid_t pid) {
  state_.pid = pid;
  state_.start_time = TRY(sys::process_facts(pid)).start_time;
  return dir_.save(state_);
}

// Restored, and about to run.
Result<void> Restoration::take_init(pid_t pid) {
  init_ = sys::Child(pid, TRY(sys::pidfd_open(pid)));
  state_.restored = true;
  auto& namespaces = state_.spec.linux_.namespaces;
  const bool known = std::ranges::find(namespaces, oci::NamespaceType::time,
                                       &oci::Namespace::type) != namespaces.end();
  // So that `exec` joins it.
  if (!known && in_other_time_namespace(pid))
    namespaces.push_back({.type = oci::NamespaceType::time, .path = {}});
  TRY(dir_.save_config(state_.spec));
  TRY(record_init(pid));
  TRY(write_pid_file(options_.create.pid_file, pid));
  pid_file_written_ = true;
  return {};
}

Result<Made> restore_container(const RestoreOptions& options) {
  const CreateOptions& create = options.create;
  TRY(check_id(create.id));
  TRY(sys::close_on_exec_from(3));
  Bundle bundle = TRY(load_bundle(create.bundle, create.config));
  const auto& process = bundle.spec.process;
  TRY(check_terminal(process && process->terminal,
                     options.detach ? TerminalUse::console_socket : TerminalUse::caller,
                     create.console_socket));
  StateDir dir = TRY(StateDir::claim(create.root, create.id));
  Restoration restoration(options, new_state(create, std::move(bundle)), std::move(dir));
  auto done = restoration.run();
  if (!done) {
    restoration.undo();
    restoration.run_poststop_hooks();
    return std::unexpected(std::move(done).error());
  }
  return std::move(restoration).take();
}

}  // namespace

Result<int> restore(const RestoreOptions& options) {
  if (options.detach) {
    Made made = TRY(restore_container(options));
    made.init.detach();
    return 0;
  }
  if (!options.no_subreaper && ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0)
    return fail_errno("become subreaper");
  const ForwardedSignals signals = TRY(ForwardedSignals::block());
  Made made = TRY(restore_container(options));
  made.dir.unlock();
  Ended ended =
      TRY(follow({.init = std::move(made.init), .terminal = std::move(made.terminal)}, signals));
  for (std::string& warning : TRY(remove_held(made.dir, made.state, *made.cgroup)))
    log::warn(std::move(warning));
  write_rest(std::move(ended.unwritten), signals);
  return ended.exit.code();
}

}  // namespace coracle::container
