// A container as the specification knows it: by the operations of runtime.md alone.
#include "conformance/spec/container.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include <doctest/doctest.h>

#include "tests/support/leftovers.hpp"

namespace coracle::conformance {
namespace fs = std::filesystem;

namespace {

void kill_all_of(const Container& container) {
  for (const std::string& line : test::processes_of(container.id(), container.cgroup())) {
    ::kill(static_cast<pid_t>(std::atoi(line.c_str())), SIGKILL);
  }
}

// In version 2's view: no mount of the suite's own shows it.
void remove_unified_cgroups() {
  const std::string top = "/sys/fs/cgroup" + test::parent_cgroup();
  test::run({.args = {"sh", "-c", "test ! -d $0 || find $0 -depth -type d -exec rmdir {} +", top},
             .view = CgroupView::v2});
}

}  // namespace

Container::Container() {
  checks_leftovers = false;
}

Container::~Container() {
  if (fs::exists(root() + "/" + id())) remove({"--force"});
  kill_all_of(*this);
  if (view == CgroupView::v2) remove_unified_cgroups();
}

void Container::must_create() {
  fs::remove(path("output"));
  fs::remove(path("pid"));
  const Outcome created = create({"--pid-file", path("pid")});
  REQUIRE_MESSAGE(created.exit_code == 0, "create: " << created.text());
  REQUIRE_MESSAGE(process() > 0, "create wrote no process id");
}

void Container::must_start() {
  const Outcome started = start();
  REQUIRE_MESSAGE(started.exit_code == 0, "start: " << started.text() << output());
}

void Container::must_wait() {
  probe("wait-signal");
  must_create();
  must_start();
  REQUIRE_MESSAGE(wrote("ready=1"), "the program has not started: " << output());
}

bool Container::ends() const {
  const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, process(), 0));
  if (pidfd < 0) return true;
  pollfd end = {.fd = pidfd, .events = POLLIN, .revents = 0};
  const bool ended = ::poll(&end, 1, 10'000 * test::patience()) == 1;
  ::close(pidfd);
  return ended;
}

void Container::must_end() {
  const Outcome killed = kill("KILL");
  REQUIRE_MESSAGE(killed.exit_code == 0, "kill: " << killed.text());
  REQUIRE_MESSAGE(ends(), "the container process lives on after SIGKILL");
  // The kernel tells of the end before a runtime that looks into /proc sees it.
  REQUIRE_MESSAGE(reaches("stopped"), "the container's status is " << status());
}

Outcome Container::lives() {
  must_create();
  must_start();
  REQUIRE_MESSAGE(ends(), "the program does not end: " << output());
  REQUIRE_MESSAGE(reaches("stopped"), "the container's status is " << status());
  const Outcome removed = remove();
  REQUIRE_MESSAGE(removed.exit_code == 0, "delete: " << removed.text());
  return {.exit_code = 0, .out = output()};
}

Outcome Container::tells(std::string_view commands) {
  probe(commands);
  return lives();
}

void Container::must_refuse(const Patch& patch) {
  must_create();
  must_end();
  REQUIRE(remove().exit_code == 0);
  patch(config);
  const Outcome created = create();
  CHECK_MESSAGE(created.exit_code != 0, "create works");
  CHECK_MESSAGE(command({"state", id()}).exit_code != 0, "there is a container");
}

void Container::must_refuse_to_run(const Patch& patch) {
  CHECK(tells("ids").value("uid") != "");
  patch(config);
  fs::remove(path("output"));
  const bool is_created = create().exit_code == 0;
  const bool is_started = is_created && start().exit_code == 0;
  CHECK_MESSAGE(!is_started, "create and start work");
  CHECK_MESSAGE(output().find("uid=") == std::string::npos, "the program has run");
}

pid_t Container::process() const {
  return static_cast<pid_t>(std::atoi(read_file(path("pid")).c_str()));
}

std::string Container::script(std::string_view name, std::string_view body) const {
  const std::string at = path(name);
  write_file(at, "#!/bin/sh\n" + std::string(body) + "\n");
  REQUIRE(::chmod(at.c_str(), 0755) == 0);
  return at;
}

void Container::add_hook(const std::string& kind, const std::string& path,
                         const std::vector<std::string>& args) {
  Json hook = {{"path", path}};
  if (!args.empty()) hook["args"] = args;
  config["hooks"][kind].push_back(hook);
}

bool has_option(const std::string& list, const std::string& option) {
  return ("," + list + ",").find("," + option + ",") != std::string::npos;
}

std::string namespace_of(pid_t pid, const std::string& kind) {
  std::error_code problem;
  return fs::read_symlink("/proc/" + std::to_string(pid) + "/ns/" + kind, problem);
}

}  // namespace coracle::conformance
