#include "runtime/container/exec.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <optional>

#include "runtime/base/strings.hpp"
#include "runtime/container/creation.hpp"
#include "runtime/container/exec_cgroup.hpp"
#include "runtime/container/exec_spawn.hpp"
#include "runtime/container/foreground.hpp"
#include "runtime/container/host_facts.hpp"
#include "runtime/container/id_map_reader.hpp"
#include "runtime/container/log.hpp"
#include "runtime/container/own_binary.hpp"
#include "runtime/container/process_setup.hpp"
#include "runtime/container/processes.hpp"
#include "runtime/container/seccomp_listener.hpp"
#include "runtime/container/start_gate.hpp"
#include "runtime/container/status.hpp"
#include "runtime/container/unit.hpp"
#include "runtime/plan/number_list.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/proc_stat.hpp"
#include "runtime/sys/sockets.hpp"
#include "runtime/sys/timings.hpp"

namespace coracle::container {
namespace {

// The status of the container, for hooks and for the seccomp agent.
Result<oci::Status> check_running(const ContainerState& state, const std::optional<Init>& init,
                                  const cgroup::Host& host, bool ignore_paused) {
  if (!init) return fail("cannot exec in a stopped container");
  const oci::Status status = status_of(state, init->facts, host);
  if (status == oci::Status::paused && !ignore_paused)
    return fail("cannot exec in a paused container (use --ignore-paused to override)");
  return status;
}

// One exec: the host's side.
class Execution {
 public:
  Execution(const ExecOptions& options, ContainerState state, Preserved preserved,
            sys::Fd own_binary)
      : options_(options),
        state_(std::move(state)),
        preserved_(std::move(preserved)),
        own_binary_(std::move(own_binary)) {}

  Result<int> run() {
    cgroup_host_ = TRY(cgroup_host_of(state_));
    auto init = TRY(open_init(state_));
    status_ = TRY(check_running(state_, init, cgroup_host_, options_.ignore_paused));
    init_ = std::move(init->pidfd);
    TRY(plan());
    std::optional<ForwardedSignals> signals;
    if (!options_.detach) signals.emplace(TRY(ForwardedSignals::block()));
    TRY(spawn());
    TRY(serve());
    TRY(finish());
    if (options_.detach) {
      child_.detach();
      return 0;
    }
    Ended ended =
        TRY(follow({.init = std::move(child_), .terminal = std::move(terminal_)}, *signals));
    write_rest(std::move(ended.unwritten), *signals);
    return ended.exit.code();
  }

 private:
  Result<void> plan();
  // The terminal has its size, and the agent its listener, before the program runs.
  bool waits_for_host() const { return plan_.process->terminal || filter_.notifies; }
  Result<cgroup::Cgroup> choose_cgroup() const;
  Result<init::Joining> joining() const;
  Result<void> spawn();
  Result<void> attach(const cgroup::Cgroup& cgroup, bool born_in_cgroup) const;
  Result<void> prepare(const cgroup::Cgroup& cgroup, bool born_in_cgroup);
  Result<void> serve();
  Result<void> take_console(sync::Console message);
  Result<void> take_listener(sync::SeccompListener message);
  Result<void> finish();

  const ExecOptions& options_;
  ContainerState state_;
  Preserved preserved_;
  sys::Fd own_binary_;  // of run_from_protected_binary()
  oci::Status status_ = oci::Status::running;
  sys::PidFd init_;  // of the container
  cgroup::Host cgroup_host_;
  plan::HostFacts facts_;
  plan::Plan plan_;
  seccomp::Filter filter_;
  sys::Fd agent_;
  std::optional<sync::HostEnd> channel_;
  sys::Fd result_;  // end of file: it executes
  sys::Child child_;
  sys::Fd terminal_;
};

Result<void> Execution::plan() {
  const sys::timings::Phase phase("plan");
  oci::Spec& spec = state_.spec;
  spec.process = TRY(exec_process(spec.process.value_or(oci::Process{}), options_.request));
  facts_ = TRY(read_host_facts(spec, cgroup_host_));
  // The whole container is planned again: where a process ends up depends on
  // its namespaces, its ids on its mappings.
  plan_ = TRY(plan::make_plan(spec, facts_, {.bundle = state_.bundle, .id = state_.id}));
  for (std::string& warning : plan_.warnings) log::warn(std::move(warning));
  TRY(check_joined_maps(state_.pid, plan_));
  TRY(check_terminal(plan_.process->terminal,
                     options_.detach ? TerminalUse::console_socket : TerminalUse::caller,
                     options_.console_socket));
  if (!spec.linux_.seccomp) return {};
  filter_ = TRY(compile_filter(*spec.linux_.seccomp, plan_.annotations, options_.root));
  if (filter_.notifies)
    agent_ = TRY(sys::connect_unix(spec.linux_.seccomp->listener_path).context("seccomp agent"));
  return {};
}

Result<cgroup::Cgroup> Execution::choose_cgroup() const {
  if (!options_.cgroups.empty() && !has_cgroups(state_))
    return fail("--cgroup: the container has no cgroups of its own");
  cgroup::Paths paths = TRY(sub_cgroups(cgroup_host_, state_.cgroup_paths, options_.cgroups));
  return cgroup::Cgroup(cgroup_host_, std::move(paths), {.rootless = state_.rootless});
}

Result<init::Joining> Execution::joining() const {
  init::Joining joining;
  const auto& affinity = state_.spec.process->exec_cpu_affinity;
  if (!affinity) return joining;
  joining.initial_affinity = TRY(plan::parse_number_list(affinity->initial, "CPU")
                                     .context("/process/execCPUAffinity/initial"));
  joining.final_affinity = TRY(
      plan::parse_number_list(affinity->final, "CPU").context("/process/execCPUAffinity/final"));
  return joining;
}

Result<void> Execution::spawn() {
  const sys::timings::Phase phase("clone");
  Destination destination =
      TRY(find_destination(state_.spec.linux_.namespaces, state_.pid, std::move(init_)));
  const cgroup::Cgroup cgroup = TRY(choose_cgroup());
  sync::Channel channel = TRY(sync::make_channel());
  init::Joining how = TRY(joining());
  const bool join_later = !how.initial_affinity.empty();
  sys::Pipe gate = TRY(sys::make_pipe());
  init::Input input = {
      .plan = plan_,
      .hooks = state_.spec.hooks,
      .state = oci_state(state_, status_),
      .channel = std::move(channel.init),
      .gate = {.wait = {}, .result = std::move(gate.write)},
      .seccomp = {.program = filter_.program,
                  .flags = filter_.flags,
                  .notifies = filter_.notifies,
                  .host_takes_listener = !filter_.notifies || sys::pidfd_getfd_works()},
      .preserve_fds = preserved_.count,
      .extra_env = preserved_.env,
      .awaits_saved = waits_for_host()};
  // Processes inside see the newcomer at once: from its first instruction on
  // nothing of it may be opened.  CVE-2016-9962
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return fail_errno("set not dumpable");
  const auto target = cgroup.clone_target();
  const bool born_there = target && *target && !join_later;
  const sys::Fd* directory = born_there ? &*target : nullptr;
  // The user's manager is found by the environment, should the process be moved by it.
  const JoinerMemory memory = has_unit(state_) ? JoinerMemory::copied : JoinerMemory::shared;
  sys::Cloned cloned =
      TRY(spawn_exec(std::move(destination), directory, memory, std::move(input), std::move(how)));
  child_ = std::move(cloned.child);
  channel_.emplace(std::move(channel.host));
  result_ = std::move(gate.read);
  auto prepared = prepare(cgroup, cloned.born_in_cgroup);
  if (!prepared) return std::unexpected(channel_->cause(std::move(prepared).error()));
  return {};
}

// A v2 cgroup that hands its controllers on takes no processes, and one that
// init has left may be gone: then it is init's, as under runc.
Result<void> Execution::attach(const cgroup::Cgroup& cgroup, bool born_in_cgroup) const {
  auto attached = cgroup.attach(child_.pid(), born_in_cgroup);
  const bool denied =
      !attached && (attached.error().code == EACCES || attached.error().code == EPERM);
  // A user may move no process from one part of the tree to another.
  if (denied && has_unit(state_)) {
    const std::string sub_cgroup = cgroup.paths().v2.substr(state_.cgroup_paths.v2.size());
    return attach_to_unit(state_, sub_cgroup, child_.pid());
  }
  if (attached || !options_.cgroups.empty()) return attached;
  const std::string file = "/proc/" + std::to_string(state_.pid) + "/cgroup";
  cgroup::Paths paths = with_inits_v2(cgroup_host_, state_.cgroup_paths, TRY(sys::read_file(file)));
  const cgroup::Cgroup inits(cgroup_host_, std::move(paths), {.rootless = state_.rootless});
  if (inits.attach(child_.pid(), false)) return {};
  return attached;
}

Result<void> Execution::prepare(const cgroup::Cgroup& cgroup, bool born_in_cgroup) {
  const sys::timings::Phase phase("prepare process");
  const plan::Process& process = *plan_.process;
  TRY(attach(cgroup, born_in_cgroup).context("cgroup"));
  const bool tolerant = options_.rootless || !facts_.privileged || facts_.in_user_namespace;
  TRY(raise_hard_limits(child_.pid(), process));
  if (process.oom_score_adj) TRY(set_oom_score_adj(child_.pid(), *process.oom_score_adj, tolerant));
  give_pipes(plan_);
  return channel_->send(sync::Prepared{});
}

Result<void> Execution::take_console(sync::Console message) {
  if (options_.detach)
    return send_fd(options_.console_socket, "/dev/ptmx", message.terminal)
        .context("console socket");
  terminal_ = std::move(message.terminal);
  prepare_terminal(terminal_);
  return {};
}

Result<void> Execution::take_listener(sync::SeccompListener message) {
  if (!message.fd) message.fd = TRY(sys::pidfd_getfd(child_.pidfd(), message.number));
  return send_seccomp_listener(agent_, *state_.spec.linux_.seccomp, oci_state(state_, status_),
                               {.pid = child_.pid(), .listener = message.fd});
}

Result<void> Execution::serve() {
  const sys::timings::Phase phase("serve process");
  own_binary_.reset();  // the process has closed its copy, and is busy
  while (true) {
    sync::InitMessage message = TRY(channel_->receive());
    for (std::string& warning : channel_->take_warnings()) log::warn(std::move(warning));
    if (std::holds_alternative<sync::Ready>(message)) return {};
    if (auto* console = std::get_if<sync::Console>(&message))
      TRY(take_console(std::move(*console)));
    if (auto* listener = std::get_if<sync::SeccompListener>(&message))
      TRY(take_listener(std::move(*listener)));
  }
}

Result<void> Execution::finish() {
  const sys::timings::Phase phase("await execve");
  if (waits_for_host()) TRY(channel_->send(sync::Saved{}));
  const std::string text = TRY(sys::read_all(result_).context("result of execve"));
  if (!text.empty()) return std::unexpected(error_from_gate(text));
  // The end of file may be that of the process.  Not reaped yet, it is still in /proc.
  const auto facts = sys::process_facts(child_.pid());
  if (facts && facts->has_not_executed())
    return fail("the process ended before it executed the program");
  if (!options_.pidfd_socket.empty())
    TRY(send_fd(options_.pidfd_socket, "pidfd", child_.pidfd()).context("pidfd socket"));
  // Last: an engine takes it for the sign that the process runs.
  return write_pid_file(options_.pid_file, child_.pid());
}

// The directory is closed again.
Result<ContainerState> load_state(const ExecOptions& options) {
  const StateDir dir = TRY(StateDir::peek(options.root, options.id));
  return dir.load();
}

}  // namespace

Result<int> exec(const ExecOptions& options) {
  sys::Fd own_binary = TRY(run_from_protected_binary());
  Preserved preserved = TRY(preserved_descriptors(options.preserve_fds));
  TRY(sys::close_on_exec_from(static_cast<unsigned>(3 + preserved.count)));
  ContainerState state = TRY(load_state(options));
  return Execution(options, std::move(state), std::move(preserved), std::move(own_binary)).run();
}

}  // namespace coracle::container
