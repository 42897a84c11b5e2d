// plan_process: everything of `process` but capabilities and scheduling.
#include <doctest/doctest.h>
#include <sys/resource.h>

#include <string>
#include <vector>

#include "runtime/plan/plan.hpp"

namespace {

using namespace coracle;
using namespace coracle::plan;

oci::Process program() {
  oci::Process process;
  process.args = {"/bin/true"};
  process.cwd = "/";
  return process;
}

Plan mapped_plan() {
  Plan plan;
  plan.id_maps.writer = IdMapWriter::direct;
  plan.id_maps.uid_mappings = {{0, 100000, 1000}, {2000, 200000, 1}};
  plan.id_maps.gid_mappings = {{0, 100000, 1000}};
  return plan;
}

Result<plan::Process> planned(const oci::Process& process, const Plan& so_far = {},
                              const HostFacts& facts = {}) {
  std::vector<std::string> warnings;
  auto result = plan_process(process, so_far, facts, warnings);
  CHECK(warnings.empty());
  return result;
}

std::string refusal(const oci::Process& process, const Plan& so_far = {},
                    const HostFacts& facts = {}) {
  const auto result = planned(process, so_far, facts);
  return result ? "" : result.error().text();
}

std::vector<std::string> env_of(std::vector<std::string> env) {
  oci::Process process = program();
  process.env = std::move(env);
  return planned(process).value().env;
}

}  // namespace

TEST_CASE("process: of duplicate variables the last stays, in its place") {
  CHECK(env_of({"A=1", "B=2", "A=3", "C="}) == std::vector<std::string>{"B=2", "A=3", "C="});
  CHECK(env_of({"A=x=y\nz", "AB=1"}) == std::vector<std::string>{"A=x=y\nz", "AB=1"});
}

TEST_CASE("process: an empty HOME is left to init") {
  CHECK(env_of({"HOME=/root", "HOME="}).empty());
  CHECK(env_of({"HOME=", "HOME=/root"}) == std::vector<std::string>{"HOME=/root"});
}

TEST_CASE("process: a variable needs a name and '='") {
  oci::Process process = program();
  process.env = {"A=1", "PATH"};
  CHECK(refusal(process) == "/process/env/1: \"PATH\": invalid environment variable: missing '='");
  process.env = {"=1"};
  CHECK(refusal(process) == "/process/env/0: invalid environment variable: name cannot be empty");
  process.env = {std::string("A=\0B", 4)};
  CHECK(refusal(process).find("NUL") != std::string::npos);
}

TEST_CASE("process: args are kept, and must not be empty or hold NUL") {
  oci::Process process = program();
  process.args = {"sh", "-c", ""};
  CHECK(planned(process).value().args == process.args);
  process.args = {};
  CHECK(refusal(process) == "/process/args: args must not be empty");
  process.args = {std::string("a\0b", 3)};
  CHECK(refusal(process).starts_with("/process/args/0: "));
}

TEST_CASE("process: cwd is cleaned and must be absolute") {
  oci::Process process = program();
  process.cwd = "/var//lib/../run/.";
  CHECK(planned(process).value().cwd == "/var/run");
  process.cwd = "var";
  CHECK(refusal(process) == "/process/cwd: \"var\": cwd must be an absolute path");
}

TEST_CASE("process: ids must be mapped in a new user namespace") {
  oci::Process process = program();
  process.user.uid = 2000;
  process.user.gid = 999;
  process.user.additional_gids = {1, 999};
  const plan::Process user = planned(process, mapped_plan()).value();
  CHECK(user.uid == 2000);
  CHECK(user.gid == 999);
  CHECK(user.additional_gids == std::vector<gid_t>{1, 999});
  CHECK(user.set_groups);
  process.user.additional_gids = {1, 1000};
  CHECK(refusal(process, mapped_plan()) ==
        "/process/user/additionalGids/1: gid 1000 is not mapped in linux.gidMappings");
  process.user.gid = 1000;
  CHECK(refusal(process, mapped_plan()) ==
        "/process/user/gid: gid 1000 is not mapped in linux.gidMappings");
  process.user.uid = 5000;
  CHECK(refusal(process, mapped_plan()) ==
        "/process/user/uid: uid 5000 is not mapped in linux.uidMappings");
}

TEST_CASE("process: ids in a namespace that others made are not checked") {
  oci::Process process = program();
  process.user.uid = 4000000000;
  process.user.gid = 4000000000;
  CHECK(planned(process).value().uid == 4000000000);
}

TEST_CASE("process: additional groups are refused where setgroups is denied") {
  oci::Process process = program();
  Plan plan = mapped_plan();
  plan.id_maps.deny_setgroups = true;
  CHECK_FALSE(planned(process, plan).value().set_groups);
  process.user.additional_gids = {1};
  CHECK(refusal(process, plan).find("cannot set any additional groups in a rootless container") !=
        std::string::npos);
}

TEST_CASE("process: resource limits have the kernel's numbers") {
  oci::Process process = program();
  process.rlimits = {{.type = "RLIMIT_NOFILE", .hard = 2048, .soft = 1024},
                     {.type = "RLIMIT_CORE", .hard = UINT64_MAX, .soft = UINT64_MAX}};
  const std::vector<plan::Rlimit> limits = planned(process).value().rlimits;
  REQUIRE(limits.size() == 2);
  CHECK(limits[0].resource == RLIMIT_NOFILE);
  CHECK(limits[0].limit.rlim_cur == 1024);
  CHECK(limits[0].limit.rlim_max == 2048);
  CHECK(limits[1].resource == RLIMIT_CORE);
  CHECK(limits[1].limit.rlim_max == RLIM64_INFINITY);
}

TEST_CASE("process: wrong resource limits are refused") {
  oci::Process process = program();
  process.rlimits = {{.type = "RLIMIT_FOO", .hard = 1, .soft = 1}};
  CHECK(refusal(process) == "/process/rlimits/0/type: \"RLIMIT_FOO\" is not a resource limit");
  process.rlimits = {{.type = "RLIMIT_AS", .hard = 1, .soft = 2}};
  CHECK(refusal(process) == "/process/rlimits/0: RLIMIT_AS: soft limit 2 is above hard limit 1");
  process.rlimits = {{.type = "RLIMIT_AS", .hard = 1, .soft = 1},
                     {.type = "RLIMIT_AS", .hard = 2, .soft = 2}};
  CHECK(refusal(process) == "/process/rlimits/1/type: RLIMIT_AS is there twice");
}

TEST_CASE("process: oomScoreAdj is in [-1000, 1000]") {
  oci::Process process = program();
  CHECK_FALSE(planned(process).value().oom_score_adj.has_value());
  process.oom_score_adj = -1000;
  CHECK(planned(process).value().oom_score_adj == -1000);
  process.oom_score_adj = 1001;
  CHECK(refusal(process) == "/process/oomScoreAdj: 1001 is not in [-1000, 1000]");
}

TEST_CASE("process: labels need their security module") {
  oci::Process process = program();
  process.apparmor_profile = "docker-default";
  CHECK(refusal(process) ==
        "/process/apparmorProfile: apparmor: config provided but apparmor not supported");
  HostFacts facts;
  facts.apparmor = true;
  CHECK(planned(process, {}, facts).value().apparmor_profile == "docker-default");
  process.selinux_label = "system_u:system_r:svirt_lxc_net_t:s0";
  CHECK(refusal(process, {}, facts) ==
        "/process/selinuxLabel: selinux label is specified in config, but selinux is disabled or "
        "not supported");
  facts.selinux = true;
  CHECK(planned(process, {}, facts).value().selinux_label == process.selinux_label);
}

TEST_CASE("process: a console size without a terminal is ignored") {
  oci::Process process = program();
  process.console_size = oci::ConsoleSize{.height = 24, .width = 80};
  CHECK_FALSE(planned(process).value().console_size.has_value());
  process.terminal = true;
  CHECK(planned(process).value().console_size.value().width == 80);
}

TEST_CASE("process: absent capabilities stay absent") {
  CHECK_FALSE(planned(program()).value().capabilities.has_value());
}

TEST_CASE("process: the caller's groups are kept when the annotation says so") {
  oci::Process process = program();
  CHECK(planned(process).value().set_groups);
  Plan keeping;
  keeping.annotations.keep_original_groups = true;
  CHECK_FALSE(planned(process, keeping).value().set_groups);
}

TEST_CASE("process: groups that are not set need no mapping, and are warned of") {
  oci::Process process = program();
  process.user.additional_gids = {70000};
  Plan keeping = mapped_plan();
  keeping.annotations.keep_original_groups = true;
  std::vector<std::string> warnings;
  CHECK(plan_process(process, keeping, {}, warnings).has_value());
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0] ==
        "/process/user/additionalGids: ignored, because run.oci.keep_original_groups keeps those "
        "of the caller");
}
