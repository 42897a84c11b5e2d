// What annotations ask for.
#include "runtime/plan/annotations.hpp"

#include <doctest/doctest.h>

#include <map>

using namespace coracle;
using namespace coracle::plan;

namespace {

using Texts = std::map<std::string, std::string>;

oci::Spec spec_with(Texts annotations, const std::string& program = "/bin/sh") {
  oci::Spec spec;
  spec.annotations = std::move(annotations);
  spec.process.emplace().args = {program};
  return spec;
}

Annotations read(Texts annotations) {
  return read_annotations(spec_with(std::move(annotations))).value();
}

std::string refusal(const oci::Spec& spec) {
  const auto result = read_annotations(spec);
  return result ? "accepted" : result.error().text();
}

}  // namespace

TEST_CASE("annotations: a switch is on with every value but 0") {
  CHECK_FALSE(read({}).keep_original_groups);
  CHECK(read({{"run.oci.keep_original_groups", "1"}}).keep_original_groups);
  CHECK(read({{"run.oci.keep_original_groups", ""}}).keep_original_groups);
  CHECK_FALSE(read({{"run.oci.keep_original_groups", "0"}}).keep_original_groups);
  CHECK(read({{"run.oci.seccomp_fail_unknown_syscall", "true"}}).fail_on_unknown_syscall);
  CHECK_FALSE(read({{"run.oci.seccomp_fail_unknown_syscall", "0"}}).fail_on_unknown_syscall);
}

TEST_CASE("annotations: receivers are absolute paths") {
  CHECK(read({{"run.oci.seccomp.receiver", "/run/agent"}}).seccomp_receiver == "/run/agent");
  CHECK(read({{"run.oci.pidfd_receiver", "/run/pidfd"}}).pidfd_receiver == "/run/pidfd");
  CHECK(refusal(spec_with({{"run.oci.seccomp.receiver", "agent"}})) ==
        "/annotations/run.oci.seccomp.receiver: \"agent\" is not an absolute path");
  CHECK(refusal(spec_with({{"run.oci.pidfd_receiver", "./pidfd"}})) ==
        "/annotations/run.oci.pidfd_receiver: \"./pidfd\" is not an absolute path");
}

TEST_CASE("annotations: a delegated cgroup lies below the container's") {
  CHECK(read({{"run.oci.delegate-cgroup", "/a//./b/"}}).delegate_cgroup == "a/b");
  CHECK(read({{"run.oci.delegate-cgroup", ""}}).delegate_cgroup.empty());
  CHECK(refusal(spec_with({{"run.oci.delegate-cgroup", "a/../../b"}})) ==
        "/annotations/run.oci.delegate-cgroup: \"a/../../b\" has \"..\" in it");
}

TEST_CASE("annotations: the type of a mount's context is one of four") {
  CHECK(read({}).mount_context == "context");
  CHECK(read({{"run.oci.mount_context_type", "rootcontext"}}).mount_context == "rootcontext");
  CHECK(refusal(spec_with({{"run.oci.mount_context_type", "context,exec"}})) ==
        "/annotations/run.oci.mount_context_type: \"context,exec\" is not context, fscontext, "
        "defcontext or rootcontext");
}

TEST_CASE("annotations: handlers of other programs than the kernel's are refused") {
  const std::string why =
      ": programs are executed by the kernel alone; there is no handler for WebAssembly";
  CHECK(refusal(spec_with({{"run.oci.handler", "krun"}})) ==
        "/annotations/run.oci.handler: \"krun\"" + why + " or virtual machines");
  CHECK(refusal(spec_with({{"run.oci.handler", "wasm"}})).ends_with("or virtual machines"));
  CHECK(refusal(spec_with({{"module.wasm.image/variant", "compat"}})) ==
        "/annotations/module.wasm.image~1variant: \"compat\"" + why);
}

TEST_CASE("annotations: a smart handler is refused for WebAssembly alone") {
  const Texts smart[] = {{{"run.oci.handler", "wasm-smart"}},
                         {{"module.wasm.image/variant", "compat-smart"}}};
  for (const Texts& annotations : smart) {
    CHECK(refusal(spec_with(annotations)) == "accepted");
    CHECK(refusal(spec_with(annotations, "/app.wasm")) != "accepted");
    CHECK(refusal(spec_with(annotations, "/app.wat")) != "accepted");
  }
}

TEST_CASE("annotations: a pod's sandbox is an ordinary process whatever its handler") {
  CHECK(refusal(spec_with({{"run.oci.handler", "wasm"},
                           {"io.kubernetes.cri.container-type", "sandbox"}})) == "accepted");
}
