// linux.resources -> what is written where: both versions, and which has it.
#include <doctest/doctest.h>

#include "tests/unit/runtime/cgroup/resources_of.hpp"

using namespace coracle;
using namespace coracle::cgroup;

TEST_CASE("settings: nothing configured writes nothing") {
  CHECK(v1({}).empty());
  CHECK(v2({}).empty());
}

TEST_CASE("settings: zeros, empty texts and false, as engines write them, write nothing") {
  oci::Resources resources;
  resources.memory = oci::Memory{.limit = 0,
                                 .reservation = 0,
                                 .swap = 0,
                                 .kernel = 0,
                                 .kernel_tcp = 0,
                                 .swappiness = std::nullopt,
                                 .disable_oom_killer = false,
                                 .use_hierarchy = false,
                                 .check_before_update = false};
  resources.cpu = oci::Cpu{.shares = 0,
                           .quota = 0,
                           .burst = std::nullopt,
                           .period = 0,
                           .realtime_runtime = 0,
                           .realtime_period = 0,
                           .cpus = "",
                           .mems = "",
                           .idle = std::nullopt};
  resources.block_io = oci::BlockIo{};
  resources.block_io->weight = 0;
  resources.block_io->leaf_weight = 0;
  resources.network = oci::Network{.class_id = 0, .priorities = {}};
  CHECK(v1(resources).empty());
  CHECK(v2(resources).empty());
}

// --- pids -------------------------------------------------------------------

TEST_CASE("pids: a limit is written as it is") {
  CHECK(v1(with_pids(7)) == Settings{{"pids", "pids.max", "7"}});
  CHECK(v2(with_pids(7)) == Settings{{"pids", "pids.max", "7"}});
}

TEST_CASE("pids: 0 is a limit, and written as 1") {
  CHECK(v1(with_pids(0)) == Settings{{"pids", "pids.max", "1"}});
  CHECK(v2(with_pids(0)) == Settings{{"pids", "pids.max", "1"}});
}

TEST_CASE("pids: -1 lifts the limit and needs no controller") {
  CHECK(v1(with_pids(-1)) == Settings{{"pids", "pids.max", "max", skip}});
  CHECK(v2(with_pids(-1)) == Settings{{"pids", "pids.max", "max", skip}});
}

// --- memory -----------------------------------------------------------------

TEST_CASE("cpu: an idle group has no weight") {
  const oci::Cpu idle{.shares = 512, .idle = 1};
  CHECK(v1(with(idle)) == Settings{{"cpu", "cpu.idle", "1"}});
  CHECK(v2(with(idle)) == Settings{{"cpu", "cpu.idle", "1"}});
}

TEST_CASE("hugepageLimits: usage, and reservation where the kernel has it; 0 is a limit") {
  oci::Resources resources;
  resources.hugepage_limits = {{.page_size = "2MB", .limit = 4194304},
                               {.page_size = "1GB", .limit = 0}};
  CHECK(v1(resources) == Settings{{"hugetlb", "hugetlb.2MB.limit_in_bytes", "4194304"},
                                  {"hugetlb", "hugetlb.2MB.rsvd.limit_in_bytes", "4194304", skip},
                                  {"hugetlb", "hugetlb.1GB.limit_in_bytes", "0"},
                                  {"hugetlb", "hugetlb.1GB.rsvd.limit_in_bytes", "0", skip}});
  CHECK(v2(resources) == Settings{{"hugetlb", "hugetlb.2MB.max", "4194304"},
                                  {"hugetlb", "hugetlb.2MB.rsvd.max", "4194304", skip},
                                  {"hugetlb", "hugetlb.1GB.max", "0"},
                                  {"hugetlb", "hugetlb.1GB.rsvd.max", "0", skip}});
}

TEST_CASE("rdma: one line for each device") {
  oci::Resources resources;
  resources.rdma = {{"mlx4_0", {.hca_handles = std::nullopt, .hca_objects = 1000}},
                    {"mlx5_1", {.hca_handles = 3, .hca_objects = 10000}}};
  const Settings expected = {{"rdma", "rdma.max", "mlx4_0 hca_object=1000"},
                             {"rdma", "rdma.max", "mlx5_1 hca_handle=3 hca_object=10000"}};
  CHECK(v1(resources) == expected);
  CHECK(v2(resources) == expected);
}

TEST_CASE("split_by_hierarchy: v2 gets what only v2 has") {
  const Host host{.mode = Mode::hybrid,
                  .v1 = {{.controllers = {"cpu", "cpuacct"}, .mount_point = "/c", .own = "/"},
                         {.controllers = {"memory"}, .mount_point = "/m", .own = "/"}},
                  .v2_mount_point = "/u",
                  .v2_own = "/",
                  .v2_controllers = {"cpuset", "hugetlb", "memory"}};
  oci::Resources resources = with_pids(5);
  resources.memory = oci::Memory{.limit = 1};
  resources.cpu = oci::Cpu{.shares = 7, .cpus = "1"};
  resources.hugepage_limits = {{.page_size = "2MB", .limit = 2}};
  resources.unified = {{"memory.high", "1"}};
  const Halves halves = split_by_hierarchy(resources, host);
  CHECK(halves.v1.memory.has_value());
  CHECK_FALSE(halves.v2.memory.has_value());
  CHECK(halves.v1.pids_limit == 5);
  CHECK(halves.v1.hugepage_limits.empty());
  CHECK(halves.v2.hugepage_limits.size() == 1);
  CHECK(halves.v1.cpu->shares == 7);
  CHECK(halves.v1.cpu->cpus.empty());
  CHECK(halves.v2.cpu->cpus == "1");
  CHECK_FALSE(halves.v2.cpu->shares.has_value());
  CHECK(halves.v1.unified.size() == 1);
}
