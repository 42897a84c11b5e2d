// The BPF in front of a profile that answers ENOSYS for what is newer than it.
#include "runtime/seccomp/enosys.hpp"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "runtime/seccomp/architectures.hpp"
#include "runtime/seccomp/bpf.hpp"

namespace coracle::seccomp {
namespace {

constexpr std::uint32_t no_limit = std::numeric_limits<std::uint32_t>::max();

// The largest named numbers of one audit architecture.
struct Limit {
  std::uint32_t architecture = 0;
  std::uint32_t largest = no_limit;
  std::uint32_t largest_x32 = no_limit;  // for x86_64: numbers that have x32_bit
};

using Names = std::set<std::string_view>;  // views of whole strings: they end in NUL
using Text = std::unique_ptr<char, decltype([](char* text) { std::free(text); })>;

Names names_of(const oci::Seccomp& config) {
  Names names;
  for (const oci::SeccompSyscall& rule : config.syscalls) {
    names.insert(rule.names.begin(), rule.names.end());
  }
  return names;
}

// libseccomp's stand-ins for calls that socketcall(2) or ipc(2) multiplexes:
// [-120, -101] and [-224, -201].  Other negative numbers do not exist on the
// architecture at all.
bool is_multiplexed(int number) {
  return number <= -100 && number > -300;
}

// Numbers of their own that the kernel gave to multiplexed calls: socket calls
// in different places, and the last of ipc, msgctl, as 402 everywhere.
std::optional<int> largest_direct(std::uint32_t token, const Names& names, int above) {
  const int first = seccomp_syscall_resolve_name_arch(token, "read") / 1000 * 1000;
  for (int number = first + 402; number > std::max(above, first); --number) {
    const Text name(seccomp_syscall_resolve_num_arch(token, number));
    if (name && names.contains(name.get())) return number;
  }
  return std::nullopt;
}

std::optional<int> largest_number(std::uint32_t token, const Names& names) {
  int largest = -1;
  Names multiplexed;
  for (const std::string_view name : names) {
    const int number = seccomp_syscall_resolve_name_arch(token, name.data());
    largest = std::max(largest, number);
    if (is_multiplexed(number)) multiplexed.insert(name);
  }
  if (!multiplexed.empty()) {
    largest = largest_direct(token, multiplexed, largest).value_or(largest);
  }
  if (largest < 0) return std::nullopt;
  return largest;
}

std::vector<Limit> limits_of(const Names& names, const std::vector<std::uint32_t>& tokens) {
  std::vector<Limit> limits;
  for (const std::uint32_t token : tokens) {
    const std::optional<int> largest = largest_number(token, names);
    if (!largest) continue;
    const std::uint32_t architecture = audit_architecture(token);
    auto limit = std::ranges::find(limits, architecture, &Limit::architecture);
    if (limit == limits.end()) {
      limit = limits.insert(limits.end(), Limit{.architecture = architecture});
    }
    const auto number = static_cast<std::uint32_t>(*largest);
    (token == SCMP_ARCH_X32 ? limit->largest_x32 : limit->largest) = number;
  }
  return limits;
}

// Leaves through its end when the architecture is another (which then is still
// in the accumulator); otherwise answers, or goes on `to_filter` instructions
// behind its end.
std::vector<sock_filter> block(const Limit& limit, std::size_t to_filter) {
  const bool is_s390 =
      limit.architecture == SCMP_ARCH_S390 || limit.architecture == SCMP_ARCH_S390X;
  std::vector<sock_filter> code = {load(offsetof(seccomp_data, nr))};
  if (limit.architecture == SCMP_ARCH_X86_64) {
    code.push_back(jump(BPF_JSET, x32_bit, 1, 0));
    code.push_back(jump(BPF_JGT, limit.largest, 2, 1));
    code.push_back(jump(BPF_JGT, limit.largest_x32, 1, 0));
  } else {
    // s390 passes large numbers in a register and has 0, once setup(2), for
    // those that its kernel does not know.
    if (is_s390) code.push_back(jump(BPF_JEQ, 0, 2, 0));
    code.push_back(jump(BPF_JGT, limit.largest, 1, 0));
  }
  code.push_back(skip(to_filter + 1));
  code.push_back(answer(SECCOMP_RET_ERRNO | ENOSYS));
  const auto length = static_cast<std::uint8_t>(code.size());
  code.insert(code.begin(), jump(BPF_JEQ, limit.architecture, 0, length));
  return code;
}

// TRACE lets calls through: a tracer answers for new ones itself.
bool lets_through(oci::SeccompAction action) {
  switch (action) {
    case oci::SeccompAction::allow:
    case oci::SeccompAction::log:
    case oci::SeccompAction::trace:
      return true;
    case oci::SeccompAction::kill:
    case oci::SeccompAction::kill_thread:
    case oci::SeccompAction::kill_process:
    case oci::SeccompAction::trap:
    case oci::SeccompAction::errno_:
    case oci::SeccompAction::notify:
      return false;
  }
  return false;
}

}  // namespace

std::vector<sock_filter> enosys_prologue(const oci::Seccomp& config,
                                         const std::vector<std::uint32_t>& tokens) {
  if (lets_through(config.default_action) || config.default_errno_ret == ENOSYS) return {};
  const std::vector<Limit> limits = limits_of(names_of(config), tokens);
  std::vector<sock_filter> program;
  for (auto limit = limits.rbegin(); limit != limits.rend(); ++limit) {
    const std::vector<sock_filter> code = block(*limit, program.size());
    program.insert(program.begin(), code.begin(), code.end());
  }
  if (!program.empty()) program.insert(program.begin(), load(offsetof(seccomp_data, arch)));
  return program;
}

}  // namespace coracle::seccomp
