// $LISTEN_FDS: sockets that a service manager hands to a container.
#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/summary.hpp"
#include "tests/support/text.hpp"
#include "tests/support/waiting.hpp"

using namespace coracle::test;

namespace {

// As a service manager starts a service with sockets: they are for this process id.
Program with_sockets(Program program, const std::string& more = "",
                     const std::string& count = "1") {
  program.inherited = {::open("/etc/passwd", O_RDONLY | O_CLOEXEC)};
  const std::string script = "exec 3<&" + std::to_string(program.inherited[0]) + "; " + more +
                             " LISTEN_FDS='" + count + "' LISTEN_PID=$$ exec \"$@\"";
  program.args.insert(program.args.begin(), {"/bin/sh", "-c", script, "sh"});
  return program;
}

Outcome run_and_close(const Program& program) {
  const Outcome outcome = run(program);
  for (const int fd : program.inherited) ::close(fd);
  return outcome;
}

}  // namespace

TEST_CASE("activation: LISTEN_FDS of run and of exec is for the process that gets it") {
  if (testing_old_runc()) return skip_case("runc does not name the process, and exec has none");
  Waiting container;
  Bundle& bundle = container.bundle;
  const std::vector<std::string> commands = {"/probe", "env", "--", "pids", "--", "fds"};
  container.launch();
  const Outcome outcome =
      run_and_close(with_sockets(container.program({}, commands), "LISTEN_FDNAMES=web"));
  CHECK_MESSAGE(outcome.exit_code == 0, outcome.text());
  CHECK(outcome.value("env.LISTEN_PID") == outcome.value("pid"));
  CHECK(outcome.value("pid") != "1");
  CHECK(outcome.value("env.LISTEN_FDS") == "1");
  CHECK(outcome.value("env.LISTEN_FDNAMES") == "web");
  CHECK(outcome.value("fd.3") == "/etc/passwd");
  CHECK(bundle.kill("TERM").exit_code == 0);
}

TEST_CASE("activation: without a PID namespace LISTEN_PID is the host's number") {
  if (testing_old_runc()) return skip_case("runc says 1");
  Bundle bundle;
  drop_namespace(bundle.config, "pid");
  bundle.probe("env -- pids");
  const Outcome outcome =
      run_and_close(with_sockets(bundle.program({"run", "--bundle", bundle.dir(), bundle.id()})));
  CHECK_MESSAGE(outcome.exit_code == 0, outcome.text());
  CHECK(outcome.value("env.LISTEN_PID") == outcome.value("pid"));
}

TEST_CASE("activation: a LISTEN_FDS that is no count of what is open is one error") {
  if (testing_runc()) return skip_case("runc takes it for none");
  const auto has_error = [](const std::string& error, const std::string& count,
                            const std::vector<std::string>& flags = {}) {
    Bundle bundle;
    std::vector<std::string> args = {"run", "--bundle", bundle.dir(), bundle.id()};
    args.insert(args.begin() + 1, flags.begin(), flags.end());
    const Outcome outcome = run_and_close(with_sockets(bundle.program(args), "", count));
    CHECK(outcome.exit_code == 1);
    CHECK_MESSAGE(contains(outcome.err, bundle.id() + ": " + error + "\"\n"), outcome.text());
  };
  for (const std::string count : {"", "-1", "two", "1 ", "2147483648", "99999999999999999999"})
    has_error("LISTEN_FDS: \\\"" + count + "\\\" is no count", count);
  const std::string not_open = ": descriptor 4 is not open: bad file descriptor";
  for (const std::string count : {"2", "2147483647"})
    has_error("LISTEN_FDS " + count + not_open, count);
  has_error("--preserve-fds 1" + not_open, "1", {"--preserve-fds", "1"});
}

TEST_CASE("activation: those of another process are not passed on") {
  Bundle bundle;
  bundle.probe("env -- fds");
  Program program = bundle.program({"run", "--bundle", bundle.dir(), bundle.id()});
  program.environment = {"LISTEN_FDS=1", "LISTEN_PID=1"};
  const Outcome outcome = run(program);
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.values("env.LISTEN_FDS").empty());
  CHECK(outcome.values("fd.3").empty());
}
