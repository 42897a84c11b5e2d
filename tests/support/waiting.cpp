// A container whose init only waits, and the processes that are exec'd into it.
#include "tests/support/waiting.hpp"

#include <unistd.h>

#include <filesystem>
#include <sstream>

#include <doctest/doctest.h>

namespace coracle::test {
namespace fs = std::filesystem;

namespace {

constexpr unsigned mapped_root = 1'000'000;
constexpr unsigned ordinary_user = 23'456;

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> all;
  std::istringstream stream{std::string(text)};
  for (std::string word; stream >> word;) all.push_back(word);
  return all;
}

// The bundle and the directory for its state belong to the user.
void give_to_user(Bundle& bundle) {
  bundle.user = ordinary_user;
  bundle.config["linux"].erase("cgroupsPath");
  map_ids(bundle.config, ordinary_user, 1);
  bundle.own_rootfs(ordinary_user);
  for (const std::string& path : {bundle.path(""), bundle.dir()})
    REQUIRE(::chown(path.c_str(), ordinary_user, ordinary_user) == 0);
}

}  // namespace

void give_to(Bundle& bundle, Owner owner) {
  if (owner == Owner::mapped) bundle.map_ids(mapped_root);
  if (owner == Owner::user) give_to_user(bundle);
}

const char* name(Owner owner) {
  switch (owner) {
    case Owner::root:
      return "root's";
    case Owner::mapped:
      return "root's with a user namespace";
    case Owner::user:
      return "an ordinary user's";
  }
  return "";
}

Waiting::Waiting(Owner owner, CgroupView view) {
  bundle.view = view;
  bundle.probe("wait-signal");
  give_to(bundle, owner);
}

Waiting::~Waiting() {
  bundle.remove({"--force"});
}

void Waiting::create(const std::vector<std::string>& flags) const {
  const Outcome created = bundle.create(flags);
  REQUIRE_MESSAGE(created.exit_code == 0, created.text());
}

void Waiting::launch(const std::vector<std::string>& flags) const {
  create(flags);
  const Outcome started = bundle.start();
  REQUIRE_MESSAGE(started.exit_code == 0, started.text());
  REQUIRE_MESSAGE(bundle.wrote("ready=1"), bundle.output());
}

Program Waiting::program(const std::vector<std::string>& flags,
                         const std::vector<std::string>& command) const {
  std::vector<std::string> args = {"exec"};
  args.insert(args.end(), flags.begin(), flags.end());
  args.push_back(bundle.id());
  args.insert(args.end(), command.begin(), command.end());
  return bundle.program(args);
}

Outcome Waiting::exec(const std::vector<std::string>& flags,
                      const std::vector<std::string>& command) const {
  return test::run(program(flags, command));
}

Outcome Waiting::report(std::string_view commands, const std::vector<std::string>& flags) const {
  std::vector<std::string> command = split_words(commands);
  command.insert(command.begin(), "/probe");
  Outcome outcome = exec(flags, command);
  CHECK_MESSAGE(outcome.exit_code == 0, outcome.text());
  return outcome;
}

std::string Waiting::file_of(const Json& process) const {
  write_file(bundle.path("process.json"), process.dump(1));
  return bundle.path("process.json");
}

Outcome Waiting::exec_file(const Json& process, const std::vector<std::string>& flags) const {
  std::vector<std::string> all = flags;
  all.insert(all.end(), {"--process", file_of(process)});
  return exec(all, {});
}

pid_t Waiting::detached(const std::vector<std::string>& flags) const {
  const std::string pid_file = bundle.path("exec.pid");
  std::vector<std::string> all = {"--detach", "--pid-file", pid_file};
  all.insert(all.end(), flags.begin(), flags.end());
  Program waiting = program(all, {"/probe", "wait-signal"});
  waiting.out_path = bundle.path("exec-output");
  const Outcome outcome = test::run(waiting);
  REQUIRE_MESSAGE(outcome.exit_code == 0, outcome.text());
  return static_cast<pid_t>(std::stol(read_file(pid_file)));
}

Outcome often(const Program& program, int times) {
  Program loop = program;
  loop.args.insert(
      loop.args.begin(),
      {"sh", "-c",
       "n=$1; busy=0; shift; while [ $n -gt 0 ]; do \"$@\"; s=$?; "
       // The shell's own word for ETXTBSY: while a racer's attempt to open the file for writing is
       // being refused, the kernel lets nobody execute it.
       "if [ $s = 126 ]; then busy=$((busy + 1)); [ $busy -lt 1000 ] || exit 98; continue; fi; "
       "[ $s = 0 ] || exit 99; n=$((n - 1)); done",
       "sh", std::to_string(times)});
  loop.limit_s = 300;
  return run(loop);
}

std::string copy_of_runtime(const Bundle& bundle) {
  const std::string copy = bundle.path(fs::path(runtime_binary()).filename().string());
  fs::copy_file(runtime_binary(), copy);
  return copy;
}

std::string namespace_of(pid_t pid, const std::string& kind) {
  return fs::read_symlink("/proc/" + std::to_string(pid) + "/ns/" + kind).string();
}

std::string cgroups_of(pid_t pid) {
  return read_file("/proc/" + std::to_string(pid) + "/cgroup");
}

Json probe_process(std::string_view commands) {
  std::vector<std::string> args = split_words(commands);
  args.insert(args.begin(), "/probe");
  return {{"args", args}, {"cwd", "/"}, {"user", {{"uid", 0}, {"gid", 0}}}, {"env", {"PATH=/"}}};
}

}  // namespace coracle::test
