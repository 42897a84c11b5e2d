// Running programs with a time limit, their output captured.
#include "tests/support/process.hpp"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <doctest/doctest.h>

namespace coracle::test {
namespace {

std::string temporary_file() {
  std::string path = "/tmp/coracle-output-XXXXXX";
  const int fd = ::mkostemp(path.data(), O_CLOEXEC);
  REQUIRE(fd >= 0);
  ::close(fd);
  return path;
}

[[noreturn]] void give_up(const char* what) {
  const std::string text = std::string("test child: ") + what + ": " + ::strerror(errno) + "\n";
  [[maybe_unused]] const ssize_t written = ::write(2, text.data(), text.size());
  ::_exit(125);
}

void open_as(const std::string& path, int flags, int number) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC, 0644);
  if (fd < 0 || ::dup2(fd, number) < 0) give_up(path.c_str());
  if (fd == number) ::fcntl(fd, F_SETFD, 0);
}

// stdin from a file that has no name any more.
void give_input(const std::string& input) {
  if (input.empty()) return open_as("/dev/null", O_RDONLY, 0);
  const int fd = static_cast<int>(::syscall(SYS_memfd_create, "input", 0));
  if (::write(fd, input.data(), input.size()) < 0 || ::lseek(fd, 0, SEEK_SET) < 0) {
    give_up("input");
  }
  ::dup2(fd, 0);
}

void become(uid_t uid) {
  if (uid == 0) return;
  if (::setgroups(0, nullptr) || ::setresgid(uid, uid, uid) || ::setresuid(uid, uid, uid)) {
    give_up("become another user");
  }
}

void close_all_but(const std::vector<int>& kept) {
  ::syscall(SYS_close_range, 3, ~0U, 4 /* CLOSE_RANGE_CLOEXEC */);
  for (const int fd : kept) ::fcntl(fd, F_SETFD, 0);
}

[[noreturn]] void become_program(const Program& program) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  give_input(program.input);
  open_as(program.out_path, O_WRONLY | O_CREAT | O_APPEND, 1);
  open_as(program.err_path, O_WRONLY | O_CREAT | O_APPEND, 2);
  if (!enter(program.view)) give_up("enter the cgroup view");
  if (!program.directory.empty() && ::chdir(program.directory.c_str())) give_up("chdir");
  for (const std::string& entry : program.environment) ::putenv(::strdup(entry.c_str()));
  std::vector<char*> args;
  for (const std::string& arg : program.args) args.push_back(const_cast<char*>(arg.c_str()));
  args.push_back(nullptr);
  // Found while still root: the tree may be below a home directory that is closed to others.
  const int binary = program.uid == 0 ? -1 : ::open(args[0], O_PATH | O_CLOEXEC);
  become(program.uid);
  close_all_but(program.inherited);
  if (binary >= 0) ::execveat(binary, "", args.data(), environ, AT_EMPTY_PATH);
  ::execvp(args[0], args.data());
  give_up(args[0]);
}

// The wait status, or nothing when the limit passed.
bool ended_within(pid_t pid, int limit_s) {
  const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  REQUIRE(pidfd >= 0);
  pollfd end = {.fd = pidfd, .events = POLLIN, .revents = 0};
  int ready = 0;
  do {
    ready = ::poll(&end, 1, limit_s * 1000);
  } while (ready < 0 && errno == EINTR);
  ::close(pidfd);
  return ready == 1;
}

int reap(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

std::vector<std::string> Outcome::values(std::string_view key) const {
  std::vector<std::string> found;
  std::istringstream lines(out);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.starts_with(key) && line.substr(key.size()).starts_with('=')) {
      found.push_back(line.substr(key.size() + 1));
    }
  }
  return found;
}

std::string Outcome::value(std::string_view key) const {
  const std::vector<std::string> all = values(key);
  return all.empty() ? "(no " + std::string(key) + " in: " + text() + ")" : all.front();
}

std::string Outcome::text() const {
  return "exit code " + std::to_string(exit_code) + "\nstdout: " + out + "\nstderr: " + err;
}

int patience() {
  const char* factor = ::getenv("CORACLE_TEST_PATIENCE");
  return factor == nullptr ? 1 : std::max(1, std::atoi(factor));
}

Running::Running(const Program& program)
    : name_(program.args.at(0)), limit_s_(program.limit_s * patience()) {
  Program ready = program;
  temporary_ = program.out_path.empty();
  if (temporary_) ready.out_path = temporary_file();
  if (program.err_path.empty()) ready.err_path = temporary_ ? temporary_file() : ready.out_path;
  out_path_ = ready.out_path;
  err_path_ = ready.err_path;
  for (const std::string& arg : program.args) name_ += " " + arg;
  pid_ = ::fork();
  REQUIRE(pid_ >= 0);
  if (pid_ == 0) become_program(ready);
}

Running::~Running() {
  if (pid_ > 0) {
    ::kill(-pid_, SIGKILL);
    ::kill(pid_, SIGKILL);
    reap(pid_);
  }
  if (!temporary_) return;
  ::unlink(out_path_.c_str());
  ::unlink(err_path_.c_str());
}

Outcome Running::wait() {
  const bool ended = ended_within(pid_, limit_s_);
  if (!ended) {
    ::kill(-pid_, SIGKILL);
    ::kill(pid_, SIGKILL);
  }
  Outcome outcome;
  outcome.exit_code = reap(pid_);
  pid_ = 0;
  outcome.out = read_file(out_path_);
  outcome.err = read_file(err_path_);
  if (!ended) {
    FAIL_CHECK("killed after ", limit_s_, " s: ", name_, "\n", outcome.text());
  }
  return outcome;
}

Outcome run(const Program& program) {
  return Running(program).wait();
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  // No iterators: they throw when a read fails, as that of an ended process in /proc does.
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void write_file(const std::string& path, std::string_view text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  REQUIRE_MESSAGE(file.good(), "cannot write " << path);
}

bool pause_between_looks() {
  return ::usleep(10'000) == 0;
}

}  // namespace coracle::test
