// Cgroups of an ordinary user's containers.
#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/leftovers.hpp"
#include "tests/support/summary.hpp"
#include "tests/support/text.hpp"
#include "tests/support/user_bundle.hpp"

using namespace coracle::test;
namespace fs = std::filesystem;

namespace {

const std::string hierarchy = "/sys/fs/cgroup/pids";

// A cgroup of v1 that is the user's.
class OwnCgroup {
 public:
  explicit OwnCgroup(const Bundle& bundle) : path_("/coracle-test-" + bundle.id()) {
    fs::create_directory(hierarchy + path_);
    give(hierarchy + path_, account);
  }
  OwnCgroup(const OwnCgroup&) = delete;
  OwnCgroup& operator=(const OwnCgroup&) = delete;
  ~OwnCgroup() { remove_cgroups(path_); }

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// As `setcap` would: setpriv(1), which makes the user, is given more to do.
void make_capable(Program& program) {
  const std::string capabilities = "+sys_admin,+setuid,+setgid,+dac_override";
  const std::vector<std::string> more = {"--inh-caps", capabilities, "--ambient-caps",
                                         capabilities};
  const auto runtime = std::ranges::find(program.args, runtime_binary());
  REQUIRE(runtime != program.args.end());
  program.args.insert(runtime, more.begin(), more.end());
}

}  // namespace

TEST_CASE("rootless: a limit that cannot be set is an error that names it, none is no error") {
  if (testing_old_runc()) return skip_case("runc 1.1 has other words");
  UserBundle bundle;
  bundle.config["linux"]["cgroupsPath"] = "/not-for-users/" + bundle.id();
  CHECK(bundle.report("ids").value("uid") == "0");
  bundle.config["linux"]["resources"] = {{"devices", {{{"allow", false}, {"access", "rwm"}}}}};
  CHECK(bundle.report("ids").value("uid") == "0");
  bundle.config["linux"]["resources"]["pids"] = {{"limit", 10}};
  const Outcome outcome = bundle.run();
  CHECK(outcome.exit_code == 1);
  CHECK_MESSAGE(contains(outcome.err, "pids"), outcome.text());
  CHECK_MESSAGE(std::ranges::count(outcome.err, '\n') == 1, outcome.text());
  bundle.check_state_is_gone();
}

// On v1 only who has the ids of a process, or root, may move it: capabilities count for nothing.
TEST_CASE("rootless: in a hierarchy of v1 whose root inside is not the user, run and exec join") {
  if (!fs::exists(hierarchy)) return skip_case("this machine has no v1 hierarchies");
  if (no_helpers()) return skip_case(why_no_helpers);
  for (const bool capable : {false, true}) {
    UserBundle bundle;
    bundle.add_busybox();
    bundle.own_rootfs(first_sub_id);
    bundle.map(Json::array({map_of(0, first_sub_id, 100)}));
    const OwnCgroup own(bundle);
    bundle.config["linux"]["cgroupsPath"] = own.path() + "/container";
    bundle.config["process"]["args"] = {"sleep", "1000"};
    const auto command = [&](std::vector<std::string> args) {
      Program program = bundle.coracle(std::move(args));
      if (capable) make_capable(program);
      return program;
    };
    Program create = command({"create", "--bundle", bundle.dir(), bundle.id()});
    create.out_path = bundle.path("output");
    REQUIRE_MESSAGE(run(create).exit_code == 0, bundle.output());
    REQUIRE(run(command({"start", bundle.id()})).exit_code == 0);
    const std::string there = ":pids:" + own.path() + "/container\n";
    const Outcome entered =
        run(command({"exec", bundle.id(), "cat", "/proc/self/cgroup", "/proc/1/cgroup"}));
    CHECK_MESSAGE(entered.exit_code == 0, entered.text());
    const std::size_t first = entered.out.find(there);
    CHECK_MESSAGE(first != std::string::npos, entered.out);
    CHECK_MESSAGE(entered.out.find(there, first + 1) != std::string::npos, entered.out);
    CHECK(run(command({"delete", "--force", bundle.id()})).exit_code == 0);
    CHECK_FALSE(fs::exists(hierarchy + own.path() + "/container"));
  }
}
