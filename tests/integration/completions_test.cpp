// The shells' completions, asked as the shells ask them.
#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/bundle.hpp"
#include "tests/support/summary.hpp"

using namespace coracle::test;

namespace {

const std::string directory = CORACLE_COMPLETIONS;

bool is_installed(const std::string& shell) {
  return run({.args = {"/bin/sh", "-c", "command -v " + shell + " >/dev/null"}}).exit_code == 0;
}

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> all;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) all.push_back(line);
  return all;
}

bool offers(const std::vector<std::string>& offered, std::string_view word) {
  return std::ranges::find(offered, word) != offered.end();
}

// What bash offers for the last of `words`, the first of which is the program.
std::vector<std::string> by_bash(const std::vector<std::string>& words) {
  Program program = {
      .args = {"bash", "--norc", "-c",
               "source \"$0\"; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _coracle; "
               "printf '%s\\n' \"${COMPREPLY[@]}\"",
               directory + "/coracle.bash"}};
  program.args.insert(program.args.end(), words.begin(), words.end());
  const Outcome outcome = run(program);
  CHECK_MESSAGE(outcome.err.empty(), outcome.text());
  std::vector<std::string> offered = lines(outcome.out);
  std::erase(offered, "");  // printf's line for nothing
  std::ranges::sort(offered);
  return offered;
}

// What fish offers at the end of `line`.
std::vector<std::string> by_fish(const std::string& line) {
  const Outcome outcome =
      run({.args = {"fish", "--no-config", "-c", "source $argv[1]; complete -C $argv[2]",
                    directory + "/coracle.fish", line}});
  CHECK_MESSAGE(outcome.err.empty(), outcome.text());
  std::vector<std::string> offered;
  for (const std::string& one : lines(outcome.out))
    offered.push_back(one.substr(0, one.find('\t')));
  return offered;
}

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("completions: bash offers commands") {
  CHECK(by_bash({"coracle", "cre"}) == Words{"create"});
  CHECK(by_bash({"coracle", "--debug", "--log", "file", "sta"}) == Words{"start", "state"});
  CHECK(by_bash({"coracle", "--log", "=", "file", "sta"}) == Words{"start", "state"});
  CHECK(by_bash({"coracle", "help", "fea"}) == Words{"features"});
}

TEST_CASE("completions: bash offers the options that stand where it is") {
  CHECK(by_bash({"coracle", "--log"}) == Words{"--log", "--log-format"});
  CHECK(by_bash({"coracle", "create", "--no"}) == Words{"--no-new-keyring", "--no-pivot"});
  CHECK(by_bash({"coracle", "delete", "some", "--fo"}) == Words{"--force"});
}

TEST_CASE("completions: bash offers words where the value is one of a few") {
  CHECK(by_bash({"coracle", "--log-format", ""}) == Words{"json", "text"});
  CHECK(by_bash({"coracle", "-log-format", ""}) == Words{"json", "text"});
  CHECK(by_bash({"coracle", "--log-format", "="}) == Words{"json", "text"});
  CHECK(by_bash({"coracle", "--rootless", "=", "a"}) == Words{"auto"});
  CHECK(by_bash({"coracle", "list", "-f", "t"}) == Words{"table"});
  CHECK(by_bash({"coracle", "create", "--preserve-fds", ""}).empty());
}

TEST_CASE("completions: bash offers files and directories by name") {
  const Bundle bundle;
  write_file(bundle.path("with blank"), "");
  CHECK(by_bash({"coracle", "--log", bundle.path("with")}) == Words{bundle.path("with blank")});
  CHECK(by_bash({"coracle", "run", "-b", bundle.path("")}) == Words{bundle.dir()});
}

TEST_CASE("completions: bash offers the ids below --root, then signals") {
  Bundle bundle;
  REQUIRE(bundle.create().exit_code == 0);
  const std::string runtime = runtime_binary();
  const std::string root = bundle.root();
  CHECK(by_bash({runtime, "--root", root, "kill", ""}) == Words{bundle.id()});
  CHECK(by_bash({runtime, "--root", "=", root, "delete", "--force", ""}) == Words{bundle.id()});
  CHECK(by_bash({runtime, "--root", root, "kill", bundle.id(), "K"}) == Words{"KILL"});
  CHECK(by_bash({runtime, "--root", root, "kill", bundle.id(), "SIGK"}) == Words{"SIGKILL"});
  CHECK(by_bash({runtime, "--root", root, "kill", bundle.id(), "KILL", ""}).empty());
  CHECK(by_bash({runtime, "--root", root, "create", ""}).empty());
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("completions: bash leaves a program's options in the container alone") {
  CHECK(offers(by_bash({"coracle", "exec", "--"}), "--tty"));
  CHECK(by_bash({"coracle", "exec", "some", "ls", "--"}).empty());
}

TEST_CASE("completions: fish offers commands, options, words, ids and signals") {
  if (!is_installed("fish")) return skip_case("fish is not installed");
  CHECK(by_fish("coracle cre") == Words{"create"});
  CHECK(offers(by_fish("coracle --log file "), "state"));
  CHECK(by_fish("coracle --log-format ") == Words{"json", "text"});
  CHECK(by_fish("coracle delete --fo") == Words{"--force"});
  Bundle bundle;
  REQUIRE(bundle.create().exit_code == 0);
  const std::string line = runtime_binary() + " --root " + bundle.root() + " kill ";
  CHECK(by_fish(line) == Words{bundle.id()});
  CHECK(by_fish(line + bundle.id() + " KI") == Words{"KILL"});
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("completions: zsh understands its script") {
  if (!is_installed("zsh")) return skip_case("zsh is not installed");
  const Outcome outcome = run({.args = {"zsh", "-n", directory + "/_coracle"}});
  CHECK_MESSAGE(outcome.exit_code == 0, outcome.text());
  CHECK_MESSAGE(outcome.err.empty(), outcome.text());
}
