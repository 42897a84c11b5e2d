#include "tests/support/user_bundle.hpp"

#include <unistd.h>

#include <filesystem>

#include <doctest/doctest.h>

#include "tests/support/leftovers.hpp"

namespace coracle::test {

namespace fs = std::filesystem;

Json map_of(unsigned container, unsigned host, unsigned size) {
  return {{"containerID", container}, {"hostID", host}, {"size", size}};
}

void give(const std::string& path, unsigned owner) {
  REQUIRE_MESSAGE(::lchown(path.c_str(), owner, owner) == 0, path);
}

bool no_helpers() {
  return coracle::test::run({.args = {"sh", "-c", "command -v newuidmap && command -v newgidmap"}})
             .exit_code != 0;
}

UserBundle::UserBundle() {
  config["linux"].erase("cgroupsPath");
  config["process"].erase("oomScoreAdj");
  write_file(path("passwd"), "root:x:0:0:root:/root:/bin/sh\nuser:x:" + std::to_string(account) +
                                 ":" + std::to_string(account) + "::/:/bin/sh\n");
  for (const char* file : {"subuid", "subgid"})
    write_file(path(file), "user:" + std::to_string(first_sub_id) + ":65536\n");
  fs::create_directory(path("run"));
  map(Json::array({map_of(0, account, 1)}));
  own_rootfs(account);
  for (const char* name : {"", "bundle", "run"}) give(path(name), account);
}

void UserBundle::map(const Json& mappings) {
  drop_namespace(config, "user");
  add_namespace(config, "user");
  config["linux"]["uidMappings"] = mappings;
  config["linux"]["gidMappings"] = mappings;
}

void UserBundle::map_ranges() {
  map(Json::array({map_of(0, account, 1), map_of(1, first_sub_id, 1000),
                   map_of(1001, first_sub_id + 5000, 10)}));
}

Program UserBundle::as_user(std::vector<std::string> args) const {
  const std::string script =
      "for f in passwd subuid subgid; do mount --bind $0/$f /etc/$f || exit 99; done; id=$1; "
      "shift; exec setpriv --reuid $id --regid $id --clear-groups \"$@\"";
  Program program = {.args = {"unshare", "--mount", "--propagation", "private", "sh", "-c", script,
                              path(""), std::to_string(account)},
                     .environment = {"XDG_RUNTIME_DIR=" + path("run"), "USER=user"}};
  program.args.insert(program.args.end(), args.begin(), args.end());
  return program;
}

Program UserBundle::coracle(std::vector<std::string> args) const {
  Bundle::program({});  // writes config.json
  args.insert(args.begin(), runtime_binary());
  return as_user(std::move(args));
}

Outcome UserBundle::run(const std::vector<std::string>& more) const {
  std::vector<std::string> args = {"run", "--bundle", dir()};
  args.insert(args.end(), more.begin(), more.end());
  args.push_back(id());
  return coracle::test::run(coracle(std::move(args)));
}

Outcome UserBundle::report(std::string_view commands) {
  probe(commands);
  Outcome outcome = run();
  CHECK_MESSAGE(outcome.exit_code == 0, outcome.text());
  check_state_is_gone();
  return outcome;
}

void UserBundle::check_state_is_gone() const {
  if (fs::exists(state())) CHECK_MESSAGE(!has_containers(state()), "state is left in " << state());
}

}  // namespace coracle::test
