#include "runtime/container/creation.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <tuple>

#include "hooks/run.hpp"
#include "runtime/base/strings.hpp"
#include "runtime/container/host_facts.hpp"
#include "runtime/container/id_map_writer.hpp"
#include "runtime/container/log.hpp"
#include "runtime/container/mount_requests.hpp"
#include "runtime/container/seccomp_listener.hpp"
#include "runtime/container/spawn_init.hpp"
#include "runtime/container/start_gate.hpp"
#include "runtime/container/status.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/proc_stat.hpp"
#include "runtime/sys/sockets.hpp"

namespace coracle::container {
namespace {

std::string now_rfc3339() {
  timespec now = {};
  ::clock_gettime(CLOCK_REALTIME, &now);
  tm utc = {};
  ::gmtime_r(&now.tv_sec, &utc);
  std::array<char, 64> text = {};
  const int size = std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%09ldZ",
                                 utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour,
                                 utc.tm_min, utc.tm_sec, now.tv_nsec);
  return std::string(text.data(), static_cast<std::size_t>(size));
}

Result<void> check_terminal(const CreateOptions& options, const oci::Spec& spec, TerminalUse use) {
  const bool terminal = spec.process && spec.process->terminal;
  const bool detached = use == TerminalUse::console_socket;
  if (terminal && detached && options.console_socket.empty())
    return fail("cannot allocate tty if runc will detach without setting console socket");
  if ((!terminal || !detached) && !options.console_socket.empty())
    return fail("cannot use console socket if runc will not detach or allocate tty");
  return {};
}

// What the container inherits beside stdio: descriptors [3, 3 + count).
struct Preserved {
  int count = 0;
  std::vector<std::string> env;
};

// Sockets that a service manager passed to us come first, then those of
// --preserve-fds.  sd_listen_fds(3)
Result<Preserved> preserved(const CreateOptions& options) {
  Preserved result = {.count = options.preserve_fds, .env = {}};
  const char* pid = std::getenv("LISTEN_PID");
  const char* fds = std::getenv("LISTEN_FDS");
  if (pid != nullptr && fds != nullptr && parse_number<pid_t>(pid) == ::getpid()) {
    result.count += parse_number<int>(fds).value_or(0);
    result.env = {std::string("LISTEN_FDS=") + fds, "LISTEN_PID=1"};
    if (const char* names = std::getenv("LISTEN_FDNAMES"))
      result.env.push_back(std::string("LISTEN_FDNAMES=") + names);
  }
  for (int fd = 3; fd < 3 + result.count; ++fd) {
    if (::fcntl(fd, F_GETFD) < 0)
      return fail_errno("--preserve-fds " + std::to_string(options.preserve_fds) + ": descriptor " +
                        std::to_string(fd) + " is not open");
  }
  return result;
}

std::uint32_t host_id_of_root(const std::vector<oci::IdMapping>& mappings) {
  for (const oci::IdMapping& mapping : mappings) {
    if (mapping.container_id == 0) return mapping.host_id;
  }
  return 0;
}

// The mapped root may write its cgroup only where it sees it and nothing else
// does.  Spec: config-linux.md#cgroup-ownership
bool owns_its_cgroup(const plan::Plan& plan) {
  if (plan.id_maps.writer == plan::IdMapWriter::none || !plan.namespaces.new_cgroup) return false;
  return std::ranges::any_of(plan.mounts, [](const plan::Mount& mount) {
    return mount.kind == plan::MountKind::cgroup && (mount.flags & MS_RDONLY) == 0;
  });
}

// Pipes belong to the host's root: without this the container's user could not
// reopen /dev/stderr.  Files and terminals keep their owner: they outlive us.
void give_pipes_to(uid_t uid) {
  for (int fd = 0; fd <= 2; ++fd) {
    struct stat status = {};
    if (::fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode))
      std::ignore =
          ::fchown(fd, uid, static_cast<gid_t>(-1));  // it works without, but for reopening
  }
}

std::optional<std::uint32_t> host_id(const std::vector<oci::IdMapping>& mappings,
                                     std::uint32_t container_id) {
  for (const oci::IdMapping& mapping : mappings) {
    const std::uint32_t offset = container_id - mapping.container_id;
    if (container_id >= mapping.container_id && offset < mapping.size)
      return mapping.host_id + offset;
  }
  return std::nullopt;
}

Result<void> set_rlimits(pid_t pid, const plan::Process& process) {
  for (const plan::Rlimit& rlimit : process.rlimits) {
    const auto resource = static_cast<__rlimit_resource>(rlimit.resource);
    if (::prlimit64(pid, resource, &rlimit.limit, nullptr) != 0)
      return fail_errno("set rlimit " + std::to_string(rlimit.resource) + " to soft " +
                        std::to_string(rlimit.limit.rlim_cur) + ", hard " +
                        std::to_string(rlimit.limit.rlim_max));
  }
  return {};
}

Result<void> send_fd(const std::string& socket_path, const char* name, const sys::Fd& fd) {
  const sys::Fd socket = TRY(sys::connect_unix(socket_path));
  const std::array fds = {fd.get()};
  return sys::send_packet(socket, name, fds).context(socket_path);
}

Result<void> write_pid_file(const std::string& path, pid_t pid) {
  if (path.empty()) return {};
  const std::string absolute = TRY(sys::absolute_path(path));
  const std::size_t slash = absolute.find_last_of('/');
  const sys::Fd directory =
      TRY(sys::open_file(absolute.substr(0, slash + 1), O_PATH | O_DIRECTORY));
  return sys::replace_file_at(directory, absolute.substr(slash + 1), std::to_string(pid), 0644)
      .context("pid file " + path);
}

class Creation {
 public:
  Creation(const CreateOptions& options, TerminalUse use, Bundle bundle, Preserved preserved,
           StateDir dir)
      : options_(options),
        use_(use),
        bundle_(std::move(bundle)),
        preserved_(std::move(preserved)),
        dir_(std::move(dir)) {}

  Result<void> run() {
    TRY(plan());
    TRY(make_cgroup());
    TRY(spawn());
    TRY(prepare_init());
    TRY(serve_init());
    return finish();
  }

  // After undo(): what runtime.md#lifecycle step 13 asks of a failed creation.
  void run_poststop_hooks() const {
    if (!hooks_ran_) return;
    const oci::State state = oci_state(state_, oci::Status::stopped);
    for (const Error& error : hooks::run_all("poststop", bundle_.spec.hooks.poststop, state))
      log::warn(error.text());
  }

  // In reverse: init first, because the cgroup must be empty to go.
  void undo() {
    init_ = sys::Child();
    if (cgroup_) std::ignore = cgroup_->remove();  // what stays, `delete --force` clears
    std::ignore = dir_.remove();
    if (pid_file_written_) ::unlink(options_.pid_file.c_str());
  }

  Made take() && {
    dir_.keep();
    return Made{.dir = std::move(dir_),
                .state = std::move(state_),
                .init = std::move(init_),
                .terminal = std::move(terminal_)};
  }

 private:
  Result<void> plan();
  Result<void> make_cgroup();
  Result<void> spawn();
  Result<void> prepare_init();
  Result<void> serve_init();
  Result<void> run_runtime_hooks();
  Result<void> take_console(sync::Console message);
  Result<void> take_listener(sync::SeccompListener message);
  Result<void> finish();

  const CreateOptions& options_;
  TerminalUse use_;
  Bundle bundle_;
  Preserved preserved_;
  StateDir dir_;
  ContainerState state_;
  cgroup::Host cgroup_host_;
  std::optional<cgroup::Cgroup> cgroup_;
  plan::Plan plan_;
  plan::HostFacts facts_;
  seccomp::Filter filter_;
  sys::Fd agent_;  // connected before the clone: its absence is no surprise later
  std::optional<sync::HostEnd> channel_;
  sys::Child init_;
  bool born_in_cgroup_ = false;
  sys::Fd terminal_;
  bool hooks_ran_ = false;
  bool pid_file_written_ = false;
};

Result<void> Creation::plan() {
  const oci::Spec& spec = bundle_.spec;
  cgroup_host_ = TRY(cgroup::detect());
  const cgroup::Paths paths =
      TRY(cgroup::container_paths(cgroup_host_, spec.linux_.cgroups_path, options_.id));
  facts_ = TRY(read_host_facts(spec, cgroup_host_));
  plan_ = TRY(plan::make_plan(spec, facts_,
                              {.bundle = bundle_.path,
                               .id = options_.id,
                               .no_pivot = options_.no_pivot,
                               .no_new_keyring = options_.no_new_keyring}));
  for (std::string& warning : plan_.warnings) log::warn(std::move(warning));
  if (spec.linux_.seccomp) {
    filter_ = TRY(seccomp::compile(*spec.linux_.seccomp));
    for (std::string& warning : filter_.warnings) log::warn(std::move(warning));
    if (filter_.notifies)
      agent_ = TRY(sys::connect_unix(spec.linux_.seccomp->listener_path).context("seccomp agent"));
  }
  state_ = {.id = options_.id,
            .oci_version = spec.oci_version,
            .bundle = bundle_.path,
            .rootfs = plan_.rootfs.path,
            .created = now_rfc3339(),
            .owner = ::geteuid(),
            .rootless = options_.rootless,
            .cgroup_paths = paths,
            .spec = spec};
  return {};
}

Result<void> Creation::make_cgroup() {
  // Recorded before it is made: a SIGKILL in between leaves nothing unknown.
  TRY(dir_.save(state_));
  cgroup::Cgroup cgroup(cgroup_host_, state_.cgroup_paths, {.rootless = options_.rootless});
  TRY(cgroup.create().context("cgroup"));
  cgroup_ = std::move(cgroup);
  state_.cgroup_paths = cgroup_->paths();
  plan_.cgroup_hierarchies = cgroup_views(cgroup_host_, state_.cgroup_paths);
  plan_.cgroup_v2_container = state_.cgroup_paths.v2.empty()
                                  ? cgroup_host_.v2_mount_point + cgroup_host_.v2_own
                                  : state_.cgroup_paths.v2;
  if (const auto& resources = bundle_.spec.linux_.resources)
    TRY(cgroup_->limit(*resources).context("cgroup"));
  if (owns_its_cgroup(plan_))
    TRY(cgroup_->delegate(host_id_of_root(plan_.id_maps.uid_mappings)).context("cgroup"));
  return {};
}

Result<void> Creation::spawn() {
  sync::Channel channel = TRY(sync::make_channel());
  init::Input input = {
      .plan = plan_,
      .hooks = bundle_.spec.hooks,
      .state = oci_state(state_, oci::Status::creating),
      .channel = std::move(channel.init),
      .gate = TRY(make_start_gate(dir_)),
      .seccomp = {.program = filter_.program,
                  .flags = filter_.flags,
                  .notifies = filter_.notifies,
                  .host_takes_listener = !filter_.notifies || sys::pidfd_getfd_works()},
      .preserve_fds = preserved_.count,
      .extra_env = preserved_.env,
      .make_time_namespace = init_makes_time_namespace(plan_, facts_)};
  // An unprivileged host could not write the maps of a process that is not
  // dumpable; init becomes so once it has them.
  if (facts_.privileged && ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
    return fail_errno("set not dumpable");
  const auto target = cgroup_->clone_target();
  const sys::Fd* cgroup = target && *target ? &*target : nullptr;
  sys::Cloned cloned = TRY(spawn_init(plan_.namespaces, cgroup, std::move(input)));
  init_ = std::move(cloned.child);
  born_in_cgroup_ = cloned.born_in_cgroup;
  channel_.emplace(std::move(channel.host));
  state_.pid = init_.pid();
  state_.start_time = TRY(sys::process_facts(init_.pid())).start_time;
  return {};
}

Result<void> Creation::prepare_init() {
  TRY(cgroup_->attach(init_.pid(), born_in_cgroup_).context("cgroup"));
  // Init is known from here on: a killed `create` leaves what can be cleared.
  TRY(dir_.save(state_));
  TRY(write_id_maps(init_.pid(), plan_.id_maps));
  const auto& process = plan_.process;
  if (process && process->oom_score_adj) {
    const std::string path = "/proc/" + std::to_string(init_.pid()) + "/oom_score_adj";
    auto written = sys::write_once(path, std::to_string(*process->oom_score_adj));
    // Lowering needs CAP_SYS_RESOURCE, which a rootless runtime cannot have.
    const bool tolerated = !written && written.error().code == EACCES &&
                           (options_.rootless || !facts_.privileged || facts_.in_user_namespace);
    if (!written && !tolerated) return written;
    if (tolerated) log::warn("process.oomScoreAdj: " + written.error().text());
  }
  if (process && !process->terminal && plan_.id_maps.writer == plan::IdMapWriter::direct) {
    if (const auto uid = host_id(plan_.id_maps.uid_mappings, process->uid)) give_pipes_to(*uid);
  }
  return channel_->send(sync::IdMapsWritten{});
}

Result<void> Creation::run_runtime_hooks() {
  hooks_ran_ = true;
  const oci::State state = oci_state(state_, oci::Status::creating);
  TRY(hooks::run("prestart", bundle_.spec.hooks.prestart, state));
  TRY(hooks::run("createRuntime", bundle_.spec.hooks.create_runtime, state));
  return channel_->send(sync::RuntimeHooksDone{});
}

Result<void> Creation::take_console(sync::Console message) {
  if (use_ == TerminalUse::console_socket)
    return send_fd(options_.console_socket, "/dev/ptmx", message.terminal)
        .context("console socket");
  terminal_ = std::move(message.terminal);
  return {};
}

Result<void> Creation::take_listener(sync::SeccompListener message) {
  if (!message.fd) message.fd = TRY(sys::pidfd_getfd(init_.pidfd(), message.number));
  return send_seccomp_listener(agent_, *bundle_.spec.linux_.seccomp,
                               oci_state(state_, oci::Status::creating), message.fd);
}

Result<void> Creation::serve_init() {
  while (true) {
    sync::InitMessage message = TRY(channel_->receive());
    for (std::string& warning : channel_->take_warnings()) log::warn(std::move(warning));
    if (const auto* please = std::get_if<sync::MountPlease>(&message)) {
      if (please->index >= plan_.mounts.size()) return fail("init asked for an unknown mount");
      const plan::Mount& mount = plan_.mounts[please->index];
      sys::MountFd made = TRY(
          make_mount_for(init_.pid(), mount).context("/mounts/" + std::to_string(please->index)));
      TRY(channel_->send(sync::MountReady{.mount = std::move(made)}));
    } else if (std::holds_alternative<sync::RootfsReady>(message)) {
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
  if (plan_.process) TRY(set_rlimits(init_.pid(), *plan_.process));
  if (!options_.pidfd_socket.empty())
    TRY(send_fd(options_.pidfd_socket, "pidfd", init_.pidfd()).context("pidfd socket"));
  TRY(dir_.save(state_));
  TRY(write_pid_file(options_.pid_file, init_.pid()));
  pid_file_written_ = true;
  return channel_->send(sync::Saved{});
}

}  // namespace

Result<Made> make_container(const CreateOptions& options, TerminalUse use) {
  TRY(check_id(options.id));
  Preserved kept = TRY(preserved(options));
  TRY(sys::close_on_exec_from(static_cast<unsigned>(3 + kept.count)));
  Bundle bundle = TRY(load_bundle(options.bundle));
  TRY(check_terminal(options, bundle.spec, use));
  Creation creation(options, use, std::move(bundle), std::move(kept),
                    TRY(StateDir::claim(options.root, options.id)));
  auto done = creation.run();
  if (!done) {
    creation.undo();
    creation.run_poststop_hooks();
    return std::unexpected(std::move(done).error());
  }
  return std::move(creation).take();
}

}  // namespace coracle::container
