// The commands that faults are injected into, each with what it must leave behind.
#include "tests/faults/subject.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>

#include <doctest/doctest.h>

#include "tests/support/leftovers.hpp"
#include "tests/support/report.hpp"

namespace coracle::test {
namespace fs = std::filesystem;

namespace {

constexpr unsigned mapped_root = 1'000'000;

// Something to do for each part of the runtime.
void use_everything(Bundle& bundle) {
  Json& config = bundle.config;
  const std::string volume = bundle.path("volume");
  fs::create_directory(volume);
  write_file(volume + "/file", "text\n");
  write_file(bundle.rootfs() + "/etc/secret", "text\n");
  for (const char* name : {"bin", "masked", "volumes", "ro", "etc"})
    fs::create_directories(bundle.rootfs() + "/" + name);
  fs::rename(bundle.rootfs() + "/probe", bundle.rootfs() + "/bin/probe");
  config["root"]["readonly"] = true;
  add_mount(config, "/ro", "bind", volume, {"rbind", "ro", "nosuid"});
  add_mount(config, "/tmp", "tmpfs", "tmpfs", {"nosuid", "mode=0711", "size=1m"});
  add_mount(config, "/sys/fs/cgroup", "cgroup", "cgroup", {"ro", "nosuid", "noexec", "nodev"});
  add_namespace(config, "cgroup");
  config["linux"]["maskedPaths"] = {"/masked", "/etc/secret", "/proc/timer_list"};
  config["linux"]["readonlyPaths"] = {"/proc/sys", "/volumes"};
  config["linux"]["sysctl"] = {{"net.ipv4.ip_unprivileged_port_start", "0"}};
  config["linux"]["resources"]["devices"] = {{{"allow", false}, {"access", "rwm"}}};
  if (bundle.view != CgroupView::v2 || v2_has("pids"))
    config["linux"]["resources"]["pids"] = {{"limit", 50}};
  config["linux"]["seccomp"] = seccomp({{{"names", {"add_key"}}, {"action", "SCMP_ACT_ERRNO"}}});
  config["process"]["rlimits"] = {{{"type", "RLIMIT_NOFILE"}, {"soft", 100}, {"hard", 200}}};
  config["process"]["user"]["additionalGids"] = {7};
  config["process"]["oomScoreAdj"] = 100;
}

void add_hooks(Json& config) {
  for (const char* kind : {"createRuntime", "createContainer", "poststart", "poststop"})
    config["hooks"][kind] = {{{"path", "/bin/true"}}};
}

// Names of all files and directories below `path`, sorted; the walk's own left out.
std::vector<std::string> files_below(const std::string& path) {
  std::vector<std::string> found;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(path)) {
    if (entry.path() != path + "log") found.push_back(entry.path());
  }
  std::ranges::sort(found);
  return found;
}

std::vector<std::string> cgroups_below(const std::string& cgroup) {
  std::vector<std::string> found;
  for (const std::string& directory : cgroup_directories(cgroup)) {
    found.push_back(directory);
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(directory))
      if (entry.is_directory()) found.push_back(entry.path());
  }
  std::ranges::sort(found);
  return found;
}

// A line for each that is not in both.
std::string change(const char* what, const std::vector<std::string>& before,
                   const std::vector<std::string>& now) {
  std::vector<std::string> lost;
  std::vector<std::string> added;
  std::ranges::set_difference(before, now, std::back_inserter(lost));
  std::ranges::set_difference(now, before, std::back_inserter(added));
  std::string text;
  for (const std::string& item : lost) text += std::string("\nlost ") + what + " " + item;
  for (const std::string& item : added) text += std::string("\nleft ") + what + " " + item;
  return text;
}

// Who lost its host, or has a program that reports, ends by itself, and soon.
std::string change_of_processes(const Bundle& bundle, const std::vector<std::string>& before) {
  const auto now = [&] { return processes_of(bundle.id(), bundle.cgroup()); };
  return eventually([&] { return now() == before; }) ? "" : change("process", before, now());
}

std::vector<std::string> sorted(std::vector<std::string> items) {
  std::ranges::sort(items);
  return items;
}

}  // namespace

std::string Place::text() const {
  return "cgroup " + name(view) + ", a container of " + name(owner);
}

RunSubject::RunSubject(const Place& place) {
  bundle_.view = place.view;
  use_everything(bundle_);
  add_hooks(bundle_.config);
  report_instead(bundle_.config);
  if (place.owner == Owner::mapped) bundle_.map_ids(mapped_root);
  const Outcome outcome = run(program());  // makes the state's root, and what is mounted upon
  REQUIRE_MESSAGE(outcome.exit_code == 0, outcome.text());
  mounts_ = sorted(host_mounts());
  files_ = files_below(bundle_.path(""));
}

RunSubject::~RunSubject() {
  clear();
}

Program RunSubject::program() const {
  return bundle_.program({"run", "--bundle", bundle_.dir(), bundle_.id()});
}

// Without its host init ends by itself, unless the container is whole: then it waits to be started,
// or its program has begun and will end.
std::string RunSubject::clear() const {
  const auto processes = [&] { return processes_of(bundle_.id(), bundle_.cgroup()); };
  const bool settled =
      eventually([&] { return processes().empty() || bundle_.status() == "created"; });
  const std::string left = settled ? "" : change("process", {}, processes());
  const Outcome removed = bundle_.remove({"--force"});
  return left + (removed.exit_code == 0 ? "" : "\ndelete --force: " + removed.text()) + leftovers();
}

std::string RunSubject::leftovers() const {
  return change("file", files_, files_below(bundle_.path(""))) +
         change("cgroup", {}, cgroups_below(bundle_.cgroup())) + change_of_processes(bundle_, {}) +
         change("mount", mounts_, sorted(host_mounts()));
}

ExecSubject::ExecSubject(const Place& place) : container_(Owner::root, place.view) {
  Bundle& bundle = container_.bundle;
  use_everything(bundle);
  Json reporting = bundle.config;
  report_instead(reporting);
  process_ = container_.file_of(reporting.at("process"));
  bundle.config["process"]["args"] = {"/bin/probe", "wait-signal"};
  if (place.owner == Owner::mapped) bundle.map_ids(mapped_root);
  container_.launch();
  mounts_ = sorted(host_mounts());
  files_ = files_below(bundle.path(""));
  cgroups_ = cgroups_below(bundle.cgroup());
  processes_ = processes_of(bundle.id(), bundle.cgroup());
}

Program ExecSubject::program() const {
  return container_.program({"--process", process_}, {});
}

std::string ExecSubject::clear() const {
  return change_of_processes(container_.bundle, processes_);
}

std::string ExecSubject::leftovers() const {
  const Bundle& bundle = container_.bundle;
  return change("file", files_, files_below(bundle.path(""))) +
         change("cgroup", cgroups_, cgroups_below(bundle.cgroup())) +
         change_of_processes(bundle, processes_) + change("mount", mounts_, sorted(host_mounts()));
}

}  // namespace coracle::test
