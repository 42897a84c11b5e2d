// A runtime that knows containers but not their configuration: it leaves a container its root,
// program and namespaces, and hands the rest of the bundle to the runtime that $CONTROL_RUNTIME
// names.  Cases about a property must fail with it.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace {

using Json = nlohmann::json;

Json plain(const Json& config) {
  Json kept = {
      {"ociVersion", "1.0.2"},
      {"process",
       {{"args", config.value("/process/args"_json_pointer, Json::array({"/probe", "ids"}))},
        {"cwd", "/"},
        {"user", {{"uid", 0}, {"gid", 0}}}}},
      {"root", {{"path", "rootfs"}}},
      {"mounts", {{{"destination", "/proc"}, {"type", "proc"}, {"source", "proc"}}}},
      {"linux", {{"namespaces", {{{"type", "mount"}}, {{"type", "pid"}}}}}},
  };
  if (config.contains("/linux/cgroupsPath"_json_pointer)) {
    kept["linux"]["cgroupsPath"] = config["linux"]["cgroupsPath"];
  }
  return kept;
}

// The bundle's own file is changed: the suite writes it again before its next command.
void rewrite(const std::string& bundle) {
  std::ifstream file(bundle + "/config.json");
  const Json config = Json::parse(file, nullptr, false);
  if (config.is_object()) std::ofstream(bundle + "/config.json") << plain(config).dump(1);
}

}  // namespace

int main(int argc, char** argv) {
  const char* runtime = std::getenv("CONTROL_RUNTIME");
  if (runtime == nullptr) {
    std::fputs("ignoring: CONTROL_RUNTIME names no runtime\n", stderr);
    return 1;
  }
  for (int i = 1; i + 1 < argc; ++i) {
    if (std::string(argv[i]) == "--bundle") rewrite(argv[i + 1]);
  }
  argv[0] = const_cast<char*>(runtime);
  ::execv(runtime, argv);
  std::perror(runtime);
  return 1;
}
