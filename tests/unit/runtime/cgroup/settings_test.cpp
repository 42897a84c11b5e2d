// What undoes a setting, and settings written into files that take everything.
#include "runtime/cgroup/settings.hpp"

#include <doctest/doctest.h>

#include "tests/unit/temporary_tree.hpp"

using namespace coracle::cgroup;
using coracle::test::TemporaryTree;

namespace {

std::string former(const char* file, const char* value, const char* text) {
  return former_value({.controller = "any", .file = file, .value = value}, text);
}

}  // namespace

TEST_CASE("settings: the former value of a file with one is its text") {
  CHECK(former("memory.max", "1", "max\n") == "max");
  CHECK(former("cpu.max", "50000 100000", "max 100000\n") == "max 100000");
}

TEST_CASE("settings: an empty list is written as a line break") {
  CHECK(former("cpuset.cpus", "0", "\n") == "\n");
}

TEST_CASE("settings: the former value for a device is its line") {
  const char* text = "8:0 rbps=1 wbps=max riops=max wiops=max\n8:16 rbps=2\n";
  CHECK(former("io.max", "8:16 rbps=7", text) == "8:16 rbps=2");
  CHECK(former("blkio.throttle.read_bps_device", "8:0 9", "8:0 5\n") == "8:0 5");
}

TEST_CASE("settings: a device without a line gets what removes one") {
  CHECK(former("io.max", "8:0 rbps=7", "") == "8:0 rbps=max wbps=max riops=max wiops=max");
  CHECK(former("io.weight", "8:0 7", "default 100\n") == "8:0 default");
  CHECK(former("blkio.throttle.read_bps_device", "8:0 9", "") == "8:0 0");
  CHECK(former("rdma.max", "mlx5_0 hca_handle=1", "") == "mlx5_0 hca_handle=max hca_object=max");
}

TEST_CASE("settings: a weight for all devices is the line of that name") {
  CHECK(former("io.weight", "50", "default 100\n8:0 50\n") == "default 100");
}

TEST_CASE("settings: the switch of the out-of-memory killer is read from its line") {
  CHECK(former("memory.oom_control", "1", "oom_kill_disable 0\nunder_oom 0\n") == "0");
}

TEST_CASE("settings: those of the first controller end where another's begin") {
  const std::vector<Setting> settings = {{"cpu", "a", "1"}, {"cpu", "b", "1"}, {"io", "c", "1"}};
  CHECK(run_length(settings) == 2);
}

TEST_CASE("settings: what was written is put back, and nothing else") {
  const TemporaryTree tree{{"pids.max", "max"}, {"untouched", "7"}};
  const std::vector<Setting> settings = {{"pids", "pids.max", "012"}, {"pids", "untouched", "7"}};
  const auto before = former_settings(tree.path(), settings);
  REQUIRE(write_settings(tree.path(), settings).has_value());
  CHECK(tree.read("pids.max") == "012");
  CHECK(put_back(tree.path(), before).empty());
  CHECK(tree.read("pids.max") == "max");
}

TEST_CASE("settings: what cannot be put back is told") {
  const TemporaryTree tree{{"pids.max", "3"}};
  const std::vector<Setting> gone = {{"pids", "gone", "5"}};
  CHECK(put_back(tree.path(), gone) == gone);
}

TEST_CASE("settings: a file that is missing fails, is left out, or stands for the next") {
  const TemporaryTree tree{{"there", ""}};
  CHECK_FALSE(write_settings(tree.path(), std::vector<Setting>{{"c", "gone", "1"}}).has_value());
  CHECK(write_settings(tree.path(), std::vector<Setting>{{"c", "gone", "1", IfMissing::skip}})
            .has_value());
  const std::vector<Setting> forms = {{"c", "gone", "1", IfMissing::use_next}, {"c", "there", "2"}};
  CHECK(write_settings(tree.path(), forms).has_value());
  CHECK(tree.read("there") == "2");
}
