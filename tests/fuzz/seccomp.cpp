// linux.seccomp: a profile is compiled, and the program answers random system calls as the
// profile's rules do, read one by one.  The profile is made of choices; or it is that of a
// configuration, which begins with "{" and ends in NUL.
#include <sanitizer/lsan_interface.h>
#include <seccomp.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "oci-spec/parse.hpp"
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

// No name twice: see ambiguous_names().
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

std::optional<std::uint32_t> errno_for(fuzz::Input& input, Action action) {
  const bool takes_one = action == Action::errno_ || action == Action::trace;
  if (!takes_one || input.below(2) == 0) return std::nullopt;
  return static_cast<std::uint32_t>(input.below(4095));
}

oci::Seccomp chosen_profile(fuzz::Input& input) {
  constexpr std::array actions = {Action::allow, Action::errno_,      Action::kill_process,
                                  Action::trap,  Action::kill_thread, Action::trace,
                                  Action::log,   Action::kill};
  oci::Seccomp config;
  config.architectures = architectures(input);
  config.default_action = actions[input.below(actions.size())];
  config.default_errno_ret = errno_for(input, config.default_action);
  std::vector<std::string> left(names.begin(), names.end());
  const std::size_t rules = input.below(8);
  for (std::size_t i = 0; i < rules && !left.empty(); ++i) {
    const Action action = actions[input.below(actions.size())];
    config.syscalls.push_back(rule(input, left, action));
    config.syscalls.back().errno_ret = errno_for(input, action);
  }
  return config;
}

// A condition twice on one argument is an alternative, and a mask cuts what it is compared with:
// neither is what naive_answer() reads.
bool is_simple(const oci::SeccompSyscall& each) {
  std::set<std::uint32_t> indices;
  return std::ranges::all_of(each.args, [&indices](const oci::SeccompArg& arg) {
    const bool fits =
        arg.op != oci::SeccompOperator::masked_equal || (arg.value_two & ~arg.value) == 0;
    return fits && arg.index < 6 && indices.insert(arg.index).second;
  });
}

// Calls that have rules which answer differently: which of them counts is libseccomp's choice.
std::set<std::string> ambiguous_names(const oci::Seccomp& config) {
  std::map<std::string, std::uint32_t> answers;
  std::set<std::string> ambiguous;
  for (const oci::SeccompSyscall& each : config.syscalls) {
    const std::uint32_t answer = seccomp::answer_of(each.action, each.errno_ret);
    for (const std::string& name : each.names)
      if (answers.emplace(name, answer).first->second != answer) ambiguous.insert(name);
  }
  return ambiguous;
}

// What naive_answer() knows the numbers of.
bool is_for_x86(const oci::Seccomp& config) {
  constexpr std::array<std::string_view, 3> known = {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86",
                                                     "SCMP_ARCH_X32"};
  return std::ranges::all_of(config.architectures, [&known](const std::string& name) {
    return std::ranges::find(known, name) != known.end();
  });
}

// Nothing: no profile, or not one that naive_answer() can read.
std::optional<oci::Seccomp> written_profile(fuzz::Input& input) {
  auto spec = oci::parse_spec(input.before('\0'));
  if (!spec || !spec->linux_.seccomp) return std::nullopt;
  const oci::Seccomp& config = *spec->linux_.seccomp;
  if (!is_for_x86(config) || !std::ranges::all_of(config.syscalls, is_simple)) return std::nullopt;
  return config;
}

bool has_32_bits(std::uint32_t token) {
  return token == SCMP_ARCH_X86 || token == SCMP_ARCH_X32;
}

// Of a call that the profile names, or of any number.
seccomp_data call(fuzz::Input& input, const oci::Seccomp& config, std::uint32_t token) {
  seccomp_data call = {};
  call.arch = seccomp::audit_architecture(token);
  const int base = token == SCMP_ARCH_X32 ? static_cast<int>(seccomp::x32_bit) : 0;
  call.nr = base + static_cast<int>(input.below(600));
  const std::size_t which = input.below(config.syscalls.size() + 1);
  if (which < config.syscalls.size() && !config.syscalls[which].names.empty()) {
    const std::vector<std::string>& named = config.syscalls[which].names;
    call.nr = seccomp_syscall_resolve_name_arch(token, named[input.below(named.size())].c_str());
  }
  for (auto& each : call.args) each = value(input);
  return call;
}

// Whether numbers above all that the profile names are answered with ENOSYS.
bool has_enosys_prologue(const oci::Seccomp& config) {
  const bool lets_through = config.default_action == Action::allow ||
                            config.default_action == Action::log ||
                            config.default_action == Action::trace;
  return !lets_through && config.default_errno_ret != ENOSYS && !config.syscalls.empty();
}

// socketcall(2) and ipc(2) are many calls in one, which rules for those reach too; a name without
// a number of its own has a negative one.
bool is_one_call(const std::string& name, const seccomp_data& call) {
  return call.nr >= 0 && name != "socketcall" && name != "ipc";
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

// libseccomp 2.5.4 forgets copies of some rules (db_rule_add): no memory of ours is lost.
Result<seccomp::Filter> compiled(const oci::Seccomp& config) {
  const __lsan::ScopedDisabler forgetful;
  return seccomp::compile(config);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const bool is_written = size > 0 && data[0] == '{';
  std::optional<oci::Seccomp> profile = is_written ? written_profile(input) : chosen_profile(input);
  if (!profile) return -1;
  oci::Seccomp& config = *profile;
  config.flags.emplace();  // what the running kernel takes plays no part
  const auto filter = compiled(config);
  if (!filter && is_written) return -1;
  fuzz::require(filter.has_value(), filter ? "" : filter.error().what);
  const std::set<std::string> ambiguous = ambiguous_names(config);
  const auto tokens = seccomp::architecture_tokens(config.architectures).value();
  do {
    const std::uint32_t token = tokens[input.below(tokens.size())];
    seccomp_data one = call(input, config, token);
    const std::string name = seccomp::name_of(token, one.nr);
    if (!is_one_call(name, one) || ambiguous.contains(name)) continue;
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
