// The rules of `process`.
#include <doctest/doctest.h>

#include "oci-spec/validate.hpp"
#include "tests/unit/oci-spec/minimal.hpp"

using namespace coracle::oci;
using test::error_of;

namespace {

std::string refusal(auto change) {
  Process process = *test::minimal_spec().process;
  change(process);
  return error_of(validate_process(process));
}

}  // namespace

TEST_CASE("validate process: in config.json the pointer starts at /process") {
  Spec spec = test::minimal_spec();
  spec.process->cwd = "tmp";
  CHECK(error_of(validate(spec)) == "config.json: /process/cwd: \"tmp\" is not an absolute path");
}

TEST_CASE("validate process: cwd is absolute and args name a program") {
  CHECK(refusal([](Process& p) { p.cwd.clear(); }) ==
        "process.json: /cwd: \"\" is not an absolute path");
  CHECK(refusal([](Process& p) { p.args.clear(); }) ==
        "process.json: /args: missing or empty, expected at least the program's name");
}

TEST_CASE("validate process: the id that the kernel takes for \"unchanged\" is refused") {
  constexpr std::uint32_t no_id = 4294967295;
  const std::string why =
      ": 4294967295 is no id: setresuid(2) takes it for \"unchanged\", and the process would stay "
      "root; expected 0 to 4294967294";
  CHECK(refusal([](Process& p) { p.user.uid = no_id; }) == "process.json: /user/uid" + why);
  CHECK(refusal([](Process& p) { p.user.gid = no_id; }) == "process.json: /user/gid" + why);
  CHECK(refusal([](Process& p) { p.user.additional_gids = {1, no_id}; }) ==
        "process.json: /user/additionalGids/1" + why);
  CHECK(refusal([](Process& p) { p.user = {.uid = no_id - 1, .gid = no_id - 1}; }).empty());
}

TEST_CASE("validate process: a variable has a name and a value") {
  CHECK(refusal([](Process& p) { p.env = {"A=", "B=c=d", "C"}; }) ==
        "process.json: /env/2: \"C\" is not NAME=value");
  CHECK(refusal([](Process& p) { p.env = {"=x"}; }) ==
        "process.json: /env/0: \"=x\" is not NAME=value");
}

TEST_CASE("validate process: resource limits are known, unique and ordered") {
  CHECK(refusal([](Process& p) { p.rlimits = {{"RLIMIT_FOO", 1, 1}}; }) ==
        "process.json: /rlimits/0/type: \"RLIMIT_FOO\" is not a resource limit of Linux");
  CHECK(refusal([](Process& p) { p.rlimits = {{"RLIMIT_AS", 1, 1}, {"RLIMIT_AS", 2, 2}}; }) ==
        "process.json: /rlimits/1/type: \"RLIMIT_AS\" is limited twice");
  CHECK(refusal([](Process& p) { p.rlimits = {{.type = "RLIMIT_AS", .hard = 1, .soft = 2}}; }) ==
        "process.json: /rlimits/0/soft: 2 is above the hard limit 1");
}

TEST_CASE("validate process: oomScoreAdj stays in the kernel's range") {
  CHECK(refusal([](Process& p) { p.oom_score_adj = -1000; }).empty());
  CHECK(refusal([](Process& p) { p.oom_score_adj = 1001; }) ==
        "process.json: /oomScoreAdj: 1001 is not between -1000 and 1000");
}

TEST_CASE("validate process: scheduler fields belong to their policies") {
  const auto with = [](const Scheduler& scheduler) {
    return refusal([&](Process& p) { p.scheduler = scheduler; });
  };
  CHECK(with({.policy = SchedulerPolicy::batch, .nice = 20, .flags = {}}) ==
        "process.json: /scheduler/nice: 20 is not between -20 and 19");
  CHECK(with({.policy = SchedulerPolicy::other, .priority = 1, .flags = {}}) ==
        "process.json: /scheduler/priority: 1 has no meaning with SCHED_OTHER, expected "
        "SCHED_FIFO or SCHED_RR");
  CHECK(with({.policy = SchedulerPolicy::fifo, .flags = {}, .runtime = 1}) ==
        "process.json: /scheduler: runtime, deadline and period have no meaning with "
        "SCHED_FIFO, expected SCHED_DEADLINE");
  CHECK(with({.policy = SchedulerPolicy::deadline,
              .flags = {},
              .runtime = 1,
              .deadline = 2,
              .period = 3})
            .empty());
}

TEST_CASE("validate process: an I/O priority is between 0 and 7") {
  CHECK(refusal([](Process& p) {
          p.io_priority = IoPriority{.class_ = IoPriorityClass::idle, .priority = 8};
        }) == "process.json: /ioPriority/priority: 8 is not between 0 and 7");
}

TEST_CASE("validate process: CPU affinity is a list of CPUs") {
  CHECK(refusal([](Process& p) {
          p.exec_cpu_affinity = ExecCpuAffinity{.initial = "0-3, 7", .final = "all"};
        }) == "process.json: /execCPUAffinity/final: \"all\" is not a list of CPUs like 0-3,7");
}

TEST_CASE("validate process: a console size matters with a terminal alone") {
  const auto with_terminal = [](bool terminal) {
    return refusal([terminal](Process& p) {
      p.terminal = terminal;
      p.console_size = ConsoleSize{.height = 65536, .width = 1};
    });
  };
  CHECK(with_terminal(false).empty());
  CHECK(with_terminal(true) ==
        "process.json: /consoleSize/height: 65536 is not between 0 and 65535");
}
