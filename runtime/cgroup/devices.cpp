// Device rules -> lines for v1, instructions for v2.
// Source: Documentation/admin-guide/cgroup-v1/devices.rst, include/uapi/linux/bpf.h
#include "runtime/cgroup/devices.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <map>
#include <set>
#include <span>

#include "runtime/base/strings.hpp"

namespace coracle::cgroup {
namespace {

using oci::DeviceRule;
using oci::DeviceRuleType;

constexpr std::int64_t any = -1;
constexpr unsigned full_access = BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE | BPF_DEVCG_ACC_MKNOD;

// A rule for one type of device.
struct Match {
  char type = 'c';  // 'c', 'b'
  std::int64_t major = any;
  std::int64_t minor = any;
  unsigned access = full_access;  // BPF_DEVCG_ACC_*

  bool is_everything() const { return major == any && minor == any && access == full_access; }
  bool same_devices(const Match& other) const {
    return type == other.type && major == other.major && minor == other.minor;
  }
  bool covers(const Match& other) const {
    return type == other.type && (major == any || major == other.major) &&
           (minor == any || minor == other.minor);
  }
  bool overlaps(const Match& other) const {
    const auto meet = [](std::int64_t a, std::int64_t b) { return a == any || b == any || a == b; };
    return type == other.type && meet(major, other.major) && meet(minor, other.minor);
  }
};

// The state of a v1 devices cgroup: a default, and exceptions to it.
struct DeviceState {
  bool allow_by_default = false;
  std::vector<Match> exceptions;  // no two for the same devices
};

unsigned access_bits(std::string_view access) {
  unsigned bits = 0;
  if (access.find('r') != std::string_view::npos) bits |= BPF_DEVCG_ACC_READ;
  if (access.find('w') != std::string_view::npos) bits |= BPF_DEVCG_ACC_WRITE;
  if (access.find('m') != std::string_view::npos) bits |= BPF_DEVCG_ACC_MKNOD;
  return bits;
}

std::string access_text(unsigned access) {
  std::string text;
  if ((access & BPF_DEVCG_ACC_READ) != 0) text += 'r';
  if ((access & BPF_DEVCG_ACC_WRITE) != 0) text += 'w';
  if ((access & BPF_DEVCG_ACC_MKNOD) != 0) text += 'm';
  return text;
}

std::string number_text(std::int64_t number) {
  return number == any ? "*" : std::to_string(number);
}

std::string text_of(const Match& match) {
  const std::string numbers = number_text(match.major) + ":" + number_text(match.minor);
  return std::string{match.type, ' '} + numbers + " " + access_text(match.access);
}

std::int64_t number_of(const std::optional<std::int64_t>& number) {
  return std::max(number.value_or(any), any);
}

// None for a number that no device has, and for no access.
std::vector<Match> matches_of(const DeviceRule& rule) {
  constexpr std::int64_t largest = std::numeric_limits<std::uint32_t>::max();
  const Match match{.type = 'c',
                    .major = number_of(rule.major),
                    .minor = number_of(rule.minor),
                    .access = access_bits(rule.access)};
  if (match.major > largest || match.minor > largest || match.access == 0) return {};
  Match block = match;
  block.type = 'b';
  switch (rule.type) {
    case DeviceRuleType::all:
      return {match, block};
    case DeviceRuleType::character:
      return {match};
    case DeviceRuleType::block:
      return {block};
  }
  return {};
}

bool is_everything(const DeviceRule& rule) {
  return rule.type == DeviceRuleType::all && number_of(rule.major) == any &&
         number_of(rule.minor) == any && access_bits(rule.access) == full_access;
}

DeviceRule allow(DeviceRuleType type, std::int64_t major, std::int64_t minor, const char* access) {
  return {.allow = true, .type = type, .major = major, .minor = minor, .access = access};
}

// --- v1 ---------------------------------------------------------------------

void add(DeviceState& state, const Match& match) {
  for (Match& exception : state.exceptions) {
    if (!exception.same_devices(match)) continue;
    exception.access |= match.access;
    return;
  }
  state.exceptions.push_back(match);
}

Result<void> subtract(DeviceState& state, const Match& match) {
  for (Match& exception : state.exceptions) {
    if (match.covers(exception)) {
      exception.access &= ~match.access;
    } else if (match.overlaps(exception) && (match.access & exception.access) != 0) {
      return fail("device rule \"" + text_of(match) + "\" cuts a hole into the opposite rule \"" +
                  text_of(exception) + "\": cgroup v1 cannot do that");
    }
  }
  std::erase_if(state.exceptions, [](const Match& exception) { return exception.access == 0; });
  return {};
}

Result<DeviceState> state_of(const std::vector<DeviceRule>& rules) {
  DeviceState state;
  for (const DeviceRule& rule : rules) {
    if (is_everything(rule)) {
      state = {.allow_by_default = rule.allow, .exceptions = {}};
      continue;
    }
    for (const Match& match : matches_of(rule)) {
      if (rule.allow == state.allow_by_default) {
        TRY(subtract(state, match));
      } else {
        add(state, match);
      }
    }
  }
  return state;
}

// "c 1:3 rwm"; "a *:* rwm" stands for a default of allow, whose exceptions the
// kernel does not show.
Result<DeviceState> parse_state(std::string_view devices_list) {
  DeviceState state;
  for (const std::string_view line : split(trim(devices_list), '\n')) {
    if (line.empty()) continue;
    if (line.starts_with('a')) return DeviceState{.allow_by_default = true, .exceptions = {}};
    const auto words = split(line, ' ');
    const auto numbers = split(words.size() == 3 ? words[1] : "", ':');
    if (numbers.size() != 2) return fail("devices.list has the line " + in_quotes(line));
    add(state, {.type = line[0],
                .major = parse_number<std::int64_t>(numbers[0]).value_or(any),
                .minor = parse_number<std::int64_t>(numbers[1]).value_or(any),
                .access = access_bits(words[2])});
  }
  return state;
}

// The part of `match` that `state` has no exception for.
Match missing_part(const Match& match, const DeviceState& state) {
  Match rest = match;
  for (const Match& exception : state.exceptions)
    if (exception.same_devices(match)) rest.access &= ~exception.access;
  return rest;
}

Setting device_setting(bool allowed, const std::string& value) {
  return {"devices", allowed ? "devices.allow" : "devices.deny", value};
}

// --- v2 ---------------------------------------------------------------------

// Registers: 1 the context (kept), 2 the type, 3 the access not yet granted
// (never 0), 4 the major and 5 the minor number, 0 scratch.
enum Register : unsigned char { r0, r1, r2, r3, r4, r5 };

bpf_insn instruction(unsigned code, Register to, Register from = r0) {
  constexpr unsigned char four_bits = 0xf;
  bpf_insn made = {};
  made.code = static_cast<unsigned char>(code);
  made.dst_reg = to & four_bits;
  made.src_reg = from & four_bits;
  return made;
}

bpf_insn load(Register to, std::size_t offset) {
  bpf_insn made = instruction(BPF_LDX | BPF_MEM | BPF_W, to, r1);
  made.off = static_cast<short>(offset);
  return made;
}

bpf_insn copy(Register to, Register from) {
  return instruction(BPF_ALU | BPF_MOV | BPF_X, to, from);
}

bpf_insn calculate(unsigned operation, Register on, unsigned value) {
  bpf_insn made = instruction(BPF_ALU | operation | BPF_K, on);
  made.imm = static_cast<int>(value);
  return made;
}

// Skips `distance` instructions.
bpf_insn jump_if(unsigned comparison, Register left, unsigned right, std::size_t distance) {
  bpf_insn made = instruction(BPF_JMP32 | comparison | BPF_K, left);
  made.off = static_cast<short>(distance);
  made.imm = static_cast<int>(right);
  return made;
}

bpf_insn jump(std::size_t distance) {
  bpf_insn made = instruction(BPF_JMP | BPF_JA, r0);
  made.off = static_cast<short>(distance);
  return made;
}

bpf_insn leave() {
  return instruction(BPF_JMP | BPF_EXIT, r0);
}

std::vector<bpf_insn> answer(bool allowed) {
  return {calculate(BPF_MOV, r0, allowed ? 1 : 0), leave()};
}

void append(std::vector<bpf_insn>& program, const std::vector<bpf_insn>& more) {
  program.insert(program.end(), more.begin(), more.end());
}

// A rule for one type of device, and what it says.
struct Verdict {
  Match match;
  bool allowed = false;

  bool is_whole() const { return match.access == full_access; }
};

bpf_insn load_major() {
  return load(r4, offsetof(bpf_cgroup_dev_ctx, major));
}

bpf_insn load_minor() {
  return load(r5, offsetof(bpf_cgroup_dev_ctx, minor));
}

// What a rule for a part of the access does with it; at the end of these
// instructions the search goes on.
std::vector<bpf_insn> decide(bool allowed, unsigned access) {
  std::vector<bpf_insn> program;
  if (allowed) {
    program = {calculate(BPF_AND, r3, ~access), jump_if(BPF_JNE, r3, 0, 2)};
  } else {
    program = {copy(r0, r3), calculate(BPF_AND, r0, access), jump_if(BPF_JEQ, r0, 0, 2)};
  }
  append(program, answer(allowed));
  return program;
}

std::vector<bpf_insn> block_for_part(const Verdict& verdict) {
  const Match& match = verdict.match;
  const std::vector<bpf_insn> decision = decide(verdict.allowed, match.access);
  struct Comparison {
    bpf_insn loaded;
    Register from;
    std::int64_t number;
  };
  std::vector<Comparison> comparisons = {{load_major(), r4, match.major},
                                         {load_minor(), r5, match.minor}};
  std::erase_if(comparisons, [](const Comparison& c) { return c.number == any; });
  std::vector<bpf_insn> block;
  // The last jump is "equal: over the next jump", not "unequal: away": the
  // verifier follows what does not jump first, and having seen a rule that
  // leaves the access whole it need not look at the rest again with a part.
  std::size_t rest = 2 * comparisons.size() + decision.size() + 1;
  for (const Comparison& comparison : comparisons) {
    rest -= 2;
    const auto number = static_cast<unsigned>(comparison.number);
    block.push_back(comparison.loaded);
    if (&comparison != &comparisons.back()) {
      block.push_back(jump_if(BPF_JNE, comparison.from, number, rest));
    } else {
      block.push_back(jump_if(BPF_JEQ, comparison.from, number, 1));
      block.push_back(jump(decision.size()));
    }
  }
  append(block, decision);
  return block;
}

// Rules for all access that say the same: whichever of them matches, the
// answer is theirs, so they share it, and each major number is compared once.
// Every comparison costs the verifier, and thus each start of a container.
std::vector<bpf_insn> block_for_whole(std::span<const Verdict> verdicts) {
  std::map<std::int64_t, std::set<std::int64_t>> minors_of;  // `any` is the first of each
  for (const Verdict& verdict : verdicts)
    minors_of[verdict.match.major].insert(verdict.match.minor);
  std::size_t rest = 0;  // comparisons from here on
  for (auto& [major, minors] : minors_of) {
    if (minors.contains(any)) minors = {any};
    rest += minors.size() + (major == any ? 0 : 1);
  }
  std::vector<bpf_insn> block = {load_major(), load_minor()};
  for (const auto& [major, minors] : minors_of) {
    if (major != any) {
      block.push_back(jump_if(BPF_JNE, r4, static_cast<unsigned>(major), minors.size()));
      --rest;
    }
    for (const std::int64_t minor : minors) {
      block.push_back(minor == any ? jump(rest)
                                   : jump_if(BPF_JEQ, r5, static_cast<unsigned>(minor), rest));
      --rest;
    }
  }
  const std::vector<bpf_insn> common = answer(verdicts.front().allowed);
  block.push_back(jump(common.size()));
  append(block, common);
  return block;
}

// The last rule first, up to one that leaves no earlier one a say.
std::vector<Verdict> verdicts_for(char type, const std::vector<DeviceRule>& rules) {
  std::vector<Verdict> verdicts;
  for (auto rule = rules.rbegin(); rule != rules.rend(); ++rule) {
    for (const Match& match : matches_of(*rule)) {
      if (match.type != type) continue;
      verdicts.push_back({.match = match, .allowed = rule->allow});
      if (match.is_everything()) return verdicts;
    }
  }
  return verdicts;
}

// The decision for devices of one type.
std::vector<bpf_insn> section_for(char type, const std::vector<DeviceRule>& rules) {
  const std::vector<Verdict> verdicts = verdicts_for(type, rules);
  std::vector<bpf_insn> section;
  for (auto first = verdicts.begin(); first != verdicts.end();) {
    if (first->match.is_everything()) {
      append(section, answer(first->allowed));
      return section;
    }
    const auto end = std::find_if(first, verdicts.end(), [&](const Verdict& verdict) {
      return verdict.match.is_everything() || !verdict.is_whole() ||
             verdict.allowed != first->allowed;
    });
    if (first == end) {
      append(section, block_for_part(*first));
      ++first;
    } else {
      append(section, block_for_whole({first, end}));
      first = end;
    }
  }
  append(section, answer(false));
  return section;
}

}  // namespace

std::vector<DeviceRule> effective_device_rules(std::vector<DeviceRule> configured) {
  using enum DeviceRuleType;
  const DeviceRule always[] = {
      allow(character, any, any, "m"),   allow(block, any, any, "m"),
      allow(character, 1, 3, "rwm"),      // null
      allow(character, 1, 5, "rwm"),      // zero
      allow(character, 1, 7, "rwm"),      // full
      allow(character, 1, 8, "rwm"),      // random
      allow(character, 1, 9, "rwm"),      // urandom
      allow(character, 5, 0, "rwm"),      // tty
      allow(character, 5, 2, "rwm"),      // ptmx
      allow(character, 10, 200, "rwm"),   // net/tun: engines cannot always add it
      allow(character, 136, any, "rwm"),  // pty slaves
  };
  configured.insert(configured.end(), std::begin(always), std::end(always));
  return configured;
}

bool allow_everything(const std::vector<DeviceRule>& rules) {
  const auto last = std::ranges::find_if(rules.rbegin(), rules.rend(), is_everything);
  return last != rules.rend() && last->allow &&
         std::ranges::all_of(last.base(), rules.end(), &DeviceRule::allow);
}

Result<std::vector<Setting>> v1_device_settings(std::string_view current,
                                                const std::vector<DeviceRule>& rules) {
  DeviceState source = TRY(parse_state(current));
  const DeviceState target = TRY(state_of(rules));
  std::vector<Setting> settings;
  const bool both_allow = source.allow_by_default && target.allow_by_default;
  // A new cgroup allows everything: nothing to write then, and while there are
  // sub-cgroups the kernel refuses to have it written.
  if (both_allow && target.exceptions.empty()) return settings;
  if (both_allow || source.allow_by_default != target.allow_by_default) {
    settings.push_back(device_setting(target.allow_by_default, "a *:* rwm"));
    source.exceptions.clear();
  }
  const bool exception_allows = !target.allow_by_default;
  for (const Match& old : source.exceptions) {
    const Match lost = missing_part(old, target);
    if (lost.access != 0) settings.push_back(device_setting(!exception_allows, text_of(lost)));
  }
  for (const Match& wanted : target.exceptions) {
    const Match gained = missing_part(wanted, source);
    if (gained.access != 0) settings.push_back(device_setting(exception_allows, text_of(gained)));
  }
  return settings;
}

std::optional<std::vector<UnitDevice>> unit_devices(const std::vector<DeviceRule>& rules) {
  const auto state = state_of(rules);
  if (!state || state->allow_by_default) return std::nullopt;
  std::vector<UnitDevice> devices;
  for (const Match& match : state->exceptions) {
    if (match.major == any && match.minor != any) return std::nullopt;
    const std::string type = match.type == 'c' ? "char" : "block";
    const std::string node = match.minor == any ? type + "-" + number_text(match.major)
                                                : "/dev/" + type + "/" + number_text(match.major) +
                                                      ":" + number_text(match.minor);
    devices.push_back({.node = node, .access = access_text(match.access)});
  }
  return devices;
}

Result<std::vector<bpf_insn>> device_program(const std::vector<DeviceRule>& rules) {
  constexpr unsigned type_mask = 0xffff;  // access_type: type below, access above
  std::vector<bpf_insn> program = {load(r2, offsetof(bpf_cgroup_dev_ctx, access_type)),
                                   copy(r3, r2), calculate(BPF_RSH, r3, 16),
                                   calculate(BPF_AND, r2, type_mask)};
  // No access at all, as access(2) with X_OK asks for, is never denied.
  program.push_back(jump_if(BPF_JNE, r3, 0, 2));
  append(program, answer(true));
  const std::vector<bpf_insn> characters = section_for('c', rules);
  const std::vector<bpf_insn> blocks = section_for('b', rules);
  if (std::max(characters.size(), blocks.size()) > std::numeric_limits<short>::max())
    return fail(std::to_string(rules.size()) +
                " device rules are more than a program can jump over");
  program.push_back(jump_if(BPF_JNE, r2, BPF_DEVCG_DEV_CHAR, characters.size()));
  append(program, characters);
  append(program, blocks);
  return program;
}

}  // namespace coracle::cgroup
