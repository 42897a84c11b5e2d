// The parts of validate(), one file each.  Included by validate*.cpp alone.
#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <vector>

#include "oci-spec/config.hpp"
#include "oci-spec/json_text.hpp"
#include "runtime/base/result.hpp"

namespace coracle::oci {

inline std::string pointer_token(std::string_view key) {
  return json::escape_token(key);
}
inline std::string pointer_token(std::unsigned_integral auto index) {
  return std::to_string(index);
}

// "POINTER/token/token: WHAT".  Only called once something is wrong.
template <class... Tokens>
std::unexpected<Error> broken(std::string what, std::string_view pointer, const Tokens&... tokens) {
  std::string text(pointer);
  ((text += "/", text += pointer_token(tokens)), ...);
  return fail(text + ": " + what);
}

// The namespace of `type` that the configuration lists, or null.
const Namespace* find_namespace(const Linux& config, NamespaceType type);

// `pointer` is that of the object: "/process", or "" when it is the whole text.
Result<void> check_process(const Process& process, std::string_view pointer);
Result<void> check_hooks(const Hooks& hooks);
Result<void> check_linux(const Linux& config);
Result<void> check_sysctl(const Linux& config);
Result<void> check_resources(const Resources& resources, std::string_view pointer);
Result<void> check_seccomp(const Seccomp& seccomp);

}  // namespace coracle::oci
