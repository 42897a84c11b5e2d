// The commands of runtime.md#lifecycle, and what they say when they refuse.
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include <doctest/doctest.h>

#include "tests/support/bundle.hpp"
#include "tests/support/text.hpp"

using namespace coracle::test;

TEST_CASE("run: the program's output and exit status are the command's") {
  Bundle bundle;
  bundle.probe("pids -- stderr complaint -- exit 7");
  const Outcome outcome = bundle.run();
  CHECK(outcome.exit_code == 7);
  CHECK(outcome.value("pid") == "1");
  CHECK(outcome.err == "complaint\n");
}

TEST_CASE("run: a program that a signal ended gives 128 and the signal") {
  Bundle bundle;
  bundle.add_busybox();
  bundle.config["process"]["args"] = {"/bin/sh", "-c", "/probe signal 15; exit $?"};
  CHECK(bundle.run().exit_code == 128 + SIGTERM);
  // The first process of a PID namespace is deaf to signals from inside, but not to KILL from
  // outside.
  bundle.probe("wait-signal");
  Running running(bundle.program({"run", "--bundle", bundle.dir(), bundle.id()}));
  REQUIRE(bundle.reaches("running"));
  CHECK(bundle.kill("KILL").exit_code == 0);
  CHECK(running.wait().exit_code == 128 + SIGKILL);
}

TEST_CASE("run: stdin, stdout and stderr are the command's own") {
  Bundle bundle;
  bundle.probe("stdin");
  Program program = bundle.program({"run", "--bundle", bundle.dir(), bundle.id()});
  program.input = "from outside";
  CHECK(run(program).value("stdin") == "from outside");
}

TEST_CASE("run: a signal to the command goes to the program") {
  Bundle bundle;
  bundle.probe("wait-signal");
  Program program = bundle.program({"run", "--bundle", bundle.dir(), bundle.id()});
  program.out_path = bundle.path("output");
  Running running(program);
  REQUIRE(bundle.wrote("ready=1"));
  ::kill(running.pid(), SIGUSR1);
  CHECK(bundle.wrote("caught=USR1"));
  ::kill(running.pid(), SIGTERM);
  CHECK(running.wait().exit_code == 0);
  CHECK(bundle.wrote("caught=TERM"));
}

TEST_CASE("run: the bundle is the working directory unless another is named") {
  Bundle bundle;
  Program program = bundle.program({"run", bundle.id()});
  program.directory = bundle.dir();
  CHECK(run(program).exit_code == 0);
}

TEST_CASE("run --detach: the container outlives the command") {
  Bundle bundle;
  bundle.probe("wait-signal");
  Program program = bundle.program({"run", "--detach", "--bundle", bundle.dir(), bundle.id()});
  program.out_path = bundle.path("output");
  CHECK(run(program).exit_code == 0);
  CHECK(bundle.status() == "running");
  REQUIRE(bundle.wrote("ready=1"));
  CHECK(bundle.kill("TERM").exit_code == 0);
  CHECK(bundle.reaches("stopped"));
  CHECK(bundle.remove().exit_code == 0);
}

TEST_CASE("run --keep: the container stays until it is deleted") {
  Bundle bundle;
  CHECK(bundle.run({"--keep"}).exit_code == 0);
  CHECK(bundle.status() == "stopped");
  CHECK(bundle.remove().exit_code == 0);
}

TEST_CASE("lifecycle: create, start, kill, delete, and the status after each") {
  Bundle bundle;
  bundle.probe("wait-signal");
  const Outcome created = bundle.create();
  REQUIRE_MESSAGE(created.exit_code == 0, created.text());
  CHECK(bundle.output() == "");
  CHECK(bundle.status() == "created");
  CHECK(bundle.start().exit_code == 0);
  CHECK(bundle.status() == "running");
  REQUIRE(bundle.wrote("ready=1"));
  CHECK(bundle.kill("USR1").exit_code == 0);
  CHECK(bundle.wrote("caught=USR1"));
  CHECK(bundle.kill("15").exit_code == 0);
  CHECK(bundle.reaches("stopped"));
  CHECK(bundle.remove().exit_code == 0);
  CHECK(bundle.status() == "unknown");
}

TEST_CASE("state: it has the specification's fields, and those that engines read") {
  Bundle bundle;
  bundle.config["annotations"] = {{"org.example.key", "value"}};
  bundle.probe("wait-signal");
  bundle.launch();
  const Json state = bundle.state();
  CHECK(state.at("id") == bundle.id());
  CHECK(state.at("bundle") == bundle.dir());
  CHECK(state.at("rootfs") == bundle.rootfs());
  CHECK(state.at("annotations").at("org.example.key") == "value");
  CHECK(std::filesystem::exists("/proc/" + std::to_string(state.at("pid").get<int>())));
  const std::string created = state.at("created");
  CHECK_MESSAGE((created.size() >= 20 && created.back() == 'Z' && created[10] == 'T'), created);
  CHECK(state.at("ociVersion").get<std::string>().starts_with("1."));
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("state: a stopped container has pid 0 and keeps its facts") {
  Bundle bundle;
  bundle.launch();
  REQUIRE(bundle.reaches("stopped"));
  const Json state = bundle.state();
  CHECK(state.value("pid", 0) == 0);
  CHECK(state.at("bundle") == bundle.dir());
  CHECK(bundle.remove().exit_code == 0);
}

TEST_CASE("unknown id: each command says that the container does not exist") {
  Bundle bundle;
  for (const char* name : {"state", "start", "delete"}) {
    const Outcome outcome = bundle.command({name, bundle.id()});
    CHECK(outcome.exit_code == 1);
    CHECK_MESSAGE(contains(outcome.err, "container does not exist"), name << outcome.text());
  }
  CHECK(contains(bundle.kill("KILL").err, "container does not exist"));
}

TEST_CASE("delete --force: an unknown id is no error and no word") {
  Bundle bundle;
  const Outcome outcome = bundle.remove({"--force"});
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.err == "");
}

TEST_CASE("create: an id that exists is refused and its container untouched") {
  Bundle bundle;
  bundle.probe("wait-signal");
  bundle.launch();
  const Outcome again = bundle.create();
  CHECK(again.exit_code == 1);
  CHECK_MESSAGE(contains(again.out, "container with given ID already exists"), again.text());
  CHECK(bundle.status() == "running");
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("create: an id with other characters than [A-Za-z0-9_+.-] is refused") {
  Bundle bundle;
  for (const char* id : {"a/b", "..", ".", "a b", "", "a:b", "../x"}) {
    const Outcome outcome = bundle.command({"create", "--bundle", bundle.dir(), id});
    CHECK_MESSAGE(outcome.exit_code == 1, id << outcome.text());
  }
}

TEST_CASE("create: a bundle without config.json, or with a broken one, names the file") {
  Bundle bundle;
  const Outcome missing = bundle.command({"create", "--bundle", bundle.path(""), bundle.id()});
  CHECK(missing.exit_code == 1);
  CHECK_MESSAGE(contains(missing.err, "config.json"), missing.text());
  bundle.config = "text";
  CHECK(bundle.create().exit_code == 1);
}

TEST_CASE("start: a container that runs, or has stopped, is refused") {
  Bundle bundle;
  bundle.probe("wait-signal");
  bundle.launch();
  CHECK(bundle.start().exit_code == 1);
  CHECK(bundle.kill("KILL").exit_code == 0);
  REQUIRE(bundle.reaches("stopped"));
  const Outcome outcome = bundle.start();
  CHECK(outcome.exit_code == 1);
  CHECK(outcome.err != "");
  CHECK(bundle.remove().exit_code == 0);
}

TEST_CASE("kill: a created container can be killed") {
  Bundle bundle;
  REQUIRE(bundle.create().exit_code == 0);
  CHECK(bundle.kill("KILL").exit_code == 0);
  CHECK(bundle.reaches("stopped"));
  CHECK(bundle.remove().exit_code == 0);
}

TEST_CASE("kill: a stopped container is \"container not running\", but not for --all") {
  Bundle bundle;
  bundle.launch();
  REQUIRE(bundle.reaches("stopped"));
  const Outcome outcome = bundle.kill("KILL");
  CHECK(outcome.exit_code == 1);
  CHECK_MESSAGE(contains(outcome.err, "container not running"), outcome.text());
  CHECK(bundle.command({"kill", "--all", bundle.id(), "9"}).exit_code == 0);
  CHECK(bundle.remove().exit_code == 0);
}

TEST_CASE("kill: names with and without SIG, numbers, and TERM as default") {
  Bundle bundle;
  bundle.probe("wait-signal");
  bundle.launch();
  REQUIRE(bundle.wrote("ready=1"));
  for (const char* signal : {"SIGUSR1", "usr2", "1"}) CHECK(bundle.kill(signal).exit_code == 0);
  CHECK(bundle.wrote("caught=USR1"));
  CHECK(bundle.wrote("caught=USR2"));
  CHECK(bundle.wrote("caught=HUP"));
  const Outcome unknown = bundle.kill("NOSUCH");
  CHECK(unknown.exit_code == 1);
  CHECK(bundle.command({"kill", bundle.id()}).exit_code == 0);
  CHECK(bundle.reaches("stopped"));
  CHECK(bundle.remove().exit_code == 0);
}

TEST_CASE("delete: a running container is refused without --force") {
  Bundle bundle;
  bundle.probe("wait-signal");
  bundle.launch();
  CHECK(bundle.remove().exit_code == 1);
  CHECK(bundle.status() == "running");
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("list: ids only, JSON, and a table with its five columns") {
  Bundle bundle;
  CHECK(bundle.create().exit_code == 0);
  CHECK(bundle.command({"list", "--quiet"}).out == bundle.id() + "\n");
  const Json listed = Json::parse(bundle.command({"list", "--format", "json"}).out);
  REQUIRE(listed.size() == 1);
  CHECK(listed[0].at("id") == bundle.id());
  CHECK(listed[0].at("status") == "created");
  CHECK(listed[0].at("bundle") == bundle.dir());
  const std::string table = bundle.command({"list"}).out;
  for (const char* column : {"ID", "PID", "STATUS", "BUNDLE", "CREATED"}) {
    CHECK(contains(table, column));
  }
  CHECK(contains(table, bundle.dir()));
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("pid file: decimal, without a newline, there when create returns") {
  Bundle bundle;
  const std::string file = bundle.path("pid");
  CHECK(bundle.create({"--pid-file", file}).exit_code == 0);
  CHECK(read_file(file) == std::to_string(bundle.pid()));
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("pid file: a relative one is below the caller's directory, not the bundle") {
  Bundle bundle;
  Program program =
      bundle.program({"create", "--bundle", bundle.dir(), "--pid-file", "pid", bundle.id()});
  program.directory = bundle.path("");
  CHECK(run(program).exit_code == 0);
  CHECK(read_file(bundle.path("pid")) == std::to_string(bundle.pid()));
  CHECK(bundle.remove({"--force"}).exit_code == 0);
}

TEST_CASE("log: an error is one JSON object with level, msg and time, and text on stderr") {
  Bundle bundle;
  bundle.config["process"]["args"] = {"/no/such"};
  const std::string log = bundle.path("log.json");
  const Outcome outcome = bundle.command(
      {"--log", log, "--log-format", "json", "create", "--bundle", bundle.dir(), bundle.id()});
  CHECK(outcome.exit_code == 1);
  CHECK(contains(outcome.err, "no such file or directory"));
  const std::string text = read_file(log);
  const Json line = Json::parse(text);
  CHECK(line.at("level") == "error");
  CHECK(contains(line.at("msg").get<std::string>(),
                 "exec: \"/no/such\": stat /no/such: no such file or directory"));
  CHECK(line.at("time").get<std::string>()[10] == 'T');
  CHECK(std::count(text.begin(), text.end(), '\n') == 1);
}

TEST_CASE("log: it is silent on success, and so is stderr") {
  Bundle bundle;
  const std::string log = bundle.path("log.json");
  const Outcome outcome = bundle.command(
      {"--log", log, "--log-format=json", "run", "--bundle", bundle.dir(), bundle.id()});
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.err == "");
  CHECK(std::filesystem::exists(log));
  CHECK(read_file(log) == "");
}

TEST_CASE("log: a file that cannot be made is an error, whatever the command") {
  Bundle bundle;
  const Outcome outcome = bundle.command({"--log", bundle.path("no/log.json"), "list"});
  CHECK(outcome.exit_code == 1);
  CHECK(outcome.out == "");
  CHECK(contains(outcome.err, "no/log.json: no such file or directory"));
}

TEST_CASE("spec: what it writes can be run") {
  Bundle bundle;
  CHECK(run({.args = {runtime_binary(), "spec", "--bundle", bundle.path("")}}).exit_code == 0);
  const Json written = Json::parse(read_file(bundle.path("config.json")));
  CHECK(written.at("process").at("args") == Json{"sh"});
  const Json cgroups_path = bundle.config["linux"]["cgroupsPath"];
  bundle.config = written;
  bundle.config["process"]["terminal"] = false;
  bundle.config["linux"]["cgroupsPath"] = cgroups_path;
  bundle.config["root"]["readonly"] = false;
  CHECK(bundle.report("ids").value("uid") == "0");
}

TEST_CASE("version: the first line names the program, others commit and specification") {
  const Outcome outcome = run({.args = {runtime_binary(), "--version"}});
  CHECK(outcome.exit_code == 0);
  CHECK(contains(outcome.out, " version "));
  CHECK(contains(outcome.out, "\nspec: "));
}
