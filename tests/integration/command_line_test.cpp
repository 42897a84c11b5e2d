// The command line itself: help for each command, and commands that there are not.
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/bundle.hpp"
#include "tests/support/summary.hpp"
#include "tests/support/text.hpp"

using namespace coracle::test;

namespace {

const std::vector<std::string> commands = {
    "checkpoint", "create", "delete",  "events", "exec", "features", "kill",  "list",  "pause",
    "ps",         "resume", "restore", "run",    "spec", "start",    "state", "update"};

Outcome runtime(std::vector<std::string> args) {
  args.insert(args.begin(), runtime_binary());
  return run({.args = args});
}

}  // namespace

TEST_CASE("command line: each command shows its help on stdout, however it is asked for") {
  for (const std::string& command : commands) {
    CAPTURE(command);
    const Outcome help = runtime({command, "--help"});
    CHECK(help.exit_code == 0);
    CHECK(help.err == "");
    CHECK(contains(help.out, " " + command + " "));
    for (const char* word : {"-h", "-help"}) {
      const Outcome same = runtime({command, word});
      CHECK(same.exit_code == 0);
      CHECK(same.out == help.out);
      CHECK(same.err == "");
    }
    CHECK(runtime({"help", command}).out == help.out);
  }
}

TEST_CASE("command line: a command that there is not ends with 3 and nothing on stdout") {
  for (const std::vector<std::string>& args : std::vector<std::vector<std::string>>{
           {"nonsense"}, {"nonsense", "id"}, {"help", "nonsense"}}) {
    const Outcome outcome = runtime(args);
    CHECK(outcome.exit_code == 3);
    CHECK(outcome.out == "");
    CHECK(contains(outcome.err, "No help topic for 'nonsense'"));
    CHECK_FALSE(contains(outcome.err, "did you mean"));
  }
}

TEST_CASE("command line: a mistyped command is told the one that it resembles") {
  if (testing_old_runc()) return skip_case("runc does not");
  const std::vector<std::pair<std::string, std::string>> typed = {
      {"strat", "start"}, {"exce", "exec"}, {"delet", "delete"}, {"chekpoint", "checkpoint"}};
  for (const auto& [word, meant] : typed) {
    const Outcome outcome = runtime({word, "id"});
    CHECK(outcome.exit_code == 3);
    CHECK(outcome.out == "");
    CHECK(contains(outcome.err, "No help topic for '" + word + "'; did you mean '" + meant + "'?"));
  }
}
