// The smallest configurations that are valid, for tests that break one rule.
#pragma once

#include <string>

#include "oci-spec/config.hpp"
#include "runtime/base/result.hpp"

namespace coracle::oci::test {

inline Spec minimal_spec() {
  Spec spec;
  spec.oci_version = "1.3.0";
  spec.root.path = "rootfs";
  spec.process = Process{};
  spec.process->cwd = "/";
  spec.process->args = {"sh"};
  return spec;
}

// The text of a config.json whose `linux` object is `linux_object`.
inline std::string with_linux(const std::string& linux_object) {
  return R"({"ociVersion": "1.3.0", "root": {"path": "rootfs"}, "linux": )" + linux_object + "}";
}

inline Namespace new_namespace(NamespaceType type) {
  return {.type = type, .path = {}};
}

// The error's text, or "" for a success.
template <class T>
std::string error_of(const Result<T>& result) {
  return result ? std::string() : result.error().text();
}

}  // namespace coracle::oci::test
