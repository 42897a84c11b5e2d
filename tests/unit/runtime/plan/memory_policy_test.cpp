// linux.memoryPolicy as set_mempolicy(2) wants it.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "runtime/plan/plan.hpp"

namespace {

using namespace coracle;
using namespace coracle::plan;
using Mode = oci::MemoryPolicyMode;
using Flag = oci::MemoryPolicyFlag;

plan::MemoryPolicy planned(Mode mode, const std::string& nodes, std::vector<Flag> flags = {}) {
  return plan_memory_policy({.mode = mode, .nodes = nodes, .flags = std::move(flags)}).value();
}

std::string refusal(Mode mode, const std::string& nodes) {
  const auto result = plan_memory_policy({.mode = mode, .nodes = nodes, .flags = {}});
  return result ? "" : result.error().text();
}

}  // namespace

TEST_CASE("memory policy: modes have the kernel's numbers") {
  CHECK(planned(Mode::default_, "").mode == 0);
  CHECK(planned(Mode::preferred, "").mode == 1);
  CHECK(planned(Mode::bind, "0").mode == 2);
  CHECK(planned(Mode::interleave, "0").mode == 3);
  CHECK(planned(Mode::local, "").mode == 4);
  CHECK(planned(Mode::preferred_many, "0").mode == 5);
  CHECK(planned(Mode::weighted_interleave, "0").mode == 6);
}

TEST_CASE("memory policy: flags are bits of the mode") {
  CHECK(planned(Mode::bind, "0", {Flag::static_nodes, Flag::numa_balancing}).mode == 0xa002);
  CHECK(planned(Mode::preferred, "0", {Flag::relative_nodes}).mode == 0x4001);
}

TEST_CASE("memory policy: nodes become a bit mask") {
  using Words = std::vector<unsigned long>;
  CHECK(planned(Mode::bind, "0-3,7").nodes == Words{0x8f});
  CHECK(planned(Mode::bind, " 1 , 1 ").nodes == Words{2});
  CHECK(planned(Mode::bind, "0,64").nodes == Words{1, 1});
  CHECK(planned(Mode::bind, "1023").nodes.size() == 16);
  CHECK(planned(Mode::preferred, "").nodes.empty());
}

TEST_CASE("memory policy: malformed and impossible nodes are refused") {
  CHECK(refusal(Mode::bind, "0-9876543210") ==
        "/linux/memoryPolicy/nodes: invalid memory policy nodes \"0-9876543210\": "
        "node 9876543210 is not below 1024");
  for (const char* nodes :
       {"a", "1-", "-1", "3-1", "0,,1", "1 2", "0x1", "99999999999999999999999"}) {
    CHECK(refusal(Mode::bind, nodes).find("invalid memory policy nodes") != std::string::npos);
  }
}

TEST_CASE("memory policy: the mode says how many nodes there are") {
  CHECK(refusal(Mode::default_, "0-7").find("mode requires 0 nodes but got 8") !=
        std::string::npos);
  CHECK(refusal(Mode::local, "0").find("mode requires 0 nodes but got 1") != std::string::npos);
  for (const Mode mode :
       {Mode::bind, Mode::interleave, Mode::weighted_interleave, Mode::preferred_many}) {
    CHECK(refusal(mode, "").find("requires at least one node but got 0") != std::string::npos);
  }
}
