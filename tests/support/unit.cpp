// By systemctl, and the files of cgroup v2.
#include "tests/support/unit.hpp"

#include <unistd.h>

#include <filesystem>

#include <doctest/doctest.h>

#include "tests/support/summary.hpp"
#include "tests/support/text.hpp"

namespace coracle::test {
namespace fs = std::filesystem;

namespace {

std::string trim_line(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

}  // namespace

bool systemd_is_init() {
  if (fs::exists("/run/systemd/system")) return true;
  skip_case("systemd is not PID 1 here: contrib/vm has a machine where it is");
  return false;
}

bool is_v2() {
  if (fs::exists("/sys/fs/cgroup/cgroup.controllers")) return true;
  skip_case("cgroup v2 is needed: systemd has cgroup v1 here");
  return false;
}

std::string systemctl(const std::vector<std::string>& args) {
  std::vector<std::string> words = {"systemctl"};
  words.insert(words.end(), args.begin(), args.end());
  return run({.args = words}).out;
}

Unit::Unit(const std::string& prefix) : prefix_(prefix) {
  config["linux"]["cgroupsPath"] = slice() + ":" + prefix_ + ":" + id();
}

Unit::~Unit() {
  command({"delete", "--force", id()});
}

std::string Unit::slice() {
  return "coracleunit" + std::to_string(::getpid()) + ".slice";
}

std::string Unit::setting(const std::string& file) const {
  return words(read_file(directory() + "/" + file));
}

std::string Unit::property(const std::string& key) const {
  const std::string text = systemctl({"show", "--property=" + key, name()});
  return trim_line(text.substr(text.find('=') + 1));
}

Outcome Unit::create_unit(const std::vector<std::string>& globals) const {
  std::vector<std::string> args = globals;
  for (const std::string& word : {std::string("create"), std::string("--bundle"), dir(), id()})
    args.push_back(word);
  Program create = program(args);
  create.out_path = path("output");
  return test::run(create);
}

void Unit::launch_unit() const {
  const Outcome created = create_unit();
  REQUIRE_MESSAGE(created.exit_code == 0, created.text());
  const Outcome started = start();
  REQUIRE_MESSAGE(started.exit_code == 0, started.text());
}

void Unit::wait_in(const std::string& script) {
  add_busybox();
  config["process"]["args"] = {"/bin/sh", "-c", script + " sleep 999"};
}

Outcome Unit::exec(const std::string& script) const {
  return command({"exec", id(), "/bin/sh", "-c", script});
}

std::string Unit::cgroups() const {
  return read_file("/proc/" + std::to_string(pid()) + "/cgroup");
}

}  // namespace coracle::test
