// Configurations that real engines wrote show the same under coracle as under Debian's runc.
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/bundle.hpp"
#include "tests/support/captured.hpp"
#include "tests/support/facts.hpp"
#include "tests/support/replay.hpp"
#include "tests/support/summary.hpp"

using namespace coracle::test;

namespace {

constexpr const char* reference = "/usr/sbin/runc";

// Those that the table does not allow, as text.
std::string unexpected(const Facts& theirs, const Facts& ours) {
  static const AllowedDifferences table(CORACLE_TEST_DATA "/captured/allowed-differences.txt");
  std::string text;
  for (const Difference& difference : differences(theirs, ours)) {
    if (!table.allow(difference)) text += "\n  " + difference.text();
  }
  return text;
}

// Whether at least one of the runtimes took the configuration.
bool compare(const Replay& what, CgroupView view) {
  Bundle bundle;
  bundle.view = view;
  const Replayed theirs = replay(what, reference, bundle);
  const Replayed ours = replay(what, runtime_binary(), bundle);
  const std::string found = unexpected(theirs.facts, ours.facts);
  CHECK_MESSAGE(found.empty(), what.name << ": differs from runc:" << found << "\n  runc says: "
                                         << theirs.error << "\n  we say: " << ours.error);
  if (theirs.error.empty() || ours.error.empty()) return true;
  std::printf("REFUSED BY BOTH: %s\n  runc: %s\n  we: %s\n", what.name.c_str(),
              theirs.error.c_str(), ours.error.c_str());
  return false;
}

// Every third reports from create and start too.
void compare_all(const std::vector<std::string>& names, CgroupView view = CgroupView::machine) {
  if (!std::filesystem::exists(reference)) return skip_case("no /usr/sbin/runc to compare with");
  if (const auto why = why_not(view)) return skip_case(why->c_str());
  REQUIRE(!names.empty());
  int refused = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    Replay what = {.name = names[i], .report_by_create = i % 3 == 0};
    if (compare(what, view)) continue;
    ++refused;
    Json config = captured_config(what.name);
    what.lower_rlimits = lower_rlimits(config);
    if (what.lower_rlimits) compare(what, view);
  }
  std::printf("%zu configurations replayed, %d of them refused by both\n", names.size(), refused);
}

}  // namespace

TEST_CASE("replay: containerd 1.6's configurations run as under runc") {
  compare_all(captured_by("containerd1.6-"));
}

TEST_CASE("replay: containerd 1.7's configurations run as under runc") {
  compare_all(captured_by("containerd1.7-"));
}

TEST_CASE("replay: Docker 20.10's configurations run as under runc") {
  compare_all(captured_by("docker20.10-"));
}

TEST_CASE("replay: Docker 26.1's configurations run as under runc") {
  compare_all(captured_by("docker26.1-"));
}

TEST_CASE("replay: Podman 4.3's configurations run as under runc") {
  compare_all(captured_by("podman4.3-"));
}

TEST_CASE("replay: Podman 5.4's configurations run as under runc") {
  compare_all(captured_by("podman5.4-"));
}

TEST_CASE("replay: on pure cgroup v1 they run as under runc too") {
  compare_all({"docker20.10-run", "docker20.10-run-limits", "docker20.10-remap-run",
               "docker26.1-run-privileged", "podman4.3-run-limits", "containerd1.6-ctr-run-userns"},
              CgroupView::v1);
}
