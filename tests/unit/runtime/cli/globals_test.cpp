// Global options.
#include "runtime/cli/globals.hpp"

#include <doctest/doctest.h>

using namespace coracle;

namespace {

cli::Arguments given(const std::string& name, const std::string& value) {
  cli::Arguments arguments;
  arguments.values = {{"root", "/r"}, {"rootless", "false"}, {"log-format", "text"}};
  arguments.values[name] = value;
  return arguments;
}

}  // namespace

TEST_CASE("program_name: a name that ends in runc is runc") {
  CHECK(cli::program_name("/usr/sbin/runc") == "runc");
  CHECK(cli::program_name("docker-runc") == "runc");
  CHECK(cli::program_name("./coracle") == "coracle");
  CHECK(cli::program_name("") == "coracle");
}

TEST_CASE("log settings: a format is text or json") {
  CHECK(cli::log_settings(given("log-format", "json"))->format == container::log::Format::json);
  CHECK(cli::log_settings(given("log-format", "xml")).error().text() == "invalid log-format: xml");
}

TEST_CASE("globals: the root is made absolute and clean") {
  CHECK(cli::resolve_globals(given("root", "/a/../b//c/."), "coracle")->root == "/b/c");
}

TEST_CASE("globals: rootless is a truth value or auto") {
  CHECK(cli::resolve_globals(given("rootless", "true"), "coracle")->rootless);
  CHECK_FALSE(cli::resolve_globals(given("rootless", "false"), "coracle")->rootless);
  CHECK(cli::resolve_globals(given("rootless", "auto"), "coracle").has_value());
  CHECK(cli::resolve_globals(given("rootless", "foo"), "coracle").error().text() ==
        "invalid value \"foo\" for --rootless: not true, false or auto");
}

TEST_CASE("globals: --systemd-cgroup is runc's word for a cgroup manager") {
  CHECK(cli::resolve_globals(given("systemd-cgroup", "true"), "coracle")->cgroup_manager ==
        cgroup::Manager::systemd);
}

TEST_CASE("globals: cgroup managers go by their names, cgroupfs is the default") {
  const auto manager = [](const std::string& name) {
    return cli::resolve_globals(given("cgroup-manager", name), "coracle");
  };
  CHECK(manager("")->cgroup_manager == cgroup::Manager::cgroupfs);
  CHECK(manager("cgroupfs")->cgroup_manager == cgroup::Manager::cgroupfs);
  CHECK(manager("disabled")->cgroup_manager == cgroup::Manager::disabled);
  CHECK(manager("systemd")->cgroup_manager == cgroup::Manager::systemd);
  CHECK(manager("Disabled").error().text() ==
        "invalid value \"Disabled\" for --cgroup-manager: not cgroupfs, systemd or disabled");
}

TEST_CASE("globals: --systemd-cgroup and another cgroup manager contradict each other") {
  cli::Arguments both = given("systemd-cgroup", "true");
  both.values["cgroup-manager"] = "disabled";
  CHECK(cli::resolve_globals(both, "coracle").error().text() ==
        "--systemd-cgroup and --cgroup-manager disabled contradict each other");
}
