// config.md but for mounts, process and hooks: version, root, annotations, what is unknown or
// invalid.
#include <functional>
#include <string>

#include <doctest/doctest.h>

#include "conformance/spec/container.hpp"

using namespace coracle::conformance;

namespace {

// create with the field at `pointer` set to `value` is an error; without it, it works.
void check_invalid(const std::string& pointer, const Json& value) {
  Container container;
  container.must_refuse([&](Json& config) { config[Json::json_pointer(pointer)] = value; });
}

// The same for a part of `process`, which start may apply.
void check_invalid_process(const std::string& pointer, const Json& value) {
  Container container;
  container.must_refuse_to_run(
      [&](Json& config) { config[Json::json_pointer("/process" + pointer)] = value; });
}

}  // namespace

TEST_CASE("config.md#specification-version 1: an ociVersion that is no SemVer is refused") {
  check_invalid("/ociVersion", "one");
}

TEST_CASE("config.md#root 4: a root path that leads to no directory is refused") {
  Container container;
  write_file(container.dir() + "/file", "");
  container.must_refuse([](Json& config) { config["root"]["path"] = "file"; });
}

TEST_CASE("config.md#root 5: a read-only root refuses writes") {
  Container container;
  CHECK(container.tells("touch /file").value("touch") == "ok");
  container.config["root"]["readonly"] = true;
  CHECK(container.tells("touch /file").value("touch") == "EROFS");
}

TEST_CASE("config.md#annotations 1: annotations that are no map are refused") {
  check_invalid("/annotations", Json::array({"key", "value"}));
}

TEST_CASE("config.md#annotations 3: an annotation whose key is empty is refused") {
  check_invalid("/annotations", {{"", "value"}});
}

TEST_CASE("config.md#annotations 24: annotations whose keys are unknown are no error") {
  Container container;
  container.config["annotations"] = {{"org.example.unknown", "value"}};
  container.must_create();
  CHECK(container.state().value("annotations", Json()) == container.config["annotations"]);
}

TEST_CASE("config.md#annotations 25: an annotation whose value is no string is refused") {
  check_invalid("/annotations", {{"org.example.key", 1}});
}

TEST_CASE("config.md#extensibility 1: an unknown property of the configuration is ignored") {
  Container container;
  container.config["unknown"] = {{"a", 1}};
  CHECK(container.tells("ids").value("uid") == "0");
}

TEST_CASE("config.md#extensibility 1: unknown properties of objects inside it are ignored") {
  Container container;
  for (const char* name : {"process", "root", "linux"}) {
    container.config[name]["unknown"] = Json::array({1, "two"});
  }
  container.config["process"]["user"]["unknown"] = true;
  container.config["mounts"][0]["unknown"] = "three";
  container.config["linux"]["resources"]["unknown"] = 4;
  CHECK(container.tells("ids").value("uid") == "0");
}

TEST_CASE("config.md#valid-values 1: a configuration that is no JSON is refused") {
  Container container;
  container.must_create();
  container.must_end();
  REQUIRE(container.remove().exit_code == 0);
  write_file(container.dir() + "/config.json", "{\"ociVersion\": ");
  const coracle::test::Program create = {.args = {coracle::test::runtime_binary(), "--root",
                                                  container.root(), "create", "--bundle",
                                                  container.dir(), container.id()}};
  CHECK(coracle::test::run(create).exit_code != 0);
}

TEST_CASE("config.md#valid-values 1: a number where there must be a string is refused") {
  check_invalid("/hostname", 1);
}

TEST_CASE("config.md#valid-values 1: a version of the specification's future is refused") {
  check_invalid("/ociVersion", "99.0.0");
}

TEST_CASE("config.md#valid-values 1: an unknown type of namespace is refused") {
  Container container;
  container.must_refuse([](Json& config) { add_namespace(config, "dreams"); });
}

TEST_CASE("config.md#valid-values 1: an unknown rootfsPropagation is refused") {
  check_invalid("/linux/rootfsPropagation", "sideways");
}

TEST_CASE("config.md#valid-values 1: an unknown seccomp action is refused") {
  check_invalid("/linux/seccomp", {{"defaultAction", "SCMP_ACT_MAYBE"}});
}

TEST_CASE("config.md#valid-values 1: an unknown seccomp architecture is refused") {
  check_invalid("/linux/seccomp",
                {{"defaultAction", "SCMP_ACT_ALLOW"},
                 {"architectures", {"SCMP_ARCH_ABACUS"}},
                 {"syscalls", {{{"names", {"getpriority"}}, {"action", "SCMP_ACT_ERRNO"}}}}});
}

TEST_CASE("config.md#valid-values 1: an unknown type of device is refused") {
  check_invalid("/linux/devices",
                {{{"path", "/dev/d"}, {"type", "x"}, {"major", 1}, {"minor", 3}}});
}

TEST_CASE("config.md#valid-values 1: an unknown domain of personality is refused") {
  check_invalid("/linux/personality", {{"domain", "LINUX128"}});
}

TEST_CASE("config.md#valid-values 1: an unknown mode of memoryPolicy is refused") {
  check_invalid("/linux/memoryPolicy", {{"mode", "MPOL_DREAM"}, {"nodes", "0"}});
}

TEST_CASE(
    "config.md#valid-values 1: a sysctl of another namespace than the container's is refused") {
  check_invalid("/linux/sysctl", {{"vm.swappiness", "61"}});
}

TEST_CASE("config.md#valid-values 1: mappings without a user namespace are refused") {
  const Json map = {{{"containerID", 0}, {"hostID", 100000}, {"size", 10}}};
  Container container;
  container.must_refuse([&](Json& config) {
    config["linux"]["uidMappings"] = map;
    config["linux"]["gidMappings"] = map;
  });
}

TEST_CASE("config.md#valid-values 1: a host name without a UTS namespace is refused") {
  Container container;
  container.config.erase("hostname");
  drop_namespace(container.config, "uts");
  container.must_refuse([](Json& config) { config["hostname"] = "everybody"; });
}

TEST_CASE("config.md#valid-values 1: an unknown scheduling policy is refused") {
  check_invalid_process("/scheduler", {{"policy", "SCHED_LATER"}});
}

TEST_CASE("config.md#valid-values 1: an unknown class of ioPriority is refused") {
  check_invalid_process("/ioPriority", {{"class", "IOPRIO_CLASS_LATER"}, {"priority", 4}});
}

TEST_CASE("config.md#valid-values 1: an oomScoreAdj that the kernel does not take is refused") {
  check_invalid_process("/oomScoreAdj", 5000);
}

TEST_CASE("config.md#valid-values 1: a negative user id is refused") {
  check_invalid_process("/user/uid", -7);
}

TEST_CASE("config.md#valid-values 1: a program that is not there is refused") {
  check_invalid_process("/args", Json::array({"/no-such-program"}));
}
