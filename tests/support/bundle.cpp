// One container's bundle in a temporary directory, and the runtime driven on it.
#include "tests/support/bundle.hpp"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <doctest/doctest.h>

#include "tests/support/leftovers.hpp"

namespace coracle::test {
namespace fs = std::filesystem;

namespace {

std::string setting(const char* variable, const char* otherwise) {
  const char* value = ::getenv(variable);
  return value && *value ? value : otherwise;
}

std::string make_top() {
  std::string path = setting("TMPDIR", "/tmp") + "/coracle-test-XXXXXX";
  REQUIRE(::mkdtemp(path.data()) != nullptr);
  // Mapped roots must be able to reach the root file system.
  REQUIRE(::chmod(path.c_str(), 0755) == 0);
  return path;
}

std::string next_id() {
  static int count = 0;
  return "ct-" + std::to_string(::getpid()) + "-" + std::to_string(++count);
}

std::string list(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += "\n  " + item;
  return text;
}

bool makes_a_container(const std::vector<std::string>& args) {
  return std::ranges::any_of(args, [](const std::string& word) {
    return word == "create" || word == "run" || word == "restore";
  });
}

// Of this test binary's slice; the id may be another's.
bool names_a_unit(const Json& config) {
  if (!config.is_object()) return false;  // a test of broken configurations
  const Json path = config.value("/linux/cgroupsPath"_json_pointer, Json());
  return path.is_string() &&
         path.get<std::string>().starts_with(parent_cgroup().substr(1) + ":coracle:");
}

// A program that every user can get to: itself, or a copy for as long as this object lives, where
// its way leads through a directory such as /root.
class Reachable {
 public:
  explicit Reachable(std::string program) : path_(std::move(program)) {
    if (others_may_search(fs::path(path_).parent_path())) return;
    copy_ = "/tmp/coracle-binary-XXXXXX";
    REQUIRE(::mkdtemp(copy_.data()) != nullptr);
    REQUIRE(::chmod(copy_.c_str(), 0755) == 0);
    const std::string there = copy_ + "/" + fs::path(path_).filename().string();
    fs::copy_file(path_, there);
    path_ = there;
  }
  Reachable(const Reachable&) = delete;
  Reachable& operator=(const Reachable&) = delete;
  ~Reachable() {
    if (!copy_.empty()) fs::remove_all(copy_);
  }

  const std::string& path() const { return path_; }

 private:
  static bool others_may_search(fs::path directory) {
    for (; directory != directory.root_path(); directory = directory.parent_path()) {
      if ((fs::status(directory).permissions() & fs::perms::others_exec) == fs::perms::none)
        return false;
    }
    return true;
  }

  std::string path_;
  std::string copy_;  // its directory; empty: none
};

}  // namespace

std::string runtime_binary() {
  static const Reachable binary(setting("CORACLE", CORACLE_BINARY));
  return binary.path();
}

namespace {

const std::string& runtime_version() {
  static const std::string text = run({.args = {runtime_binary(), "--version"}}).out;
  return text;
}

}  // namespace

bool testing_runc() {
  return runtime_version().starts_with("runc version ");
}

bool testing_old_runc() {
  return runtime_version().starts_with("runc version 1.1.");
}

std::vector<std::string> host_mounts() {
  std::vector<std::string> found;
  std::ifstream mounts("/proc/self/mounts");
  for (std::string line; std::getline(mounts, line);) {
    std::string source;
    std::string path;
    std::string type;
    std::istringstream(line) >> source >> path >> type;
    found.push_back(path + " " + type + " " + source);
  }
  return found;
}

bool systemd_makes_cgroups() {
  return setting("CORACLE_TEST_MANAGER", "cgroupfs") == "systemd";
}

std::string parent_cgroup() {
  // A dash would make it a part of another slice.
  const std::string pid = std::to_string(::getpid());
  return systemd_makes_cgroups() ? "/coracletest" + pid + ".slice" : "/coracle-test-" + pid;
}

Bundle::Bundle()
    : config(default_config()), top_(make_top()), id_(next_id()), mounts_before_(host_mounts()) {
  for (const char* name : {"proc", "dev", "sys", "tmp", "etc"}) {
    fs::create_directories(rootfs() + "/" + name);
  }
  ::chmod((rootfs() + "/tmp").c_str(), 01777);
  fs::copy_file(setting("CORACLE_PROBE", CORACLE_PROBE_BINARY), rootfs() + "/probe");
  config["linux"]["cgroupsPath"] = cgroups_path();
}

Bundle::~Bundle() {
  if (checks_leftovers && std::uncaught_exceptions() == 0) check_leftovers();
  if (fs::exists(root() + "/" + id_)) remove({"--force"});
  if (!systemd_makes_cgroups()) remove_cgroups(parent_cgroup());
  remove_tree(top_);
}

std::string Bundle::cgroup() const {
  return parent_cgroup() + (systemd_makes_cgroups() ? "/coracle-" + id_ + ".scope" : "/" + id_);
}

std::string Bundle::cgroups_path() const {
  return systemd_makes_cgroups() ? parent_cgroup().substr(1) + ":coracle:" + id_ : cgroup();
}

void Bundle::check_leftovers() const {
  if (fs::exists(root())) {
    CHECK_MESSAGE(!has_containers(root()), "state is left of container " << id_);
  }
  const std::vector<std::string> cgroups = cgroup_directories(cgroup());
  CHECK_MESSAGE(cgroups.empty(), "cgroups are left:" << list(cgroups));
  const std::vector<std::string> processes = processes_of(id_, cgroup());
  CHECK_MESSAGE(processes.empty(), "processes are left:" << list(processes));
  const std::vector<std::string> mounts = host_mounts();
  CHECK_MESSAGE(mounts == mounts_before_, "the host's mounts have changed to:" << list(mounts));
}

void Bundle::probe(std::string_view commands) {
  Json args = {"/probe"};
  std::istringstream words{std::string(commands)};
  for (std::string word; words >> word;) args.push_back(word);
  config["process"]["args"] = args;
}

void Bundle::map_ids(unsigned host_id) {
  test::map_ids(config, host_id);
  own_rootfs(host_id);
}

void Bundle::own_rootfs(unsigned host_id) const {
  REQUIRE(::lchown(rootfs().c_str(), host_id, host_id) == 0);
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(rootfs())) {
    REQUIRE(::lchown(entry.path().c_str(), host_id, host_id) == 0);
  }
}

void Bundle::add_busybox() const {
  fs::create_directories(rootfs() + "/bin");
  fs::copy_file("/bin/busybox", rootfs() + "/bin/busybox");
  const Outcome names = test::run({.args = {"/bin/busybox", "--list"}});
  std::istringstream lines(names.out);
  for (std::string name; lines >> name;) {
    if (name != "busybox") fs::create_symlink("busybox", rootfs() + "/bin/" + name);
  }
}

Program Bundle::program(const std::vector<std::string>& args) const {
  // A runtime that was started in the background may be reading it.
  if (const std::string text = config.dump(1); text != read_file(dir() + "/config.json")) {
    write_file(dir() + "/config.json", text);
  }
  Program program = {.args = {runtime_binary(), "--root", root()}, .view = view, .uid = user};
  if (systemd_makes_cgroups() && makes_a_container(args) && names_a_unit(config)) {
    program.args.push_back("--systemd-cgroup");
  }
  program.args.insert(program.args.end(), args.begin(), args.end());
  return program;
}

Outcome Bundle::command(const std::vector<std::string>& args) const {
  return test::run(program(args));
}

Outcome Bundle::run(const std::vector<std::string>& flags) const {
  std::vector<std::string> args = {"run", "--bundle", dir()};
  args.insert(args.end(), flags.begin(), flags.end());
  args.push_back(id_);
  return command(args);
}

Outcome Bundle::create(const std::vector<std::string>& flags) const {
  std::vector<std::string> args = {"create", "--bundle", dir()};
  args.insert(args.end(), flags.begin(), flags.end());
  args.push_back(id_);
  Program create = program(args);
  create.out_path = path("output");
  return test::run(create);
}

Outcome Bundle::remove(const std::vector<std::string>& flags) const {
  std::vector<std::string> args = {"delete"};
  args.insert(args.end(), flags.begin(), flags.end());
  args.push_back(id_);
  return command(args);
}

Outcome Bundle::report(std::string_view commands) {
  probe(commands);
  Outcome outcome = run();
  CHECK_MESSAGE(outcome.exit_code == 0, outcome.text());
  return outcome;
}

void Bundle::launch() const {
  const Outcome created = create();
  REQUIRE_MESSAGE(created.exit_code == 0, created.text());
  const Outcome started = start();
  REQUIRE_MESSAGE(started.exit_code == 0, started.text());
}

Json Bundle::state() const {
  const Outcome outcome = command({"state", id_});
  return outcome.exit_code == 0 ? Json::parse(outcome.out) : Json();
}

std::string Bundle::status() const {
  const Json facts = state();
  return facts.is_null() ? "unknown" : facts.at("status").get<std::string>();
}

pid_t Bundle::pid() const {
  return state().at("pid").get<pid_t>();
}

bool Bundle::reaches(std::string_view status) const {
  return eventually([&] { return this->status() == status; });
}

bool Bundle::wrote(std::string_view text) const {
  return eventually([&] { return output().find(text) != std::string::npos; });
}

Outcome run_after(const Bundle& bundle, const std::string& script) {
  Program program = bundle.program({"run", "--bundle", bundle.dir(), bundle.id()});
  const std::vector<std::string> shell = {
      "unshare", "--mount", "--propagation", "private", "sh", "-c", script + " && exec \"$@\"",
      "sh"};
  program.args.insert(program.args.begin(), shell.begin(), shell.end());
  return run(program);
}

}  // namespace coracle::test
