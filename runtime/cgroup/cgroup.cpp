// A container's cgroups over all its hierarchies.
#include "runtime/cgroup/cgroup.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <span>
#include <tuple>

#include "runtime/base/strings.hpp"
#include "runtime/cgroup/devices.hpp"
#include "runtime/cgroup/settings.hpp"
#include "runtime/cgroup/tree.hpp"
#include "runtime/cgroup/v1.hpp"
#include "runtime/cgroup/v2.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/timings.hpp"

namespace coracle::cgroup {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds longest_wait = 10s;

bool may_write(const std::string& dir) {
  const std::string file = dir + "/cgroup.procs";
  return ::faccessat(AT_FDCWD, file.c_str(), W_OK, AT_EACCESS) == 0;
}

Result<void> write_process(const std::string& dir, pid_t pid) {
  constexpr int tries = 5;
  const std::string file = dir + "/cgroup.procs";
  Wait wait(100ms);
  auto written = sys::write_once(file, std::to_string(pid));
  // EINVAL: the kernel is not done with making the process.
  for (int i = 1; i < tries && !written && written.error().code == EINVAL && wait.more(); ++i)
    written = sys::write_once(file, std::to_string(pid));
  return std::move(written).context("adding pid " + std::to_string(pid) + " to cgroups");
}

// Kernels take a limit below the use, and kill.
Result<void> check_memory_use(const std::string& dir, const oci::Memory& memory) {
  const auto text = sys::read_file(dir + "/memory.current");
  if (!text) return {};
  const std::int64_t usage = parse_number<std::int64_t>(trim(*text)).value_or(0);
  const auto check = [&](const char* name, std::int64_t limit) -> Result<void> {
    if (limit <= 0 || limit > usage) return {};
    return fail("rejecting " + std::string(name) + " limit " + std::to_string(limit) +
                " <= usage " + std::to_string(usage));
  };
  TRY(check("memory+swap", memory.swap.value_or(0)));
  return check("memory", memory.limit.value_or(0));
}

// Null where no v1 hierarchy has the controller.
const Hierarchy* hierarchy_of(const Host& host, std::string_view controller) {
  for (const Hierarchy& hierarchy : host.v1)
    if (std::ranges::find(hierarchy.controllers, controller) != hierarchy.controllers.end())
      return &hierarchy;
  return nullptr;
}

// Null where no v1 hierarchy has the controller, or the container no part in it.
const std::string* find_v1(const Host& host, const Paths& paths, std::string_view controller) {
  const Hierarchy* const hierarchy = hierarchy_of(host, controller);
  if (hierarchy == nullptr) return nullptr;
  const auto path = paths.v1.find(hierarchy->controllers.front());
  return path == paths.v1.end() ? nullptr : &path->second;
}

}  // namespace

bool is_frozen(const Host& host, const Paths& paths, const sys::Stem& stem) {
  if (const std::string* dir = find_v1(host, paths, "freezer")) return v1::frozen(*dir, stem);
  return !paths.v2.empty() && v2::frozen(paths.v2, stem);
}

sys::Stem freezer_stem(const Host& host) {
  const Hierarchy* const v1 = hierarchy_of(host, "freezer");
  return sys::open_stem(v1 == nullptr ? host.v2_mount_point : v1->mount_point);
}

std::vector<std::string> Cgroup::directories() const {
  std::vector<std::string> all;
  for (const auto& [controller, dir] : paths_.v1) all.push_back(dir);
  if (!paths_.v2.empty()) all.push_back(paths_.v2);
  return all;
}

const std::string* Cgroup::v1_directory(std::string_view controller) const {
  return find_v1(host_, paths_, controller);
}

Place Cgroup::place_of(std::string_view controller) const {
  if (const std::string* dir = v1_directory(controller)) return {.dir = *dir, .is_v2 = false};
  return {.dir = paths_.v2, .is_v2 = true};
}

Result<void> Cgroup::check_empty() const {
  for (const std::string& dir : directories()) {
    const std::vector<pid_t> processes = TRY(processes_below(dir));
    if (!processes.empty())
      return fail("container's cgroup is not empty: " + std::to_string(processes.size()) +
                  " process(es) found in " + dir);
  }
  return {};
}

Result<void> Cgroup::check_thawed() const {
  const std::string* freezer = v1_directory("freezer");
  const bool frozen_in_v1 = freezer != nullptr && v1::effectively_frozen(*freezer);
  if (frozen_in_v1 || (!paths_.v2.empty() && v2::effectively_frozen(paths_.v2)))
    return fail("container's cgroup unexpectedly frozen");
  return {};
}

// False: to be left out, because a rootless runtime is denied.
Result<bool> Cgroup::is_usable(Result<void> made, const std::string& dir) const {
  if (made && (!options_.rootless || may_write(dir))) return true;
  if (made) return false;
  if (options_.rootless && is_denial(made.error())) return false;
  return std::unexpected(std::move(made).error());
}

Result<void> Cgroup::create() {
  TRY(check_empty());
  TRY(complete());
  // Beside v1, a limit that needs a controller has it enabled: see require().
  if (!paths_.v2.empty() && host_.mode == Mode::v2)
    v2::enable_controllers(host_.v2_mount_point, paths_.v2);
  return {};
}

Result<void> Cgroup::check_vacant() const {
  TRY(check_empty());
  return check_thawed();
}

Result<void> Cgroup::check_holds(pid_t pid) const {
  const auto own = paths_.v1.find("name=systemd");
  const std::string& dir = own == paths_.v1.end() ? paths_.v2 : own->second;
  const std::vector<pid_t> inside = TRY(processes_below(dir));
  if (std::ranges::find(inside, pid) != inside.end()) return {};
  return fail("systemd has not put process " + std::to_string(pid) + " into " + dir);
}

Result<void> Cgroup::complete() {
  std::vector<NewDirectories> kept;
  for (const Hierarchy& hierarchy : host_.v1) {
    const auto path = paths_.v1.find(hierarchy.controllers.front());
    if (path == paths_.v1.end()) continue;
    NewDirectories directories;
    auto made = v1::make(directories, hierarchy, path->second);
    const bool usable = TRY(is_usable(std::move(made), path->second));
    if (usable) {
      kept.push_back(std::move(directories));
    } else {
      paths_.v1.erase(path);
    }
  }
  if (!paths_.v2.empty()) {
    NewDirectories directories;
    auto made = v2::make(directories, host_.v2_mount_point, paths_.v2);
    const bool usable = TRY(is_usable(std::move(made), paths_.v2));
    if (usable) {
      kept.push_back(std::move(directories));
    } else {
      paths_.v2.clear();
    }
  }
  // Only now: a cgroup above may be frozen.
  TRY(check_thawed());
  for (NewDirectories& directories : kept) directories.keep();
  return {};
}

std::unexpected<Error> Cgroup::not_ours(const std::string& controller,
                                        const std::string& hierarchy) const {
  const char* why = options_.rootless ? "a rootless runtime may not make a cgroup in "
                                      : "the container has no cgroup in ";
  return fail("controller \"" + controller + "\" not available: " + why + hierarchy);
}

Result<std::string> Cgroup::directory_of(const std::string& controller) const {
  if (const std::string* dir = v1_directory(controller)) return *dir;
  for (const Hierarchy& hierarchy : host_.v1)
    if (std::ranges::find(hierarchy.controllers, controller) != hierarchy.controllers.end())
      return not_ours(controller, hierarchy.mount_point);
  if (host_.v2_mount_point.empty())
    return fail("controller \"" + controller + "\" not available: no cgroup v1 hierarchy has it");
  if (paths_.v2.empty()) return not_ours(controller, host_.v2_mount_point);
  // Files named cgroup.* belong to no controller.
  if (controller == "cgroup") return paths_.v2;
  auto required = v2::require(host_.v2_mount_point, paths_.v2, controller);
  if (!required && host_.mode == Mode::hybrid)
    required = std::move(required).context("no cgroup v1 hierarchy has it");
  if (!required) return std::unexpected(std::move(required).error());
  return paths_.v2;
}

Result<void> Cgroup::write(const std::vector<Setting>& settings) const {
  std::span<const Setting> rest = settings;
  while (!rest.empty()) {
    const auto run = rest.first(run_length(rest));
    rest = rest.subspan(run.size());
    auto dir = directory_of(run.front().controller);
    const auto needed = std::ranges::find_if(
        run, [](const Setting& setting) { return setting.if_missing != IfMissing::skip; });
    if (!dir && needed == run.end()) continue;
    if (!dir)
      return std::unexpected(std::move(dir).error().context("set " + needed->file + " to " +
                                                            in_quotes(needed->value)));
    TRY(write_settings(*dir, run));
  }
  return {};
}

Result<void> Cgroup::apply_rules(const std::vector<oci::DeviceRule>& rules) const {
  if (const std::string* dir = v1_directory("devices")) {
    const std::string current = TRY(sys::read_file(*dir + "/devices.list"));
    const std::vector<Setting> settings = TRY(v1_device_settings(current, rules));
    return write_settings(*dir, settings);
  }
  if (paths_.v2.empty() && allow_everything(rules)) return {};
  if (paths_.v2.empty())
    return fail("device rules cannot be applied: controller \"devices\" not available: " +
                std::string(host_.v1.empty() ? "no cgroup" : "no cgroup v1 hierarchy has it"));
  std::vector<bpf_insn> program;
  if (!allow_everything(rules)) program = TRY(device_program(rules));
  return attach_device_program(paths_.v2, program).context("device rules of " + paths_.v2);
}

Result<std::vector<Setting>> settings_for(const Host& host, const oci::Resources& resources) {
  if (host.mode == Mode::v2) return v2_settings(resources);
  const Halves halves = split_by_hierarchy(resources, host);
  std::vector<Setting> all = TRY(v1_settings(halves.v1));
  std::vector<Setting> unified = TRY(v2_settings(halves.v2));
  std::ranges::move(unified, std::back_inserter(all));
  return all;
}

Result<void> Cgroup::check_use(const oci::Resources& resources) const {
  const Place memory = place_of("memory");
  const bool asked = resources.memory && resources.memory->check_before_update == true;
  return memory.is_v2 && asked ? check_memory_use(memory.dir, *resources.memory) : Result<void>();
}

Result<void> Cgroup::limit(const oci::Resources& resources) const {
  const std::vector<Setting> settings = TRY(settings_for(host_, resources));
  TRY(check_use(resources));
  TRY(write(settings));
  if (const std::string* dir = v1_directory("cpuset")) TRY(v1::inherit_cpuset(*dir));
  return {};
}

Result<void> Cgroup::limit_devices(const oci::Resources& resources) const {
  auto limited = apply_rules(effective_device_rules(resources.devices));
  // Without privilege there are no nodes to guard either: mknod is denied.
  if (!limited && options_.rootless) return {};
  return limited;
}

Result<void> Cgroup::update(const oci::Resources& resources) const {
  struct Former {
    std::string dir;
    std::vector<Setting> settings;
  };
  std::vector<Former> former;
  const std::vector<Setting> settings = TRY(settings_for(host_, resources));
  std::span<const Setting> rest = settings;
  while (!rest.empty()) {
    const auto run = rest.first(run_length(rest));
    rest = rest.subspan(run.size());
    const auto dir = directory_of(run.front().controller);
    if (dir) former.push_back({.dir = *dir, .settings = former_settings(*dir, run)});
  }

  auto applied = limit(resources);
  if (applied) return {};
  std::vector<std::string> stuck;
  for (const Former& each : former)
    for (const Setting& setting : put_back(each.dir, each.settings))
      stuck.push_back(setting.file + " to " + in_quotes(setting.value));
  if (stuck.empty()) return applied;
  return std::move(applied).context("half applied, could not set back " + join(stuck, ", "));
}

Result<sys::Fd> Cgroup::clone_target() const {
  if (paths_.v2.empty() || (options_.rootless && !may_write(paths_.v2))) return sys::Fd();
  return sys::open_file(paths_.v2, O_PATH | O_DIRECTORY);
}

Result<void> Cgroup::attach(pid_t pid, bool born_in_v2) const {
  const sys::timings::Phase phase("join cgroup");
  const std::string* cpuset = v1_directory("cpuset");
  for (const auto& [controller, dir] : paths_.v1) {
    auto written = write_process(dir, pid);
    // A cpuset that somebody made below the container's and left empty.
    if (!written && written.error().code == ENOSPC && cpuset != nullptr && dir == *cpuset) {
      TRY(v1::inherit_cpuset(dir));
      written = write_process(dir, pid);
    }
    TRY(std::move(written));
  }
  if (paths_.v2.empty() || born_in_v2) return {};
  return write_process(paths_.v2, pid);
}

Result<void> Cgroup::delegate(uid_t uid) const {
  if (host_.mode != Mode::v2 || paths_.v2.empty()) return {};
  auto done = v2::delegate(paths_.v2, uid);
  // An unprivileged user cannot give it away, and so it stays the container's root's.
  const bool stays = !done && done.error().code == EPERM && options_.rootless;
  return stays ? Result<void>() : done;
}

Result<void> Cgroup::delegate_below(const std::string& below, pid_t pid, uid_t uid) const {
  const std::string dir = paths_.v2 + "/" + below;
  NewDirectories made;
  TRY(v2::make(made, paths_.v2, dir));
  made.keep();  // with the container's cgroup it goes too
  TRY(write_process(dir, pid));
  // Only now: a cgroup that has processes cannot hand controllers on.
  v2::enable_controllers(paths_.v2, dir);
  return v2::delegate(dir, uid);
}

// One v1 hierarchy speaks for all: what joins one joins every one.  v2 has its
// own say, because it is where cgroup.kill acts.
Result<std::vector<pid_t>> Cgroup::all_processes() const {
  std::vector<pid_t> all;
  if (!paths_.v2.empty()) all = TRY(processes_below(paths_.v2));
  if (paths_.v1.empty()) return all;
  const std::string* freezer = v1_directory("freezer");
  const std::vector<pid_t> more =
      TRY(processes_below(freezer != nullptr ? *freezer : paths_.v1.begin()->second));
  all.insert(all.end(), more.begin(), more.end());
  std::ranges::sort(all);
  all.erase(std::ranges::unique(all).begin(), all.end());
  return all;
}

Result<std::vector<pid_t>> Cgroup::processes() const {
  auto all = all_processes();
  if (all) std::erase(*all, 0);
  return all;
}

Result<void> Cgroup::freeze_within(std::chrono::milliseconds limit) const {
  if (const std::string* dir = v1_directory("freezer")) return v1::freeze(*dir, limit);
  if (paths_.v2.empty()) return fail("the container has no cgroup that can be frozen");
  return v2::freeze(paths_.v2, limit);
}

Result<void> Cgroup::freeze() const {
  return freeze_within(longest_wait);
}

Result<void> Cgroup::thaw() const {
  if (const std::string* dir = v1_directory("freezer")) return v1::thaw(*dir);
  if (paths_.v2.empty()) return fail("the container has no cgroup that can be thawed");
  return v2::thaw(paths_.v2);
}

Result<void> Cgroup::kill_all() const {
  Wait wait(longest_wait);
  std::size_t left = 0;
  do {
    const std::vector<pid_t> processes = TRY(all_processes());
    left = processes.size();
    if (left == 0) return {};
    const bool killed = !paths_.v2.empty() && v2::kill(paths_.v2);
    // Frozen, none can fork away from us.
    if (!killed) std::ignore = freeze_within(500ms);
    std::ignore = signal_all(SIGKILL);
    // What v1 froze dies only once it is thawed.
    std::ignore = thaw();
  } while (wait.more());
  return fail(std::to_string(left) + " process(es) of the container's cgroup are still alive " +
              "after SIGKILL");
}

Result<void> Cgroup::signal_all(int signal) const {
  const std::vector<pid_t> all = TRY(processes());
  Result<void> first_failure;
  for (const pid_t pid : all) {
    if (::kill(pid, signal) == 0 || errno == ESRCH || !first_failure) continue;
    first_failure =
        fail_errno("send signal " + std::to_string(signal) + " to process " + std::to_string(pid));
  }
  return first_failure;
}

Result<void> Cgroup::remove() const {
  Wait wait(longest_wait);
  Result<void> first_failure;
  for (const std::string& dir : directories()) {
    auto removed = remove_tree(dir, wait);
    if (!removed && first_failure) first_failure = std::move(removed);
  }
  return first_failure;
}

}  // namespace coracle::cgroup
