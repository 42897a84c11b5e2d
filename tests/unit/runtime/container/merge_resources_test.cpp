// What `update` leaves of the limits that were there.
#include "runtime/container/merge_resources.hpp"

#include <doctest/doctest.h>

using namespace coracle;
using container::merge_resources;

namespace {

oci::Resources with(oci::Memory memory) {
  oci::Resources resources;
  resources.memory = memory;
  return resources;
}

oci::Resources with(oci::Cpu cpu) {
  oci::Resources resources;
  resources.cpu = std::move(cpu);
  return resources;
}

oci::Resources with(oci::BlockIo io) {
  oci::Resources resources;
  resources.block_io = std::move(io);
  return resources;
}

oci::Resources merged(const oci::Resources& now, const oci::Resources& change) {
  auto result = merge_resources(now, change);
  REQUIRE(result.has_value());
  return *std::move(result);
}

std::string refusal(const oci::Resources& now, const oci::Resources& change) {
  const auto result = merge_resources(now, change);
  REQUIRE_FALSE(result.has_value());
  return result.error().text();
}

}  // namespace

TEST_CASE("merge: what is absent, zero or empty stays") {
  const oci::Resources now = with(oci::Cpu{.shares = 100, .quota = 5, .period = 6, .cpus = "0"});
  const oci::Cpu cpu = *merged(now, with(oci::Cpu{.shares = 0, .quota = 0, .cpus = ""})).cpu;
  CHECK(cpu.shares == 100);
  CHECK(cpu.quota == 5);
  CHECK(cpu.period == 6);
  CHECK(cpu.cpus == "0");
}

TEST_CASE("merge: what is given replaces what was there") {
  const oci::Resources now = with(oci::Memory{.limit = 10, .reservation = 5, .swap = 20});
  const oci::Memory memory = *merged(now, with(oci::Memory{.limit = 30, .swap = 40})).memory;
  CHECK(memory.limit == 30);
  CHECK(memory.reservation == 5);
  CHECK(memory.swap == 40);
}

TEST_CASE("merge: an object that was not there is made") {
  CHECK(merged({}, with(oci::Memory{.limit = 30})).memory->limit == 30);
}

TEST_CASE("merge: zero is a value for pids, burst, idle and swappiness") {
  oci::Resources change = with(oci::Cpu{.burst = 0, .idle = 0});
  change.pids_limit = 0;
  change.memory = oci::Memory{.swappiness = 0};
  const oci::Resources after = merged(with(oci::Cpu{.burst = 7, .idle = 1}), change);
  CHECK(after.pids_limit == 0);
  CHECK(after.cpu->burst == 0U);
  CHECK(after.cpu->idle == 0);
  CHECK(after.memory->swappiness == 0U);
}

TEST_CASE("merge: unlimited memory takes the limit on swap with it, unless one is given") {
  const oci::Resources now = with(oci::Memory{.limit = 10, .swap = 20});
  CHECK_FALSE(merged(now, with(oci::Memory{.limit = -1})).memory->swap.has_value());
  CHECK(merged(now, with(oci::Memory{.limit = -1, .swap = 50})).memory->swap == 50);
}

TEST_CASE("merge: limits on kernel memory are left out") {
  const oci::Resources after = merged({}, with(oci::Memory{.kernel = 5, .kernel_tcp = 6}));
  CHECK_FALSE(after.memory->kernel.has_value());
  CHECK_FALSE(after.memory->kernel_tcp.has_value());
}

TEST_CASE("merge: checkBeforeUpdate counts for one update") {
  const oci::Resources once =
      merged({}, with(oci::Memory{.limit = 5, .check_before_update = true}));
  CHECK(once.memory->check_before_update == true);
  CHECK_FALSE(merged(once, {}).memory->check_before_update.has_value());
}

TEST_CASE("merge: shares wait until the container is no longer idle") {
  const oci::Resources idle = merged(with(oci::Cpu{.shares = 100}), with(oci::Cpu{.idle = 1}));
  CHECK(idle.cpu->shares == 100);
  CHECK(refusal(idle, with(oci::Cpu{.shares = 200})) ==
        "cpu.shares 200 cannot be in force while cpu.idle is 1");
  CHECK(merged(idle, with(oci::Cpu{.shares = 200, .idle = 0})).cpu->shares == 200);
}

TEST_CASE("merge: the out-of-memory killer is not given back") {
  CHECK(refusal(with(oci::Memory{.disable_oom_killer = true}),
                with(oci::Memory{.disable_oom_killer = false})) ==
        "memory.disableOOMKiller cannot be taken back");
}

TEST_CASE("merge: device rules are left alone") {
  oci::Resources now;
  now.devices = {{.allow = true}};
  oci::Resources change;
  change.devices = {{.allow = false}, {.allow = false}};
  const oci::Resources after = merged(now, change);
  REQUIRE(after.devices.size() == 1);
  CHECK(after.devices[0].allow);
}

TEST_CASE("merge: a device's last rate is the one that changes, a new device is added") {
  const oci::Resources now =
      with(oci::BlockIo{.throttle_read_bps_device = {{8, 0, 1}, {8, 0, 2}, {8, 16, 3}}});
  const oci::Resources change =
      with(oci::BlockIo{.throttle_read_bps_device = {{8, 0, 7}, {8, 32, 0}}});
  const auto rates = merged(now, change).block_io->throttle_read_bps_device;
  REQUIRE(rates.size() == 4);
  CHECK(rates[0].rate == 1);
  CHECK(rates[1].rate == 7);
  CHECK(rates[2].rate == 3);
  CHECK(rates[3].minor == 32);
  CHECK(rates[3].rate == 0);
}

TEST_CASE("merge: a device keeps the weight that is not given") {
  const oci::Resources now =
      with(oci::BlockIo{.weight_device = {{.major = 8, .weight = 10, .leaf_weight = 20}}});
  const oci::Resources change = with(oci::BlockIo{.weight_device = {{.major = 8, .weight = 30}}});
  const auto weights = merged(now, change).block_io->weight_device;
  REQUIRE(weights.size() == 1);
  CHECK(weights[0].weight == 30);
  CHECK(weights[0].leaf_weight == 20);
}

TEST_CASE("merge: a field replaces what unified said about its file") {
  oci::Resources now;
  now.unified = {{"memory.max", "1"}, {"pids.max", "2"}, {"cpu.weight", "3"}, {"io.max", "4"}};
  oci::Resources change = with(oci::Memory{.limit = 64});
  change.pids_limit = 9;
  const oci::Resources after = merged(now, change);
  CHECK(after.unified == std::map<std::string, std::string>{{"cpu.weight", "3"}, {"io.max", "4"}});
}

TEST_CASE("merge: unified keys are added to those that are there") {
  oci::Resources now;
  now.unified = {{"memory.high", "1"}, {"pids.max", "2"}};
  oci::Resources change;
  change.unified = {{"pids.max", "10"}, {"cpu.weight", "16"}};
  CHECK(merged(now, change).unified == std::map<std::string, std::string>{{"cpu.weight", "16"},
                                                                          {"memory.high", "1"},
                                                                          {"pids.max", "10"}});
}
