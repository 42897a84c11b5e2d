// Limits, rules and annotations as properties of a unit.
#include "runtime/cgroup/systemd_properties.hpp"

#include <algorithm>
#include <limits>

#include <doctest/doctest.h>

using namespace coracle;
using namespace coracle::cgroup;
using namespace coracle::cgroup::systemd;

namespace {

using Properties = std::vector<Property>;

constexpr std::uint64_t infinity = std::numeric_limits<std::uint64_t>::max();
constexpr int new_version = 257;

Property number(const char* name, std::uint64_t value) {
  return {.name = name, .value = dbus::uint64(value)};
}

Properties limits_of(const oci::Resources& resources, int version = new_version) {
  const auto settings = v2_settings(rounded(resources));
  REQUIRE(settings.has_value());
  const auto properties = limiting_properties(*settings, version);
  REQUIRE_MESSAGE(properties.has_value(), properties.error().text());
  return *properties;
}

Properties unified(std::map<std::string, std::string> files, int version = new_version) {
  oci::Resources resources;
  resources.unified = std::move(files);
  return limits_of(resources, version);
}

oci::Resources with_quota(std::int64_t quota, std::uint64_t period) {
  oci::Resources resources;
  resources.cpu = oci::Cpu{.quota = quota, .period = period};
  return resources;
}

std::string error_of(const auto& result) {
  return result ? "none" : result.error().text();
}

}  // namespace

TEST_CASE("unit limits: memory") {
  oci::Resources resources;
  resources.memory = oci::Memory{.limit = 100 << 20, .reservation = 50 << 20, .swap = 150 << 20};
  CHECK(limits_of(resources) == Properties{number("MemorySwapMax", 50 << 20),
                                           number("MemoryMax", 100 << 20),
                                           number("MemoryLow", 50 << 20)});
  resources.memory = oci::Memory{.limit = -1};
  CHECK(limits_of(resources) ==
        Properties{number("MemorySwapMax", infinity), number("MemoryMax", infinity)});
}

TEST_CASE("unit limits: tasks, of which systemd has at least one") {
  oci::Resources resources;
  resources.pids_limit = 42;
  CHECK(limits_of(resources) == Properties{number("TasksMax", 42)});
  resources.pids_limit = -1;
  CHECK(limits_of(resources) == Properties{number("TasksMax", infinity)});
  CHECK(unified({{"pids.max", "0"}}) == Properties{number("TasksMax", 1)});
}

TEST_CASE("unit limits: shares of the processor have the weight that is written") {
  oci::Resources resources;
  resources.cpu = oci::Cpu{.shares = 1024};
  CHECK(limits_of(resources) == Properties{number("CPUWeight", 100)});
}

TEST_CASE("unit limits: idle is a weight of 0 for systemd that knows it") {
  oci::Resources resources;
  resources.cpu = oci::Cpu{.idle = 1};
  CHECK(limits_of(resources) == Properties{number("CPUWeight", 0)});
  CHECK(limits_of(resources, 251).empty());
  CHECK(unified({{"cpu.idle", "1"}, {"cpu.weight", "50"}}) == Properties{number("CPUWeight", 0)});
}

TEST_CASE("unit limits: a quota is a time in each second") {
  CHECK(limits_of(with_quota(50'000, 100'000)) ==
        Properties{number("CPUQuotaPeriodUSec", 100'000), number("CPUQuotaPerSecUSec", 500'000)});
  CHECK(limits_of(with_quota(-1, 50'000)) ==
        Properties{number("CPUQuotaPeriodUSec", 50'000), number("CPUQuotaPerSecUSec", infinity)});
  CHECK(limits_of(with_quota(50'000, 100'000), 241) ==
        Properties{number("CPUQuotaPerSecUSec", 500'000)});
}

TEST_CASE("unit limits: a quota is rounded up to whole percents, in the files too") {
  CHECK(rounded(with_quota(50'001, 100'000)).cpu->quota == 51'000);
  CHECK(rounded(with_quota(50'000, 100'000)).cpu->quota == 50'000);
  CHECK(rounded(with_quota(1, 100'000)).cpu->quota == 1'000);
  CHECK(rounded(with_quota(-1, 100'000)).cpu->quota == -1);
  const oci::Resources odd = rounded(with_quota(333, 33'333));
  CHECK(limits_of(odd) == limits_of(with_quota(333, 33'333)));
  CHECK(rounded(odd).cpu->quota == odd.cpu->quota);
}

TEST_CASE("unit limits: cpu.max has quota and period, or the quota alone") {
  CHECK(unified({{"cpu.max", "50000 100000"}}) == limits_of(with_quota(50'000, 100'000)));
  CHECK(unified({{"cpu.max", " 50000"}}) == limits_of(with_quota(50'000, 100'000)));
  CHECK(unified({{"cpu.max", "max 100000"}}) == limits_of(with_quota(-1, 100'000)));
}

TEST_CASE("unit limits: a quota that is none is refused") {
  const auto refused = [](const char* text) {
    const Setting settings[] = {{"cpu", "cpu.max", text}};
    return error_of(limiting_properties(settings, new_version));
  };
  CHECK(refused("half") == "cpu.max: no value: \"half\"");
  CHECK(refused("1 2 3") == "cpu.max: no value: \"1 2 3\"");
  CHECK(refused("") == "cpu.max: no value: \"\"");
  CHECK(refused("50000 0") == "no share of the processor: 50000 us in 0 us");
  CHECK(refused("18446744073709551614 1") ==
        "no share of the processor: 18446744073709551614 us in 1 us");
}

TEST_CASE("unit limits: sets of processors and memory nodes") {
  oci::Resources resources;
  resources.cpu = oci::Cpu{.cpus = "0-2,9", .mems = "0"};
  const auto bits = [](std::vector<std::uint64_t> bytes) {
    dbus::Value::Parts parts;
    for (const std::uint64_t byte : bytes) parts.push_back({.type = "y", .data = byte});
    return dbus::array("y", std::move(parts));
  };
  CHECK(limits_of(resources) == Properties{{.name = "AllowedCPUs", .value = bits({7, 2})},
                                           {.name = "AllowedMemoryNodes", .value = bits({1})}});
  CHECK(limits_of(resources, 243).empty());
  CHECK(bit_set(" 1 , ,3-3").value() == bits({10}));
  CHECK(error_of(bit_set("3-1")) == "no range of numbers below 8192: \"3-1\"");
  CHECK(error_of(bit_set("8192")) == "no range of numbers below 8192: \"8192\"");
  CHECK(error_of(bit_set("a")) == "no range of numbers below 8192: \"a\"");
}

TEST_CASE("unit limits: files of the unified hierarchy, of which the later wins") {
  oci::Resources resources;
  resources.memory = oci::Memory{.limit = 100};
  resources.unified = {{"memory.max", "64M"}, {"memory.high", "max"}, {"memory.min", "4096"}};
  CHECK(limits_of(resources) == Properties{number("MemoryMax", 64 << 20),
                                           number("MemoryHigh", infinity),
                                           number("MemoryMin", 4096)});
  const Setting wrong[] = {{"memory", "memory.max", "much"}};
  CHECK(error_of(limiting_properties(wrong, new_version)) == "memory.max: no value: \"much\"");
}

TEST_CASE("unit limits: what systemd has no property for is left to the files") {
  CHECK(unified({{"hugetlb.2MB.max", "0"}, {"cpu.max.burst", "5"}, {"memory.oom.group", "1"}})
            .empty());
  oci::Resources resources;
  resources.block_io = oci::BlockIo{.weight = 500, .weight_device = {{8, 0, 100, {}}}};
  CHECK(limits_of(resources) == Properties{number("IOWeight", 4950)});
}

TEST_CASE("unit limits: files of cgroup v1") {
  oci::Resources resources = with_quota(50'000, 20'000);
  resources.cpu->shares = 512;
  resources.memory = oci::Memory{.limit = 4096};
  resources.block_io = oci::BlockIo{.weight = 500};
  const auto settings = v1_settings(resources);
  CHECK(limiting_properties(*settings, new_version).value() ==
        Properties{number("CPUShares", 512), number("MemoryLimit", 4096),
                   number("BlockIOWeight", 500), number("CPUQuotaPeriodUSec", 20'000),
                   number("CPUQuotaPerSecUSec", 2'500'000)});
}

TEST_CASE("unit limits: memory.oom.group is a policy that only a new unit takes") {
  oci::Resources resources;
  resources.unified = {{"memory.oom.group", "1"}};
  CHECK(oom_policy(resources, new_version) ==
        Properties{{.name = "OOMPolicy", .value = dbus::text("kill")}});
  CHECK(oom_policy(resources, 252).empty());
  resources.unified = {{"memory.oom.group", "0"}};
  CHECK(oom_policy(resources, new_version) ==
        Properties{{.name = "OOMPolicy", .value = dbus::text("continue")}});
  CHECK(oom_policy({}, new_version).empty());
}

TEST_CASE("unit devices: the rules that every container has are in the list") {
  const Properties properties = device_properties({{.allow = false}});
  REQUIRE(properties.size() == 2);
  CHECK(properties[0].name == "DeviceAllow");
  CHECK(properties[0].value.type == "a(ss)");
  const auto& list = std::get<dbus::Value::Parts>(properties[0].value.data);
  const auto has = [&](const char* node, const char* access) {
    const auto entry = dbus::structure({dbus::text(node), dbus::text(access)});
    return std::ranges::find(list, entry) != list.end();
  };
  CHECK(has("/dev/char/1:3", "rwm"));
  CHECK(has("char-136", "rwm"));
  CHECK(has("char-*", "m"));
  CHECK(has("block-*", "m"));
  CHECK(properties[1] == Property{.name = "DevicePolicy", .value = dbus::text("strict")});
}

TEST_CASE("unit devices: rules that systemd has no words for are not told") {
  CHECK(device_properties({{.allow = true}}).empty());
  CHECK(device_properties(
            {{.allow = false}, {.allow = true, .type = oci::DeviceRuleType::block, .minor = 3}})
            .empty());
}

TEST_CASE("unit annotations: a property is a name and a typed value") {
  CHECK(annotated_properties({{"org.systemd.property.TimeoutStopUSec", "uint64 123456789"},
                              {"org.systemd.property.CollectMode", "'inactive-or-failed'"},
                              {"org.other", "x"}})
            .value() ==
        Properties{{.name = "CollectMode", .value = dbus::text("inactive-or-failed")},
                   number("TimeoutStopUSec", 123456789)});
}

TEST_CASE("unit annotations: seconds become microseconds") {
  const auto time = [](const char* text) {
    return annotated_properties({{"org.systemd.property.TimeoutStopSec", text}});
  };
  for (const char* text : {"5", "uint64 5", "5.0", "int16 5"})
    CHECK(time(text).value() == Properties{number("TimeoutStopUSec", 5'000'000)});
  CHECK(time("0.5").value() == Properties{number("TimeoutStopUSec", 500'000)});
  for (const char* text : {"'5'", "-5", "true", "uint64 18446744073709551615", "-0.5", "1e300"})
    CHECK_MESSAGE(!time(text).has_value(), text);
  CHECK(annotated_properties({{"org.systemd.property.XSec", "5"}})->front().name == "XSec");
}

TEST_CASE("unit annotations: what is no property is refused by its name") {
  const auto error = [](const std::string& name, const std::string& text) {
    return error_of(annotated_properties({{"org.systemd.property." + name, text}}));
  };
  const std::string key = "/annotations/org.systemd.property.";
  CHECK(error("ab", "1") == key + "ab: \"1\": name incorrect: too short");
  CHECK(error("", "1") == key + ": \"1\": name incorrect: too short");
  CHECK(error("A_b1", "1") ==
        key + "A_b1: \"1\": name incorrect: contains non-alphabetic character");
  CHECK(error("Some", "wrong") ==
        key + "Some: \"wrong\": value parse error: unknown word \"wrong\"");
  CHECK(error("SomeSec", "'s'") ==
        key + "SomeSec: \"'s'\": value parse error: not a number of seconds");
}

TEST_CASE("unit frame: a scope has a slice, its first process, and cgroups of its own") {
  const Properties scope = unit_properties({.slice = "a.slice", .name = "b-c.scope"}, "web1", 77);
  const auto find = [&](std::string_view name) {
    return std::ranges::find(scope, name, &Property::name)->value;
  };
  CHECK(find("Description") == dbus::text("coracle container web1"));
  CHECK(find("Slice") == dbus::text("a.slice"));
  CHECK(find("Delegate") == dbus::boolean(true));
  CHECK(find("PIDs") == dbus::array("u", {dbus::uint32(77)}));
  CHECK(find("DefaultDependencies") == dbus::boolean(false));
  CHECK(find("MemoryAccounting") == dbus::boolean(true));
}

TEST_CASE("unit frame: a slice wants its parent, and takes no process by itself") {
  const Properties slice = unit_properties({.slice = "a.slice", .name = "a-b.slice"}, "web1", 77);
  const auto has = [&](std::string_view name) {
    return std::ranges::find(slice, name, &Property::name) != slice.end();
  };
  CHECK(has("Wants"));
  for (const char* name : {"Slice", "Delegate", "PIDs"}) CHECK_FALSE(has(name));
}
