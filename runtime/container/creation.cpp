#include "runtime/container/creation.hpp"

#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <optional>
#include <tuple>

#include "hooks/run.hpp"
#include "runtime/base/strings.hpp"
#include "runtime/container/cgroup_choice.hpp"
#include "runtime/container/host_facts.hpp"
#include "runtime/container/id_map_reader.hpp"
#include "runtime/container/id_map_writer.hpp"
#include "runtime/container/intel_rdt.hpp"
#include "runtime/container/log.hpp"
#include "runtime/container/mount_requests.hpp"
#include "runtime/container/net_devices.hpp"
#include "runtime/container/new_state.hpp"
#include "runtime/container/process_setup.hpp"
#include "runtime/container/processes.hpp"
#include "runtime/container/readiness.hpp"
#include "runtime/container/seccomp_listener.hpp"
#include "runtime/container/spawn_init.hpp"
#include "runtime/container/start_gate.hpp"
#include "runtime/container/status.hpp"
#include "runtime/plan/propagation.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/mounts.hpp"
#include "runtime/sys/proc_stat.hpp"
#include "runtime/sys/sockets.hpp"
#include "runtime/sys/timings.hpp"

namespace coracle::container {
namespace {

class Creation {
 public:
  Creation(const CreateOptions& options, Making how, ContainerState state, Preserved preserved,
           StateDir dir)
      : options_(options),
        how_(std::move(how)),
        state_(std::move(state)),
        preserved_(std::move(preserved)),
        dir_(std::move(dir)) {}

  Result<void> run() {
    TRY(offer_readiness());
    TRY(plan());
    TRY(make_groups());
    TRY(spawn());
    auto served = prepare_init();
    if (!served) served = std::unexpected(channel_->cause(std::move(served).error()));
    if (served) served = serve_init();
    if (!served && was_oom_killed(state_.cgroup_paths))
      return fail("container init was OOM-killed (memory limit too low?)");
    TRY(std::move(served));
    return finish();
  }

  // After undo(): what runtime.md#lifecycle step 13 asks of a failed creation.
  void run_poststop_hooks() const {
    if (!hooks_ran_) return;
    const oci::State state = oci_state(state_, oci::Status::stopped);
    for (const Error& error : hooks::run_all("poststop", state_.spec.hooks.poststop, state))
      log::warn(error.text());
  }

  // In reverse: init first, because the cgroup must be empty to go.
  void undo() {
    init_ = sys::Child();
    // Of the hooks that init ran, without a PID namespace that has ended with it.
    if (cgroup_ && !init_takes_all(state_)) std::ignore = cgroup_->kill_all();
    if (rdt_made_) std::ignore = remove_rdt_group(rdt_->owned);
    if (cgroup_) std::ignore = cgroup_->remove();  // what stays, `delete --force` clears
    if (unit_) unit_->stop();
    std::ignore = dir_.remove();
    if (pid_file_written_) ::unlink(options_.pid_file.c_str());
  }

  Made take() && {
    dir_.keep();
    if (!has_work_at_ready()) channel_.reset();
    return Made{.dir = std::move(dir_),
                .state = std::move(state_),
                .init = std::move(init_),
                .terminal = std::move(terminal_),
                .cgroup = std::move(cgroup_),
                .channel = std::move(channel_),
                .executed = std::move(executed_)};
  }

 private:
  Result<void> offer_readiness();
  Result<void> plan();
  Result<void> plan_rdt_group();
  Result<void> make_groups();
  std::string v2_stand_in() const;
  Result<void> spawn();
  Result<void> give_id_maps();
  Result<void> prepare_init();
  Result<sys::MountFd> make_mount(const plan::Mount& mount) const;
  Result<void> serve_init();
  Result<hooks::Output> output_of_inits_hooks() const;
  Result<init::Gate> make_gate();
  bool has_work_at_rootfs_ready() const;
  bool has_work_at_ready() const;
  Result<void> enter_delegated_cgroup() const;
  Result<void> run_runtime_hooks();
  Result<void> take_console(sync::Console message);
  Result<void> take_listener(sync::SeccompListener message);
  Result<void> finish();

  const CreateOptions& options_;
  Making how_;
  ContainerState state_;
  Preserved preserved_;
  StateDir dir_;
  cgroup::Host cgroup_host_;
  std::optional<ContainerUnit> unit_;
  std::optional<cgroup::Cgroup> cgroup_;
  plan::Plan plan_;
  plan::HostFacts facts_;
  std::optional<RdtGroup> rdt_;
  bool rdt_made_ = false;
  seccomp::Filter filter_;
  sys::Fd agent_;  // connected before the clone: its absence is no surprise later
  std::optional<sync::HostEnd> channel_;
  sys::Fd executed_;
  sys::Child init_;
  bool born_in_cgroup_ = false;
  sys::Fd terminal_;
  bool hooks_ran_ = false;
  bool pid_file_written_ = false;
};

Result<void> Creation::offer_readiness() {
  if (notify_socket_of_caller().empty() || !state_.spec.process) return {};
  auto offered = offer_notify_socket(state_.spec, dir_).context("NOTIFY_SOCKET");
  if (offered) {
    preserved_.env.push_back(*std::move(offered));
    return {};
  }
  if (offered.error().code != ENOTSUP) return std::unexpected(std::move(offered).error());
  log::warn(offered.error().what);
  return {};
}

Result<void> Creation::plan() {
  const sys::timings::Phase phase("plan");
  oci::Spec& spec = state_.spec;
  CgroupChoice choice = TRY(choose_cgroups(spec, options_));
  cgroup_host_ = std::move(choice.host);
  unit_ = std::move(choice.unit);
  facts_ = TRY(read_host_facts(spec, cgroup_host_));
  plan_ = TRY(plan::make_plan(spec, facts_,
                              {.bundle = state_.bundle,
                               .id = options_.id,
                               .no_pivot = options_.no_pivot,
                               .no_new_keyring = options_.no_new_keyring}));
  TRY(check_delegation(plan_.annotations, choice));
  plan_.mounts = TRY(with_links_read(std::move(plan_.mounts)));
  for (std::string& warning : plan_.warnings) log::warn(std::move(warning));
  if (spec.linux_.seccomp) {
    std::string& listener = spec.linux_.seccomp->listener_path;
    if (listener.empty()) listener = plan_.annotations.seccomp_receiver;
    filter_ = TRY(compile_filter(*spec.linux_.seccomp, plan_.annotations, options_.root));
    for (std::string& warning : filter_.warnings) log::warn(std::move(warning));
    if (filter_.notifies)
      agent_ = TRY(sys::connect_unix(spec.linux_.seccomp->listener_path).context("seccomp agent"));
  }
  state_.rootfs = plan_.rootfs.path;
  state_.cgroup_paths = std::move(choice.paths);
  if (unit_) state_.systemd_unit = unit_->name();
  return plan_rdt_group();
}

Result<void> Creation::plan_rdt_group() {
  const auto& config = state_.spec.linux_.intel_rdt;
  if (!config) return {};
  const std::string mounts = TRY(sys::read_file("/proc/self/mountinfo"));
  const std::string root = TRY(find_resctrl(mounts));
  rdt_ = TRY(choose_rdt_group(*config, options_.id, root));
  state_.rdt_group = rdt_->owned;
  return {};
}

Result<void> Creation::make_groups() {
  const sys::timings::Phase phase("make cgroup");
  // Recorded before it is made: a SIGKILL in between leaves nothing unknown.
  TRY(dir_.save(state_));
  if (rdt_) {
    TRY(make_rdt_group(*rdt_, *state_.spec.linux_.intel_rdt));
    rdt_made_ = true;
  }
  cgroup::Cgroup cgroup(cgroup_host_, state_.cgroup_paths, {.rootless = options_.rootless});
  // systemd makes its own around init.
  TRY((unit_ ? cgroup.check_vacant() : cgroup.create()).context("cgroup"));
  cgroup_ = std::move(cgroup);
  state_.cgroup_paths = cgroup_->paths();
  plan_.cgroup_hierarchies = cgroup_views(cgroup_host_, state_.cgroup_paths);
  plan_.cgroup_v2_stand_in = v2_stand_in();
  return unit_ ? Result<void>() : limit_cgroup(*cgroup_, options_, state_, plan_);
}

// In the host's cgroup namespace all that /proc/PID/cgroup names, as under runc.
std::string Creation::v2_stand_in() const {
  const bool shares = plan::namespace_use(state_.spec.linux_, oci::NamespaceType::cgroup) ==
                      plan::NamespaceUse::inherited;
  if (shares) return cgroup_host_.v2_mount_point;
  if (state_.cgroup_paths.v2.empty()) return cgroup_host_.v2_mount_point + cgroup_host_.v2_own;
  return state_.cgroup_paths.v2;
}

Result<hooks::Output> Creation::output_of_inits_hooks() const {
  const oci::Hooks& hooks = state_.spec.hooks;
  if (hooks.create_container.empty() && hooks.start_container.empty()) return hooks::Output{};
  return hooks::open_output(oci_state(state_, oci::Status::creating));
}

// A half-made container's poststop hooks run once its first hooks had their turn.
bool Creation::has_work_at_rootfs_ready() const {
  const oci::Hooks& hooks = state_.spec.hooks;
  return !hooks.prestart.empty() || !hooks.create_runtime.empty() ||
         !hooks.create_container.empty() || !hooks.poststop.empty() ||
         !plan_.annotations.delegate_cgroup.empty();
}

// Between Ready and the program; `create` has init wait until it is known to be made.
bool Creation::has_work_at_ready() const {
  const bool has_terminal = plan_.process && plan_.process->terminal;
  const bool tells_others = !options_.pid_file.empty() || !options_.pidfd_socket.empty() ||
                            !plan_.annotations.pidfd_receiver.empty() ||
                            !notify_socket_of_caller().empty();
  return how_.starter == Starter::start_command || has_terminal || filter_.notifies || tells_others;
}

Result<init::Gate> Creation::make_gate() {
  if (how_.starter == Starter::start_command) return make_start_gate(dir_);
  PipeGate gate = TRY(make_pipe_gate());
  executed_ = std::move(gate.result);
  return std::move(gate.init);
}

Result<void> Creation::spawn() {
  const sys::timings::Phase phase("clone");
  sync::Channel channel = TRY(sync::make_channel());
  init::Input input = {
      .plan = plan_,
      .hooks = state_.spec.hooks,
      .state = oci_state(state_, oci::Status::creating),
      .channel = std::move(channel.init),
      .gate = TRY(make_gate()),
      .seccomp = {.program = filter_.program,
                  .flags = filter_.flags,
                  .notifies = filter_.notifies,
                  .host_takes_listener = !filter_.notifies || sys::pidfd_getfd_works()},
      .preserve_fds = preserved_.count,
      .extra_env = preserved_.env,
      .hooks_output = TRY(output_of_inits_hooks()),
      // Nobody is in a new PID namespace but whom we put there.
      .becomes_dumpable = !facts_.privileged && (plan_.namespaces.clone_flags & CLONE_NEWPID) != 0,
      .make_time_namespace = init_makes_time_namespace(plan_, facts_),
      .awaits_cgroup = !state_.cgroup_paths.v1.empty(),
      .host_awaits_rootfs = has_work_at_rootfs_ready(),
      .awaits_saved = has_work_at_ready()};
  // An unprivileged host could not write the maps of a process that is not
  // dumpable; init becomes so once it has them.
  if (facts_.privileged && ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
    return fail_errno("set not dumpable");
  const auto target = unit_ ? sys::Fd() : cgroup_->clone_target();
  const sys::Fd* cgroup = target && *target ? &*target : nullptr;
  sys::Cloned cloned = TRY(spawn_init(plan_.namespaces, cgroup, std::move(input)));
  init_ = std::move(cloned.child);
  born_in_cgroup_ = cloned.born_in_cgroup;
  channel_.emplace(std::move(channel.host));
  state_.pid = init_.pid();
  state_.start_time = TRY(sys::process_facts(init_.pid())).start_time;
  return {};
}

Result<void> Creation::give_id_maps() {
  if (plan_.id_maps.writer == plan::IdMapWriter::none) return {};
  TRY(write_id_maps(init_.pid(), plan_.id_maps));
  return channel_->send(sync::IdMapsWritten{});
}

Result<void> Creation::prepare_init() {
  const sys::timings::Phase phase("prepare init");
  // Init can go on then.  But whoever is not the machine's root, capable or not, can move only a
  // process that has its own ids (cgroup v1, resctrl).
  const bool is_root = facts_.euid == 0 && facts_.privileged && !facts_.in_user_namespace;
  if (is_root) TRY(give_id_maps());
  // Init is known from here on: a killed `create` leaves what can be cleared.
  TRY(dir_.save_config(state_.spec));
  TRY(dir_.save(state_));
  if (unit_) {
    TRY(unit_->start(init_.pid(), *cgroup_).context("cgroup"));
    state_.cgroup_paths = cgroup_->paths();
    TRY(limit_cgroup(*cgroup_, options_, state_, plan_));
    TRY(dir_.save(state_));
  } else {
    TRY(cgroup_->attach(init_.pid(), born_in_cgroup_).context("cgroup"));
  }
  // Init makes its devices as the host may; only the program is under the rules.
  TRY(limit_devices(*cgroup_, options_, state_));
  if (rdt_) TRY(join_rdt_group(*rdt_, init_.pid()));
  TRY(check_joined_maps(init_.pid(), plan_));
  TRY(move_net_devices(state_.spec.linux_.net_devices, init_.pid()));
  const auto& process = plan_.process;
  const bool tolerant = options_.rootless || !facts_.privileged || facts_.in_user_namespace;
  if (process) TRY(raise_hard_limits(init_.pid(), *process));
  if (process && process->oom_score_adj)
    TRY(set_oom_score_adj(init_.pid(), *process->oom_score_adj, tolerant));
  give_pipes(plan_);
  if (!is_root) TRY(give_id_maps());
  TRY(channel_->send(sync::Prepared{}));
  how_.own_binary.reset();  // init has closed its copy, and is busy
  return {};
}

// By now init's cgroup namespace, if it has one, has the container's cgroup as
// its root.
Result<void> Creation::enter_delegated_cgroup() const {
  const std::string& below = plan_.annotations.delegate_cgroup;
  if (below.empty()) return {};
  const uid_t root = host_id(plan_.id_maps.uid_mappings, 0).value_or(::geteuid());
  return cgroup_->delegate_below(below, init_.pid(), root).context("run.oci.delegate-cgroup");
}

Result<void> Creation::run_runtime_hooks() {
  const sys::timings::Phase phase("hooks");
  hooks_ran_ = true;
  const oci::State state = oci_state(state_, oci::Status::creating);
  TRY(hooks::run("prestart", state_.spec.hooks.prestart, state));
  TRY(hooks::run("createRuntime", state_.spec.hooks.create_runtime, state));
  return channel_->send(sync::RuntimeHooksDone{});
}

Result<void> Creation::take_console(sync::Console message) {
  if (how_.terminal == TerminalUse::console_socket)
    return send_fd(options_.console_socket, "/dev/ptmx", message.terminal)
        .context("console socket");
  terminal_ = std::move(message.terminal);
  return {};
}

Result<void> Creation::take_listener(sync::SeccompListener message) {
  if (!message.fd) message.fd = TRY(sys::pidfd_getfd(init_.pidfd(), message.number));
  return send_seccomp_listener(agent_, *state_.spec.linux_.seccomp,
                               oci_state(state_, oci::Status::creating),
                               {.pid = init_.pid(), .listener = message.fd});
}

Result<sys::MountFd> Creation::make_mount(const plan::Mount& mount) const {
  const sys::timings::Phase phase("mount for init", mount.destination);
  sys::MountFd made = TRY(make_mount_for(init_.pid(), mount));
  // A peer of the host's mount would show the host what is mounted inside.
  TRY(sys::set_propagation(made, plan::inherited_propagation(plan_.rootfs)));
  return made;
}

Result<void> Creation::serve_init() {
  const sys::timings::Phase phase("serve init");
  while (true) {
    sync::InitMessage message = TRY(channel_->receive());
    for (std::string& warning : channel_->take_warnings()) log::warn(std::move(warning));
    if (const auto* please = std::get_if<sync::MountPlease>(&message)) {
      if (please->index >= plan_.mounts.size()) return fail("init asked for an unknown mount");
      sys::MountFd made = TRY(make_mount(plan_.mounts[please->index])
                                  .context("/mounts/" + std::to_string(please->index)));
      TRY(channel_->send(sync::MountReady{.mount = std::move(made)}));
    } else if (std::holds_alternative<sync::RootfsReady>(message)) {
      TRY(enter_delegated_cgroup());
      TRY(run_runtime_hooks());
    } else if (auto* console = std::get_if<sync::Console>(&message)) {
      TRY(take_console(std::move(*console)));
    } else if (auto* listener = std::get_if<sync::SeccompListener>(&message)) {
      TRY(take_listener(std::move(*listener)));
    } else {
      return {};  // Ready
    }
  }
}

Result<void> Creation::finish() {
  const sys::timings::Phase phase("finish");
  if (!options_.pidfd_socket.empty())
    TRY(send_fd(options_.pidfd_socket, "pidfd", init_.pidfd()).context("pidfd socket"));
  if (const std::string& receiver = plan_.annotations.pidfd_receiver; !receiver.empty())
    TRY(send_fd(receiver, "pidfd", init_.pidfd()).context("run.oci.pidfd_receiver"));
  TRY(write_pid_file(options_.pid_file, init_.pid()));
  pid_file_written_ = true;
  if (how_.starter == Starter::maker) return {};
  return channel_->send(sync::Saved{});
}

}  // namespace

Result<Made> make_container(const CreateOptions& options, Making how) {
  TRY(check_id(options.id));
  Preserved kept = TRY(preserved_descriptors(options.preserve_fds));
  TRY(sys::close_on_exec_from(static_cast<unsigned>(3 + kept.count)));
  Bundle bundle = TRY(load_bundle(options.bundle, options.config));
  const auto& process = bundle.spec.process;
  TRY(check_terminal(process && process->terminal, how.terminal, options.console_socket));
  StateDir dir = TRY(StateDir::claim(options.root, options.id));
  Creation creation(options, std::move(how), new_state(options, std::move(bundle)), std::move(kept),
                    std::move(dir));
  auto done = creation.run();
  if (!done) {
    creation.undo();
    creation.run_poststop_hooks();
    return std::unexpected(std::move(done).error());
  }
  return std::move(creation).take();
}

}  // namespace coracle::container
