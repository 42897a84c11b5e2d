// Device rules -> the instructions of a BPF_PROG_TYPE_CGROUP_DEVICE program.
// Source: include/uapi/linux/bpf.h
#include <algorithm>
#include <cstddef>
#include <limits>
#include <map>
#include <set>
#include <span>

#include "runtime/cgroup/device_match.hpp"
#include "runtime/cgroup/devices.hpp"

namespace coracle::cgroup {
namespace {

using oci::DeviceRule;

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
  DeviceMatch match;
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
  const DeviceMatch& match = verdict.match;
  const std::vector<bpf_insn> decision = decide(verdict.allowed, match.access);
  struct Comparison {
    bpf_insn loaded;
    Register from;
    std::int64_t number;
  };
  std::vector<Comparison> comparisons = {{load_major(), r4, match.major},
                                         {load_minor(), r5, match.minor}};
  std::erase_if(comparisons, [](const Comparison& c) { return c.number == any_number; });
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
  std::map<std::int64_t, std::set<std::int64_t>> minors_of;  // `any_number` is the first of each
  for (const Verdict& verdict : verdicts)
    minors_of[verdict.match.major].insert(verdict.match.minor);
  std::size_t rest = 0;  // comparisons from here on
  for (auto& [major, minors] : minors_of) {
    if (minors.contains(any_number)) minors = {any_number};
    rest += minors.size() + (major == any_number ? 0 : 1);
  }
  std::vector<bpf_insn> block = {load_major(), load_minor()};
  for (const auto& [major, minors] : minors_of) {
    if (major != any_number) {
      block.push_back(jump_if(BPF_JNE, r4, static_cast<unsigned>(major), minors.size()));
      --rest;
    }
    for (const std::int64_t minor : minors) {
      block.push_back(minor == any_number
                          ? jump(rest)
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
    for (const DeviceMatch& match : matches_of(*rule)) {
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
