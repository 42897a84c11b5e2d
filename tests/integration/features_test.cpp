// `features`: what engines read in it.
#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/bundle.hpp"
#include "tests/support/summary.hpp"

using namespace coracle::test;

namespace {

// Those of `wanted` that `list` does not have.
std::vector<std::string> missing(const Json& list, const std::vector<std::string>& wanted) {
  std::vector<std::string> absent;
  for (const std::string& word : wanted)
    if (std::find(list.begin(), list.end(), word) == list.end()) absent.push_back(word);
  return absent;
}

}  // namespace

TEST_CASE("features: all of specification 1.3, and nothing on stderr") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  const Outcome outcome = Bundle().command({"features"});
  REQUIRE_MESSAGE(outcome.exit_code == 0, outcome.text());
  CHECK(outcome.err == "");
  const Json features = Json::parse(outcome.out);
  CHECK(features.at("ociVersionMin") == "1.0.0");
  CHECK(features.at("ociVersionMax").get<std::string>().starts_with("1."));
  CHECK(features.at("hooks").size() == 6);
  CHECK(
      missing(features.at("mountOptions"), {"rro", "rrw", "idmap", "ridmap", "rbind", "tmpcopyup"})
          .empty());
  const Json& config = features.at("linux");
  CHECK(missing(config.at("namespaces"),
                {"cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"})
            .empty());
  CHECK(missing(config.at("capabilities"), {"CAP_CHOWN", "CAP_CHECKPOINT_RESTORE"}).empty());
  CHECK(config.at("mountExtensions").at("idmap").at("enabled") == true);
  CHECK(config.at("netDevices").at("enabled") == true);
  CHECK(config.at("memoryPolicy").at("modes").size() == 7);
  for (const char* member : {"cgroup", "apparmor", "selinux", "intelRdt"})
    CHECK_MESSAGE(config.at(member).is_object(), std::string(member));
}

TEST_CASE("features: seccomp tells actions, operators, architectures and flags") {
  const Json seccomp = Json::parse(Bundle().command({"features"}).out).at("linux").at("seccomp");
  CHECK(seccomp.at("enabled") == true);
  CHECK(missing(seccomp.at("actions"), {"SCMP_ACT_ALLOW", "SCMP_ACT_NOTIFY"}).empty());
  CHECK(missing(seccomp.at("operators"), {"SCMP_CMP_EQ", "SCMP_CMP_MASKED_EQ"}).empty());
  CHECK(missing(seccomp.at("archs"), {"SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"}).empty());
  if (testing_old_runc()) return;  // it has no flags
  CHECK(missing(seccomp.at("knownFlags"), {"SECCOMP_FILTER_FLAG_LOG"}).empty());
  CHECK(missing(seccomp.at("supportedFlags"), {"SECCOMP_FILTER_FLAG_TSYNC"}).empty());
}

TEST_CASE("features: annotations that can run programs on the host are named") {
  if (testing_old_runc()) return skip_case("newer than runc 1.1");
  const Json features = Json::parse(Bundle().command({"features"}).out);
  CHECK(features.at("potentiallyUnsafeConfigAnnotations") ==
        Json::array({"org.criu.config", "org.systemd.property.", "run.oci."}));
  CHECK(features.at("annotations").at("org.opencontainers.runc.checkpoint.enabled") == "true");
}

// A chroot of a package's build has none.
TEST_CASE("features, list: they need no /proc") {
  const Bundle bundle;
  std::filesystem::create_directory(bundle.path("root"));
  for (const char* command : {"features", "list"}) {
    Program program = bundle.program({command});
    const std::vector<std::string> without = {
        "unshare", "--mount", "sh", "-c", "umount --lazy /proc; exec \"$@\"", "sh"};
    program.args.insert(program.args.begin(), without.begin(), without.end());
    const Outcome outcome = run(program);
    CHECK_MESSAGE(outcome.exit_code == 0, outcome.text());
    CHECK_MESSAGE(outcome.err == "", outcome.text());
  }
}
