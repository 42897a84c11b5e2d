// A container that CRIU saves and restores.
#include "tests/support/checkpointed.hpp"

#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>

#include <doctest/doctest.h>

#include "tests/support/summary.hpp"
#include "tests/support/text.hpp"

namespace coracle::test {

namespace {

constexpr const char* counter =
    "i=0; while :; do i=$((i+1)); echo $i >/dev/shm/count; sleep 0.02; done";

// Empty when it works.
std::string why_no_criu() {
  const Outcome version = run(with_criu({.args = {"sh", "-c", "criu --version"}}));
  if (version.exit_code != 0) return "needs criu: see contrib/criu-for-tests";
  const Outcome check = run(with_criu({.args = {"unshare", "-m", "criu", "check"}}));
  if (check.exit_code == 0) return "";
  const std::string why = check.err.substr(0, check.err.find('\n'));
  return words(version.out) + " does not work on this kernel: " + why;
}

}  // namespace

const std::string after_go = "until [ -e /go ]; do sleep 0.02; done; ";

Program with_criu(Program program) {
  const char* criu = ::getenv("CRIU");
  if (criu == nullptr || *criu == '\0') return program;
  const std::string directory = std::filesystem::path(criu).parent_path().string();
  program.environment.push_back("PATH=" + directory + ":" + ::getenv("PATH"));
  return program;
}

bool cannot_run_criu() {
  static const std::string why = testing_old_runc() ? "newer than runc 1.1" : why_no_criu();
  if (why.empty()) return false;
  skip_case(why.c_str());
  return true;
}

Checkpointed::Checkpointed() {
  add_busybox();
  script(counter);
}

std::string Checkpointed::logs() const {
  return test::run({.args = {"sh", "-c", "tail -n 30 " + images() + "/*.log"}}).out;
}

Outcome Checkpointed::checkpoint(const std::vector<std::string>& flags) const {
  return with_images("checkpoint", flags, {});
}

Outcome Checkpointed::restore(const std::vector<std::string>& flags) const {
  return with_images("restore", flags, {"--bundle", dir()});
}

Outcome Checkpointed::with_images(const std::string& command, const std::vector<std::string>& flags,
                                  const std::vector<std::string>& more) const {
  std::vector<std::string> args = {command, "--image-path", images()};
  args.insert(args.end(), more.begin(), more.end());
  args.insert(args.end(), flags.begin(), flags.end());
  args.push_back(id());
  Program wanted = with_criu(program(args));
  wanted.out_path = path("stdout");
  wanted.err_path = path("stderr");
  // CRIU opens its stdio anew, in a user namespace as the mapped root.
  for (const std::string& file : {wanted.out_path, wanted.err_path}) {
    write_file(file, "");
    ::chmod(file.c_str(), 0666);
  }
  return test::run(wanted);
}

void Checkpointed::must_checkpoint(const std::vector<std::string>& flags) const {
  const Outcome outcome = checkpoint(flags);
  REQUIRE_MESSAGE(outcome.exit_code == 0, outcome.text() << logs());
}

void Checkpointed::must_restore(const std::vector<std::string>& flags) const {
  const Outcome outcome = restore(flags);
  REQUIRE_MESSAGE(outcome.exit_code == 0, outcome.text() << logs());
  CHECK(status() == "running");
}

int Checkpointed::count() const {
  return ::atoi(read_file(inner("/dev/shm/count")).c_str());
}

bool Checkpointed::counts() const {
  const int before = count();
  return eventually([&] { return count() > before; });
}

void Checkpointed::round_trip() const {
  launch();
  CHECK(counts());
  const int before = count();
  must_checkpoint();
  CHECK(status() == "unknown");
  must_restore();
  CHECK(counts());
  CHECK(count() > before);
  CHECK(count() < before + 1000);
}

void Checkpointed::end() const {
  const Outcome outcome = remove({"--force"});
  CHECK_MESSAGE(outcome.exit_code == 0, outcome.text());
}

std::string Checkpointed::inner(const std::string& file) const {
  return "/proc/" + std::to_string(pid()) + "/root" + file;
}

Outcome Checkpointed::inside(const std::string& option, const std::string& text) const {
  return test::run(
      {.args = {"nsenter", "-t", std::to_string(pid()), option, "/bin/sh", "-ec", text}});
}

NetworkHolder::NetworkHolder()
    : process_({.args = {"unshare", "-n", "sh", "-ec", "ip link set lo up; sleep 60"}}) {
  const auto has_own = [&] {
    return std::filesystem::read_symlink(path()) !=
           std::filesystem::read_symlink("/proc/self/ns/net");
  };
  REQUIRE(eventually([&] {
    const Program list = {.args = {"nsenter", "--net=" + path(), "ip", "link"}};
    return has_own() && contains(run(list).out, "LOOPBACK,UP");
  }));
}

std::string NetworkHolder::path() const {
  return "/proc/" + std::to_string(process_.pid()) + "/ns/net";
}

}  // namespace coracle::test
