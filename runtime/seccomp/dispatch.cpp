// The BPF in front of the programs of several architectures.
#include "runtime/seccomp/dispatch.hpp"

#include <linux/seccomp.h>
#include <seccomp.h>

#include <algorithm>
#include <cstddef>
#include <ranges>

#include "runtime/seccomp/architectures.hpp"
#include "runtime/seccomp/bpf.hpp"

namespace coracle::seccomp {
namespace {

// Jumps `to_program` instructions behind its end when the call is of this architecture; otherwise
// leaves through its end.  Before and then, the call's architecture is in the accumulator.
std::vector<sock_filter> block(std::uint32_t token, std::size_t to_program) {
  if (token != SCMP_ARCH_X32) return {jump(BPF_JEQ, token, 0, 1), skip(to_program)};
  return {jump(BPF_JEQ, audit_architecture(token), 0, 4), load(offsetof(seccomp_data, nr)),
          jump(BPF_JSET, x32_bit, 0, 1), skip(to_program + 1), load(offsetof(seccomp_data, arch))};
}

// x32 is asked for first: its audit architecture is x86_64's too.
std::vector<ArchitectureProgram> in_order(const std::vector<ArchitectureProgram>& programs) {
  std::vector<ArchitectureProgram> ordered = programs;
  const auto x32 = std::ranges::find(ordered, SCMP_ARCH_X32, &ArchitectureProgram::token);
  if (x32 != ordered.end()) std::rotate(ordered.begin(), x32, x32 + 1);
  return ordered;
}

}  // namespace

// Built from the last to the first, so that a block knows what stands between it and its program.
std::vector<sock_filter> dispatch(const std::vector<ArchitectureProgram>& programs) {
  if (programs.size() == 1) return programs.front().program;
  std::vector<sock_filter> blocks = {answer(SECCOMP_RET_KILL_THREAD)};
  std::vector<sock_filter> bodies;
  for (const ArchitectureProgram& each : std::views::reverse(in_order(programs))) {
    const auto code = block(each.token, blocks.size() + bodies.size());
    blocks.insert(blocks.begin(), code.begin(), code.end());
    bodies.insert(bodies.end(), each.program.begin(), each.program.end());
  }
  blocks.insert(blocks.begin(), load(offsetof(seccomp_data, arch)));
  blocks.insert(blocks.end(), bodies.begin(), bodies.end());
  return blocks;
}

}  // namespace coracle::seccomp
