// linux.seccomp: a profile made of the input is compiled, and the program answers random system
// calls as the profile's rules do, read one by one.
#include <seccomp.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "runtime/seccomp/architectures.hpp"
#include "runtime/seccomp/filter.hpp"
#include "tests/fuzz/input.hpp"
#include "tests/unit/runtime/seccomp/interpreter.hpp"
#include "tests/unit/runtime/seccomp/naive.hpp"

using namespace coracle;
using Action = oci::SeccompAction;

namespace {

// Of all ages, with few and with many arguments; clone3 is above the ENOSYS limit of most others.
// None that socketcall(2) or ipc(2) multiplexes on x86.
constexpr std::array names = {"read",  "write",      "open",   "splice", "clone",    "personality",
                              "ioctl", "prctl",      "keyctl", "openat", "fchmodat", "unshare",
                              "bpf",   "pidfd_open", "clone3", "mount",  "futex",    "membarrier"};

// At the edges of 32 and of 64 bits, where BPF compares in two halves.
constexpr std::array<std::uint64_t, 10> edges = {
    0, 1, 8, 0x20000, 0x7fffffff, 0xffffffff, 0x100000000, 0x100000001, 0xffffffff00000000, ~0ULL};

std::uint64_t value(fuzz::Input& input) {
  const std::size_t which = input.below(edges.size() + 1);
  return which < edges.size() ? edges[which] : input.number<std::uint64_t>();
}

oci::SeccompArg argument(fuzz::Input& input) {
  constexpr std::array operators = {
      oci::SeccompOperator::not_equal,     oci::SeccompOperator::less,
      oci::SeccompOperator::less_equal,    oci::SeccompOperator::equal,
      oci::SeccompOperator::greater_equal, oci::SeccompOperator::greater,
      oci::SeccompOperator::masked_equal};
  oci::SeccompArg arg;
  arg.index = static_cast<std::uint32_t>(input.below(6));
  arg.op = operators[input.below(operators.size())];
  arg.value = value(input);
  if (arg.op == oci::SeccompOperator::masked_equal) arg.value_two = value(input) & arg.value;
  return arg;
}

// No name twice: which of two rules for one call counts is libseccomp's choice, not the profile's.
oci::SeccompSyscall rule(fuzz::Input& input, std::vector<std::string>& left, Action action) {
  oci::SeccompSyscall each;
  each.action = action;
  const std::size_t count = 1 + input.below(3);
  for (std::size_t i = 0; i < count && !left.empty(); ++i) {
    const std::size_t at = input.below(left.size());
    each.names.push_back(left[at]);
    left.erase(left.begin() + static_cast<std::ptrdiff_t>(at));
  }
  const std::size_t args = input.below(4);
  for (std::size_t i = 0; i < args; ++i) {
    const oci::SeccompArg arg = argument(input);
    const auto same = [&arg](const oci::SeccompArg& other) { return other.index == arg.index; };
    if (std::ranges::none_of(each.args, same)) each.args.push_back(arg);
  }
  return each;
}

// x86_64 is there unasked.
std::vector<std::string> architectures(fuzz::Input& input) {
  switch (input.below(4)) {
    case 0:
      return {};
    case 1:
      return {"SCMP_ARCH_X86"};
    case 2:
      return {"SCMP_ARCH_X32"};
  }
  return {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"};
}

oci::Seccomp profile(fuzz::Input& input) {
  oci::Seccomp config;
  config.architectures = architectures(input);
  config.flags.emplace();  // what the running kernel takes plays no part
  const bool allows = input.number<std::uint8_t>() % 2 == 0;
  config.default_action = allows ? Action::allow : Action::errno_;
  std::vector<std::string> left(names.begin(), names.end());
  const std::size_t rules = input.below(8);
  for (std::size_t i = 0; i < rules && !left.empty(); ++i)
    config.syscalls.push_back(rule(input, left, allows ? Action::errno_ : Action::allow));
  return config;
}

bool has_32_bits(std::uint32_t token) {
  return token == SCMP_ARCH_X86 || token == SCMP_ARCH_X32;
}

// Of a named call, or of any number.
seccomp_data call(fuzz::Input& input, std::uint32_t token) {
  seccomp_data call = {};
  call.arch = seccomp::audit_architecture(token);
  const std::size_t which = input.below(names.size() + 1);
  const int any = static_cast<int>(input.below(600));
  const int base = token == SCMP_ARCH_X32 ? static_cast<int>(seccomp::x32_bit) : 0;
  call.nr =
      which < names.size() ? seccomp_syscall_resolve_name_arch(token, names[which]) : base + any;
  for (auto& each : call.args) each = value(input);
  return call;
}

bool has_enosys_prologue(const oci::Seccomp& config) {
  return config.default_action != Action::allow && !config.syscalls.empty();
}

// libseccomp compares 32 bits where pointers have no more.
oci::Seccomp narrowed(oci::Seccomp config) {
  for (oci::SeccompSyscall& each : config.syscalls) {
    for (oci::SeccompArg& arg : each.args) {
      arg.value &= 0xffffffff;
      arg.value_two &= 0xffffffff;
    }
  }
  return config;
}

std::uint32_t expected(const oci::Seccomp& config, std::uint32_t token, const seccomp_data& call) {
  if (has_enosys_prologue(config)) return seccomp::naive_answer(config, token, call);
  const std::string name = seccomp::name_of(token, call.nr);
  for (const oci::SeccompSyscall& each : config.syscalls) {
    if (seccomp::matches(each, name, call)) return seccomp::answer_of(each.action, each.errno_ret);
  }
  return seccomp::answer_of(config.default_action, config.default_errno_ret);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const oci::Seccomp config = profile(input);
  const auto filter = seccomp::compile(config);
  fuzz::require(filter.has_value(), filter ? "" : filter.error().what);
  const auto tokens = seccomp::architecture_tokens(config.architectures).value();
  do {
    const std::uint32_t token = tokens[input.below(tokens.size())];
    seccomp_data one = call(input, token);
    oci::Seccomp rules = config;
    if (has_32_bits(token)) {
      for (auto& each : one.args) each &= 0xffffffff;
      rules = narrowed(config);
    }
    fuzz::require(seccomp::evaluate(filter->program, one) == expected(rules, token, one),
                  "the filter answers as the profile does");
  } while (!input.empty());
  return 0;
}
