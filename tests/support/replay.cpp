// One captured configuration run under one runtime as an engine would, and what that shows.
#include "tests/support/replay.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <set>
#include <sstream>

#include <doctest/doctest.h>

#include "tests/support/captured.hpp"
#include "tests/support/leftovers.hpp"
#include "tests/support/report.hpp"
#include "tests/support/sockets.hpp"
#include "tests/support/text.hpp"

namespace coracle::test {
namespace fs = std::filesystem;

namespace {

// While it lives, processes that lose their parent become ours: containers, as under a shim.
class Subreaper {
 public:
  Subreaper() { ::prctl(PR_SET_CHILD_SUBREAPER, 1); }
  Subreaper(const Subreaper&) = delete;
  Subreaper& operator=(const Subreaper&) = delete;
  ~Subreaper() { ::prctl(PR_SET_CHILD_SUBREAPER, 0); }
};

// One container under one runtime.
class Caller {
 public:
  Caller(const Bundle& bundle, std::string runtime)
      : bundle_(bundle), runtime_(std::move(runtime)) {}

  const Bundle& bundle() const { return bundle_; }

  // The command and its options, then the id; what follows an id comes last, as for `kill`.
  Outcome call(const std::string& command, const std::vector<std::string>& options = {}) const {
    return run(program(command, options));
  }
  Outcome kill(const std::string& signal) const {
    Program kill = program("kill", {});
    kill.args.push_back(signal);
    return run(kill);
  }
  // The container keeps the streams of its create.
  Outcome create(const std::vector<std::string>& options) const {
    Program create = program("create", options);
    create.out_path = bundle_.path("output");
    return run(create);
  }

 private:
  Program program(const std::string& command, const std::vector<std::string>& options) const {
    std::vector<std::string> args = {"--log", bundle_.path("log"), "--log-format", "json", command};
    args.insert(args.end(), options.begin(), options.end());
    args.push_back(bundle_.id());
    Program program = bundle_.program(args);
    program.args[0] = runtime_;
    return program;
  }

  const Bundle& bundle_;
  std::string runtime_;
};

std::string exit_of(const Outcome& outcome) {
  return std::to_string(outcome.exit_code);
}

bool has_terminal(const Json& config) {
  return config.at("process").value("terminal", false);
}

// The status that a shell would show, "killed" when it did not end in good time.
std::string wait_for(pid_t pid) {
  const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (pidfd < 0) return "no such process";
  pollfd end = {.fd = pidfd, .events = POLLIN, .revents = 0};
  const bool ended = ::poll(&end, 1, 10'000 * patience()) == 1;
  ::close(pidfd);
  if (!ended) ::kill(pid, SIGKILL);
  int status = 0;
  if (::waitpid(pid, &status, 0) < 0) return "not our child";
  if (!ended) return "killed, because it did not end";
  return std::to_string(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

// What Docker's client makes of a message: the exit code of `docker run`.
std::string engine_exit_code(const std::string& message) {
  if (contains(message, "executable file not found")) return "127";
  if (contains(message, "no such file or directory")) return "127";
  return contains(message, "permission denied") ? "126" : "125";
}

// A file that sets something, or devices.list: not the counters, nor what acts when written.
bool is_setting(const fs::directory_entry& file) {
  struct stat facts = {};
  if (!file.is_regular_file() || ::stat(file.path().c_str(), &facts)) return false;
  const std::string name = file.path().filename();
  for (const char* part :
       {"usage", "failcnt", "procs", "tasks", "threads", "event", "reset", "peak", "pressure"}) {
    if (contains(name, part)) return false;
  }
  return name == "devices.list" || (facts.st_mode & 0600) == 0600;
}

// Rules of v1 act together: their order shows nothing.
std::string in_order(const std::string& rules) {
  std::istringstream stream(rules);
  std::set<std::string> sorted;
  for (std::string rule; std::getline(stream, rule);) sorted.insert(rule);
  std::string text;
  for (const std::string& rule : sorted) text += rule + "\n";
  return text;
}

void add_cgroup_settings(Facts& facts, const Bundle& bundle) {
  for (const std::string& directory : cgroup_directories(bundle.cgroup())) {
    for (const fs::directory_entry& file : fs::directory_iterator(directory)) {
      if (!is_setting(file)) continue;
      facts["cgroup " + file.path().filename().string()] = in_order(read_file(file.path()));
    }
  }
}

void add_state(Facts& facts, const Caller& caller) {
  const Outcome outcome = caller.call("state");
  facts["state.exit"] = exit_of(outcome);
  if (outcome.exit_code != 0) return;
  const Json state = Json::parse(outcome.out);
  for (const auto& [key, value] : state.items()) {
    if (key != "ociVersion" && key != "created" && key != "pid")
      facts["state." + key] = value.dump();
  }
}

std::string describe(const std::string& path) {
  struct stat facts = {};
  REQUIRE(::lstat(path.c_str(), &facts) == 0);
  const auto device = std::to_string(::gnu_dev_major(facts.st_rdev)) + ":" +
                      std::to_string(::gnu_dev_minor(facts.st_rdev));
  std::array<char, 8> mode = {};
  std::snprintf(mode.data(), mode.size(), "%06o", facts.st_mode);
  return std::string(mode.data()) + " " + std::to_string(facts.st_uid) + ":" +
         std::to_string(facts.st_gid) + " " + device;
}

// What is left in the root file system, mount points above all.
void add_rootfs(Facts& facts, const Bundle& bundle) {
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(bundle.rootfs())) {
    const std::string path = entry.path();
    facts["rootfs " + path.substr(bundle.rootfs().size())] = describe(path);
  }
}

// A program that waits for the engine to end it, as a shim does: `kill ID 9`.
bool waits(const Json& config) {
  const Json& args = config.at("process").at("args");
  return args.size() > 1 && args.back() == "1000";
}

struct Created {
  Outcome outcome;
  int console = -1;
};

Created create(const Caller& caller) {
  const Bundle& bundle = caller.bundle();
  fs::remove(bundle.path("pid"));
  fs::remove(bundle.path("output"));
  std::vector<std::string> options = {"--bundle", bundle.dir(), "--pid-file", bundle.path("pid")};
  if (!has_terminal(bundle.config)) return {.outcome = caller.create(options)};
  fs::remove(bundle.path("console"));
  const DeliverySocket socket(bundle.path("console"));
  options.insert(options.end(), {"--console-socket", bundle.path("console")});
  Created created = {.outcome = caller.create(options)};
  if (created.outcome.exit_code == 0) created.console = socket.receive().fd;
  return created;
}

// From a created container to one that is gone; what it wrote.
std::string finish(Facts& facts, const Caller& caller, int console) {
  const Bundle& bundle = caller.bundle();
  facts["start.exit"] = exit_of(caller.call("start"));
  if (waits(bundle.config)) facts["kill.exit"] = exit_of(caller.kill("9"));
  std::string output = console < 0 ? "" : read_terminal(console);
  if (console >= 0) ::close(console);
  facts["program.exit"] = wait_for(std::stoi(read_file(bundle.path("pid"))));
  facts["delete.exit"] = exit_of(caller.call("delete"));
  return console < 0 ? bundle.output() : output;
}

// With the configuration's own arguments.  The error, when the runtime refuses it.
std::string run_as_written(Facts& facts, const Caller& caller) {
  const Created created = create(caller);
  facts["create.exit"] = exit_of(created.outcome);
  if (created.outcome.exit_code != 0) {
    facts["engine.exit"] = engine_exit_code(created.outcome.out);
    return created.outcome.out;
  }
  add_state(facts, caller);
  add_cgroup_settings(facts, caller.bundle());
  facts["output"] = finish(facts, caller, created.console);
  return "";
}

// The probe's report.
std::string run_report(Facts& facts, const Caller& caller, bool by_create) {
  const Bundle& bundle = caller.bundle();
  if (by_create || has_terminal(bundle.config)) {
    const Created created = create(caller);
    return created.outcome.exit_code == 0 ? finish(facts, caller, created.console)
                                          : created.outcome.out;
  }
  const Outcome outcome = caller.call("run", {"--bundle", bundle.dir()});
  facts["run.exit"] = exit_of(outcome);
  return outcome.out + outcome.err;
}

// A configuration of its own for each run, as what it joins keeps what a run changes.
void prepare(const Replay& what, const std::string& runtime, const NamespaceHolder& holder,
             Bundle& bundle) {
  Json config = captured_config(what.name);
  make_busybox_rootfs(bundle, mapped_root(config));
  adapt(config, bundle, holder);
  if (what.lower_rlimits) lower_rlimits(config);
  if (fs::path(runtime).filename() == "runc") adapt_to_runc(config);
  bundle.config = config;
}

Facts report(const Replay& what, const std::string& runtime, Bundle& bundle) {
  const NamespaceHolder holder;
  prepare(what, runtime, holder, bundle);
  report_instead(bundle.config);
  Facts facts;
  const std::string text = run_report(facts, Caller(bundle, runtime), what.report_by_create);
  facts.merge(facts_in(text));
  CHECK_MESSAGE(is_complete(facts), what.name << ": the report ends early:\n" << text);
  return facts;
}

}  // namespace

Replayed replay(const Replay& what, const std::string& runtime, Bundle& bundle) {
  const Subreaper subreaper;
  Facts written;
  {
    const NamespaceHolder holder;
    prepare(what, runtime, holder, bundle);
    const std::string error = run_as_written(written, Caller(bundle, runtime));
    if (!error.empty()) return {.facts = written, .error = error};
  }
  add_rootfs(written, bundle);
  Replayed both = {.facts = report(what, runtime, bundle)};
  for (const auto& [field, value] : written) both.facts["as written: " + field] = value;
  // Those of a configuration without cgroupsPath.
  CHECK(cgroup_directories("/" + bundle.id()).empty());
  return both;
}

}  // namespace coracle::test
