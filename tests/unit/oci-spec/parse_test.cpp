// config.json but for the `linux` object.
#include "oci-spec/parse.hpp"

#include <doctest/doctest.h>

#include "oci-spec/write.hpp"
#include "tests/unit/oci-spec/minimal.hpp"

using namespace coracle::oci;
using test::error_of;

namespace {

// Every field once, in the order in which it is written.
constexpr std::string_view whole_spec =
    R"({"ociVersion":"1.3.0","process":{"terminal":true,"consoleSize":{"height":25,"width":80},)"
    R"("user":{"uid":1,"gid":2,"umask":18,"additionalGids":[3,4]},"args":["sh","-c","true"],)"
    R"("env":["A=b"],"cwd":"/tmp","capabilities":{"bounding":["CAP_CHOWN"],"effective":["CAP_KILL"],)"
    R"("inheritable":["CAP_X"],"permitted":["CAP_KILL"],"ambient":["CAP_KILL"]},)"
    R"("rlimits":[{"type":"RLIMIT_NOFILE","hard":18446744073709551615,"soft":1024}],)"
    R"("noNewPrivileges":true,"apparmorProfile":"p","oomScoreAdj":0,)"
    R"("scheduler":{"policy":"SCHED_DEADLINE","nice":-1,"priority":2,)"
    R"("flags":["SCHED_FLAG_RESET_ON_FORK","SCHED_FLAG_UTIL_CLAMP_MAX"],"runtime":1,"deadline":2,)"
    R"("period":3},"selinuxLabel":"l","ioPriority":{"class":"IOPRIO_CLASS_IDLE","priority":7},)"
    R"("execCPUAffinity":{"initial":"0","final":"0-1"}},"root":{"path":"rootfs","readonly":true},)"
    R"("hostname":"h","domainname":"d","mounts":[{"destination":"/m","type":"bind","source":"s",)"
    R"("options":["rbind"],"uidMappings":[{"containerID":0,"hostID":1,"size":2}],)"
    R"("gidMappings":[{"containerID":3,"hostID":4,"size":5}]}],)"
    R"("hooks":{"prestart":[{"path":"/a","args":["a","b"],"env":["C=d"],"timeout":5}],)"
    R"("createRuntime":[{"path":"/b"}],"createContainer":[{"path":"/c"}],)"
    R"("startContainer":[{"path":"/d"}],"poststart":[{"path":"/e"}],"poststop":[{"path":"/f"}]},)"
    R"("annotations":{"k":"v"}})";

std::string refusal(std::string_view text) {
  return error_of(parse_spec(text));
}

}  // namespace

TEST_CASE("spec: every field is read and written again") {
  const auto spec = parse_spec(whole_spec);
  REQUIRE(error_of(spec).empty());
  CHECK(write_spec(*spec, false) == whole_spec);
}

TEST_CASE("spec: fields arrive where they belong") {
  const auto spec = parse_spec(whole_spec);
  REQUIRE(spec.has_value());
  CHECK(spec->process->scheduler->policy == SchedulerPolicy::deadline);
  CHECK(spec->process->rlimits.at(0).hard == 18446744073709551615U);
  CHECK(spec->process->io_priority->class_ == IoPriorityClass::idle);
  CHECK(spec->process->user.umask == 18);
  CHECK(spec->mounts.at(0).gid_mappings.at(0) == IdMapping{3, 4, 5});
  CHECK(spec->hooks.prestart.at(0).timeout_s == 5);
  CHECK(spec->hooks.poststop.at(0).path == "/f");
}

TEST_CASE("spec: required fields are required") {
  CHECK(refusal("{}") == "config.json: /ociVersion: missing, expected a string");
  CHECK(refusal(R"({"ociVersion": "1.0.0"})") == "config.json: /root: missing, expected an object");
  CHECK(refusal(R"({"ociVersion": "1.0.0", "root": {}})") ==
        "config.json: /root/path: missing, expected a string");
  CHECK(refusal(R"({"mounts": [{"source": "x"}]})") ==
        "config.json: /mounts/0/destination: missing, expected a string");
  CHECK(refusal(R"({"process": {"args": ["x"]}})") ==
        "config.json: /process/cwd: missing, expected a string");
  CHECK(refusal(R"({"hooks": {"poststop": [{"timeout": 1}]}})") ==
        "config.json: /hooks/poststop/0/path: missing, expected a string");
  CHECK(refusal(R"({"process": {"rlimits": [{"type": "RLIMIT_AS", "hard": 1}]}})") ==
        "config.json: /process/rlimits/0/soft: missing, expected a uint64");
}

TEST_CASE("spec: a process without user runs as root") {
  const auto process = parse_process(R"({"cwd": "/", "args": ["sh"]})");
  REQUIRE(process.has_value());
  CHECK(process->user.uid == 0);
  CHECK(error_of(parse_process(R"({"cwd": "/", "user": {"uid": 1}})")) ==
        "process.json: /user/gid: missing, expected a uint32");
}

TEST_CASE("spec: what Go writes for empty lists is accepted") {
  const auto spec = parse_spec(
      R"({"ociVersion": "1.0.2-dev", "root": {"path": "r"}, "mounts": null, "hooks": null,
          "annotations": null, "linux": {"namespaces": null, "seccomp": null},
          "process": {"cwd": "/", "args": ["a"], "capabilities": null, "env": null}})");
  REQUIRE(error_of(spec).empty());
  CHECK_FALSE(spec->process->capabilities.has_value());
}

TEST_CASE("spec: properties of other platforms are ignored") {
  CHECK(refusal(R"({"ociVersion": "1.3.0", "root": {"path": "r"}, "windows": {"layerFolders": 1},
                    "vm": [], "process": {"cwd": "/", "commandLine": 3}})")
            .empty());
}

TEST_CASE("process: what is written is what was read") {
  const std::string text = R"({"user":{"uid":0,"gid":0},"args":["sh"],"cwd":"/"})";
  CHECK(write_process(*parse_process(text), false) == text);
}

TEST_CASE("mounts: a list of them is read by itself") {
  const auto mounts =
      parse_mounts(R"([{"destination": "/a"}, {"destination": "/b", "type": "x"}])");
  REQUIRE(mounts.has_value());
  REQUIRE(mounts->size() == 2);
  CHECK((*mounts)[1].type == "x");
  CHECK(error_of(parse_mounts(R"({"mounts": []})")) == "mounts.json: an object is not an array");
  CHECK(error_of(parse_mounts(R"([{"type": "x"}])")) ==
        "mounts.json: /0/destination: missing, expected a string");
}

TEST_CASE("spec: an error carries the name that was given") {
  CHECK(error_of(parse_spec("[]", "/b/config.json")) ==
        "/b/config.json: an array is not an object");
}

TEST_CASE("spec: an indented text reads back as the compact one") {
  const auto spec = parse_spec(whole_spec);
  const auto again = parse_spec(write_spec(*spec, true));
  REQUIRE(again.has_value());
  CHECK(write_spec(*again, false) == whole_spec);
}
