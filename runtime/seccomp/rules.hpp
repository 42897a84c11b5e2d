// The profile's rules in libseccomp's terms.  Spec: config-linux.md#seccomp
#pragma once

#include <seccomp.h>

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "oci-spec/config_linux.hpp"
#include "runtime/base/result.hpp"

namespace coracle::seccomp {

using Conditions = std::vector<scmp_arg_cmp>;  // all must hold

struct Rule {
  struct Call {
    std::string name;
    int number = 0;  // the native one, or libseccomp's stand-in where there is none
  };

  std::string pointer;  // "/linux/seccomp/syscalls/0"
  std::uint32_t action = 0;
  std::vector<Call> calls;
  std::vector<Conditions> alternatives;  // any of them suffices
};

// JSON pointer of a rule.
std::string rule_pointer(std::size_t index);

// libseccomp's number for `action`; `pointer` is where `value` stands.  Fails when the action takes
// no value, or none so large.
Result<std::uint32_t> action_number(oci::SeccompAction action, std::optional<std::uint32_t> value,
                                    const std::string& pointer);

struct Rules {
  std::vector<Rule> rules;
  std::set<std::string> unknown;  // names that libseccomp does not have
};

// Without those that repeat the default action: libseccomp refuses a rule that changes nothing.
Result<Rules> rules_of(const oci::Seccomp& config, std::uint32_t default_action);

}  // namespace coracle::seccomp
