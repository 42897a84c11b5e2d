// Device rules: their v1 lines, and what the eBPF program decides.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <random>

#include "runtime/cgroup/devices.hpp"

using namespace coracle;
using namespace coracle::cgroup;
using oci::DeviceRule;
using enum oci::DeviceRuleType;

namespace {

using Rules = std::vector<DeviceRule>;

struct Request {
  std::uint32_t type;  // BPF_DEVCG_DEV_*
  std::uint32_t major;
  std::uint32_t minor;
  std::uint32_t access;  // BPF_DEVCG_ACC_*
};

constexpr std::uint32_t r = BPF_DEVCG_ACC_READ;
constexpr std::uint32_t w = BPF_DEVCG_ACC_WRITE;
constexpr std::uint32_t m = BPF_DEVCG_ACC_MKNOD;

Request chr(std::uint32_t major, std::uint32_t minor, std::uint32_t access) {
  return {BPF_DEVCG_DEV_CHAR, major, minor, access};
}

Request blk(std::uint32_t major, std::uint32_t minor, std::uint32_t access) {
  return {BPF_DEVCG_DEV_BLOCK, major, minor, access};
}

// The few instructions that the compiler uses; anything else fails the test.
class Machine {
 public:
  explicit Machine(const Request& request)
      : context_{.access_type = (request.access << 16) | request.type,
                 .major = request.major,
                 .minor = request.minor} {}

  std::uint64_t run(const std::vector<bpf_insn>& program) {
    for (std::size_t at = 0; at < program.size(); ++at) {
      const bpf_insn& now = program[at];
      if (now.code == (BPF_JMP | BPF_EXIT)) return registers_[0];
      at += step(now);
    }
    FAIL("the program ends without exit");
    return 0;
  }

 private:
  // How many instructions to skip.
  std::size_t step(const bpf_insn& now) {
    std::uint64_t& to = registers_[now.dst_reg];
    const auto value = static_cast<std::uint32_t>(now.imm);
    switch (now.code) {
      case BPF_LDX | BPF_MEM | BPF_W:
        REQUIRE(now.src_reg == 1);
        to = load(now.off);
        return 0;
      case BPF_ALU | BPF_MOV | BPF_K:
        to = value;
        return 0;
      case BPF_ALU | BPF_MOV | BPF_X:
        to = static_cast<std::uint32_t>(registers_[now.src_reg]);
        return 0;
      case BPF_ALU | BPF_AND | BPF_K:
        to = static_cast<std::uint32_t>(to) & value;
        return 0;
      case BPF_ALU | BPF_RSH | BPF_K:
        to = static_cast<std::uint32_t>(to) >> value;
        return 0;
      case BPF_JMP | BPF_JA:
        return static_cast<std::size_t>(now.off);
      case BPF_JMP32 | BPF_JNE | BPF_K:
        return static_cast<std::uint32_t>(to) != value ? static_cast<std::size_t>(now.off) : 0;
      case BPF_JMP32 | BPF_JEQ | BPF_K:
        return static_cast<std::uint32_t>(to) == value ? static_cast<std::size_t>(now.off) : 0;
      default:
        FAIL("unknown instruction " << static_cast<int>(now.code));
        return 0;
    }
  }

  std::uint32_t load(int offset) const {
    REQUIRE(offset >= 0);
    REQUIRE(offset <= 8);
    std::uint32_t value = 0;
    std::memcpy(&value, reinterpret_cast<const char*>(&context_) + offset, sizeof value);
    return value;
  }

  bpf_cgroup_dev_ctx context_;
  std::array<std::uint64_t, 11> registers_ = {};
};

bool allows(const Rules& rules, const Request& request) {
  const auto program = device_program(rules);
  REQUIRE(program);
  return Machine(request).run(*program) == 1;
}

// By the definition: each bit is decided by the last rule that covers it.
bool naive(const Rules& rules, const Request& request) {
  for (const auto& [bit, letter] : {std::pair(r, 'r'), std::pair(w, 'w'), std::pair(m, 'm')}) {
    if ((request.access & bit) == 0) continue;
    bool allowed = false;
    for (const DeviceRule& rule : rules) {
      const bool same_type =
          rule.type == all || (rule.type == character) == (request.type == BPF_DEVCG_DEV_CHAR);
      const bool same_major = rule.major.value_or(-1) < 0 || rule.major == request.major;
      const bool same_minor = rule.minor.value_or(-1) < 0 || rule.minor == request.minor;
      const bool speaks = rule.access.find(letter) != std::string::npos;
      if (same_type && same_major && same_minor && speaks) allowed = rule.allow;
    }
    if (!allowed) return false;
  }
  return true;
}

DeviceRule rule(bool allow, oci::DeviceRuleType type, std::optional<std::int64_t> major,
                std::optional<std::int64_t> minor, const std::string& access = "rwm") {
  return {.allow = allow, .type = type, .major = major, .minor = minor, .access = access};
}

const DeviceRule deny_all = rule(false, all, {}, {});
const DeviceRule allow_all = rule(true, all, {}, {});

class Dice {
 public:
  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(engine_()) % bound; }

  Rules rules() {
    Rules made(below(7));
    for (DeviceRule& one : made) {
      one.allow = below(2) == 0;
      one.type = std::array{all, character, block}[below(3)];
      one.major = std::array<std::optional<std::int64_t>, 4>{std::nullopt, -1, 1, 2}[below(4)];
      one.minor = std::array<std::optional<std::int64_t>, 4>{std::nullopt, -1, 3, 4}[below(4)];
      one.access = std::array{"r", "w", "m", "rw", "rm", "wm", "rwm"}[below(7)];
    }
    return made;
  }

  Request request() { return {1 + below(2), 1 + below(3), 3 + below(3), below(8)}; }

 private:
  std::mt19937 engine_{7};
};

// Carries out `settings` as the kernel does, for one request.
bool v1_allows(const std::vector<Setting>& settings, const Request& request) {
  bool by_default = true;
  Rules exceptions;
  for (const Setting& setting : settings) {
    const bool allow = setting.file == "devices.allow";
    if (setting.value.starts_with('a')) {
      by_default = allow;
      exceptions.clear();
      continue;
    }
    const std::size_t colon = setting.value.find(':');
    const std::size_t blank = setting.value.find(' ', colon);
    const auto number = [&](std::size_t from, std::size_t to) -> std::int64_t {
      const std::string text = setting.value.substr(from, to - from);
      return text == "*" ? -1 : std::stoll(text);
    };
    exceptions.push_back(rule(!by_default, setting.value[0] == 'c' ? character : block,
                              number(2, colon), number(colon + 1, blank),
                              setting.value.substr(blank + 1)));
    CHECK(allow != by_default);
  }
  Rules whole = {by_default ? allow_all : deny_all};
  whole.insert(whole.end(), exceptions.begin(), exceptions.end());
  return naive(whole, request);
}

}  // namespace

TEST_CASE("device program: without rules everything is denied, but no access at all is not") {
  CHECK_FALSE(allows({}, chr(1, 3, r)));
  CHECK_FALSE(allows({}, blk(8, 0, m)));
  CHECK(allows({}, chr(1, 3, 0)));
}

TEST_CASE("device program: an open for reading and writing needs both") {
  const Rules rules = {deny_all, rule(true, character, 1, 3, "r")};
  CHECK(allows(rules, chr(1, 3, r)));
  CHECK_FALSE(allows(rules, chr(1, 3, r | w)));
  CHECK_FALSE(allows(rules, blk(1, 3, r)));
  CHECK_FALSE(allows(rules, chr(1, 4, r)));
}

TEST_CASE("device program: two rules together grant what each grants a part of") {
  const Rules rules = {rule(true, character, 1, 3, "r"), rule(true, character, 1, {}, "w")};
  CHECK(allows(rules, chr(1, 3, r | w)));
  CHECK_FALSE(allows(rules, chr(1, 5, r | w)));
}

TEST_CASE("device program: a later rule overrides an earlier one") {
  CHECK_FALSE(allows({allow_all, rule(false, character, 1, 3, "w")}, chr(1, 3, r | w)));
  CHECK(allows({allow_all, rule(false, character, 1, 3, "w")}, chr(1, 3, r)));
  CHECK(allows({rule(false, character, 1, 3), allow_all}, chr(1, 3, r | w | m)));
  CHECK_FALSE(allows({rule(true, character, 1, 3), deny_all}, chr(1, 3, r)));
}

TEST_CASE("device program: numbers above 2^31 are compared whole, above 2^32 match nothing") {
  const Rules rules = {rule(true, character, 4294967295, 1)};
  CHECK(allows(rules, chr(4294967295, 1, r)));
  CHECK_FALSE(allows(rules, chr(2147483647, 1, r)));
  CHECK_FALSE(allows({rule(true, character, 4294967297, 1)}, chr(1, 1, r)));
}

TEST_CASE("device program: it decides as the definition says, over random rules") {
  Dice dice;
  for (int i = 0; i < 2000; ++i) {
    const Rules rules = dice.rules();
    for (int j = 0; j < 20; ++j) {
      const Request request = dice.request();
      CHECK(allows(rules, request) == naive(rules, request));
    }
  }
}

TEST_CASE("device program: more rules than a jump can pass are refused, not cut") {
  CHECK(device_program(Rules(2000, rule(true, character, 1, 3, "r"))).has_value());
  const auto program = device_program(Rules(5000, rule(true, character, 1, 3, "r")));
  REQUIRE_FALSE(program);
  CHECK(program.error().text() == "5000 device rules are more than a program can jump over");
}

TEST_CASE("device program: block devices are no exception to that") {
  Rules rules;
  for (std::int64_t minor = 0; minor < 40000; ++minor) rules.push_back(rule(true, block, 8, minor));
  CHECK_FALSE(device_program(rules));
}

TEST_CASE("device program: rules that say the same compare a major number once") {
  Rules one = {deny_all};
  Rules many = one;
  one.push_back(rule(true, character, 1, 0));
  for (std::int64_t minor = 0; minor < 10; ++minor) many.push_back(rule(true, character, 1, minor));
  const auto with_one = device_program(one);
  const auto with_many = device_program(many);
  REQUIRE(with_one);
  REQUIRE(with_many);
  CHECK(with_many->size() == with_one->size() + 9);
  CHECK(allows(many, chr(1, 9, r | w | m)));
  CHECK_FALSE(allows(many, chr(1, 10, r)));
  CHECK_FALSE(allows(many, chr(2, 9, r)));
}

TEST_CASE("device program: a rule for a minor number of every major stands beside others") {
  const Rules rules = {deny_all, rule(true, character, {}, 7), rule(true, character, 1, 3)};
  CHECK(allows(rules, chr(200, 7, r | w | m)));
  CHECK(allows(rules, chr(1, 7, r)));
  CHECK(allows(rules, chr(1, 3, r)));
  CHECK_FALSE(allows(rules, chr(200, 3, r)));
}

TEST_CASE("effective_device_rules: what every container may use comes last") {
  const Rules rules = effective_device_rules({deny_all, rule(true, block, 8, 0, "r")});
  CHECK(allows(rules, blk(8, 0, r)));
  CHECK_FALSE(allows(rules, blk(8, 0, w)));
  CHECK(allows(rules, blk(8, 1, m)));
  for (const std::uint32_t minor : {3U, 5U, 7U, 8U, 9U})
    CHECK(allows(rules, chr(1, minor, r | w | m)));
  CHECK(allows(rules, chr(5, 0, r | w)));
  CHECK(allows(rules, chr(5, 2, r | w)));
  CHECK(allows(rules, chr(136, 17, r | w)));
  CHECK(allows(rules, chr(10, 200, r | w)));
  CHECK_FALSE(allows(rules, chr(5, 1, r)));
  CHECK_FALSE(allows(rules, chr(1, 1, r)));
}

TEST_CASE("allow_everything: a last rule of all devices, or followed by allowing ones") {
  CHECK(allow_everything({allow_all}));
  CHECK(allow_everything(effective_device_rules({deny_all, allow_all})));
  CHECK_FALSE(allow_everything({}));
  CHECK_FALSE(allow_everything({allow_all, deny_all}));
  CHECK_FALSE(allow_everything({allow_all, rule(false, block, 8, 0)}));
  CHECK_FALSE(allow_everything({rule(true, all, {}, {}, "rw")}));
}

TEST_CASE("v1 devices: a new cgroup is closed first, then opened") {
  const auto settings = v1_device_settings(
      "a *:* rwm\n", {deny_all, rule(true, character, 1, 3), rule(true, block, 8, -1, "r")});
  REQUIRE(settings);
  CHECK(*settings == std::vector<Setting>{{"devices", "devices.deny", "a *:* rwm"},
                                          {"devices", "devices.allow", "c 1:3 rwm"},
                                          {"devices", "devices.allow", "b 8:* r"}});
}

TEST_CASE("v1 devices: what is in force already is not written, nor closed in between") {
  const std::string list = "c 1:3 rwm\nc 1:5 rw\nb *:* m\n";
  const auto settings =
      v1_device_settings(list, {rule(true, character, 1, 3, "rw"), rule(true, block, {}, {}, "m"),
                                rule(true, character, 5, 0, "r")});
  REQUIRE(settings);
  CHECK(*settings == std::vector<Setting>{{"devices", "devices.deny", "c 1:3 m"},
                                          {"devices", "devices.deny", "c 1:5 rw"},
                                          {"devices", "devices.allow", "c 5:0 r"}});
}

TEST_CASE("v1 devices: the same rules again write nothing") {
  CHECK(v1_device_settings("c 1:3 rwm\n", {rule(true, character, 1, 3)})->empty());
  CHECK(v1_device_settings("a *:* rwm", {allow_all})->empty());
}

TEST_CASE("v1 devices: exceptions to allowing everything are denied") {
  const auto settings =
      v1_device_settings("a *:* rwm\n", {allow_all, rule(false, block, 8, 0, "w")});
  REQUIRE(settings);
  CHECK(*settings == std::vector<Setting>{{"devices", "devices.allow", "a *:* rwm"},
                                          {"devices", "devices.deny", "b 8:0 w"}});
}

TEST_CASE("v1 devices: a later rule removes what it covers") {
  const auto settings = v1_device_settings(
      "a *:* rwm\n", {deny_all, rule(true, character, 1, 3), rule(true, character, 1, 5),
                      rule(false, character, 1, {}, "wm")});
  REQUIRE(settings);
  CHECK(*settings == std::vector<Setting>{{"devices", "devices.deny", "a *:* rwm"},
                                          {"devices", "devices.allow", "c 1:3 r"},
                                          {"devices", "devices.allow", "c 1:5 r"}});
}

TEST_CASE("v1 devices: a hole in an earlier rule is refused") {
  const auto settings = v1_device_settings(
      "a *:* rwm\n", {rule(true, character, 1, {}), rule(false, character, 1, 3)});
  REQUIRE_FALSE(settings);
  CHECK(settings.error().text() ==
        "device rule \"c 1:3 rwm\" cuts a hole into the opposite rule \"c 1:* rwm\": "
        "cgroup v1 cannot do that");
}

TEST_CASE("v1 devices: it says the same as the program, over random rules, where it can") {
  Dice dice;
  int compared = 0;
  for (int i = 0; i < 2000; ++i) {
    const Rules rules = dice.rules();
    const auto settings = v1_device_settings("a *:* rwm\n", rules);
    if (!settings) continue;
    ++compared;
    for (int j = 0; j < 20; ++j) {
      const Request request = dice.request();
      CHECK(v1_allows(*settings, request) == naive(rules, request));
    }
  }
  CHECK(compared > 500);
}
