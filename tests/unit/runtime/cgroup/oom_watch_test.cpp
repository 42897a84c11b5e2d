// The v2 watch on a file that looks like memory.events; v1 needs its kernel side.
#include "runtime/cgroup/oom_watch.hpp"

#include <doctest/doctest.h>

#include "tests/unit/temporary_tree.hpp"

using namespace coracle::cgroup;
using coracle::test::TemporaryTree;

namespace {

Cgroup v2_cgroup(const std::string& dir) {
  return Cgroup({.mode = Mode::v2}, {.v1 = {}, .v2 = dir}, {});
}

}  // namespace

TEST_CASE("oom watch: each growth of oom_kill is news once") {
  const TemporaryTree tree{{"memory.events", "oom 1\noom_kill 1\n"}};
  auto watch = OomWatch::open(v2_cgroup(tree.path()));
  REQUIRE(watch.has_value());
  CHECK_FALSE(watch->take());
  tree.write("memory.events", "oom 2\noom_kill 2\n");
  CHECK(watch->take());
  CHECK_FALSE(watch->take());
}

TEST_CASE("oom watch: reaching a limit without a kill is no news") {
  const TemporaryTree tree{{"memory.events", "max 0\noom_kill 0\n"}};
  auto watch = OomWatch::open(v2_cgroup(tree.path()));
  REQUIRE(watch.has_value());
  tree.write("memory.events", "max 9\noom_kill 0\n");
  CHECK_FALSE(watch->take());
}

TEST_CASE("oom watch: a container without memory controller cannot be watched") {
  const TemporaryTree tree{};
  CHECK_FALSE(OomWatch::open(v2_cgroup(tree.path())).has_value());
  CHECK_FALSE(OomWatch::open(v2_cgroup("")).has_value());
}

TEST_CASE("oom watch: an empty one sees nothing") {
  OomWatch watch;
  CHECK_FALSE(static_cast<bool>(watch.fd()));
  CHECK_FALSE(watch.take());
}
