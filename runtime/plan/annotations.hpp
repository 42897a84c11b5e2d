// What annotations ask of a runtime.  The names are crun's, which engines and
// users know.  Spec: config.md#annotations
#pragma once

#include <string>

#include "oci-spec/config.hpp"
#include "runtime/base/result.hpp"

namespace coracle::plan {

// A switch is on when its annotation is there with another value than "0".
struct Annotations {
  bool keep_original_groups = false;      // run.oci.keep_original_groups
  bool fail_on_unknown_syscall = false;   // run.oci.seccomp_fail_unknown_syscall
  std::string seccomp_receiver;           // run.oci.seccomp.receiver: an absolute path
  std::string pidfd_receiver;             // run.oci.pidfd_receiver: a socket's path
  std::string delegate_cgroup;            // run.oci.delegate-cgroup: relative, clean
  std::string mount_context = "context";  // run.oci.mount_context_type
};

// Fails on values that cannot be meant, and where an annotation asks for
// another kind of runtime: WebAssembly, a virtual machine.
Result<Annotations> read_annotations(const oci::Spec& spec);

}  // namespace coracle::plan
