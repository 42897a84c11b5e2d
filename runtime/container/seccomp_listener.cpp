#include "runtime/container/seccomp_listener.hpp"

#include <array>

#include "oci-spec/fields.hpp"
#include "runtime/seccomp/cache.hpp"
#include "runtime/sys/sockets.hpp"
#include "runtime/sys/timings.hpp"

namespace coracle::container {
namespace {

// Spec: config-linux.md#containerprocessstate
struct ContainerProcessState {
  std::string oci_version;
  std::vector<std::string> fds;  // names, in the order of the descriptors
  int pid = 0;
  std::string metadata;
  oci::State state;
};

}  // namespace
}  // namespace coracle::container

namespace coracle::oci {

template <>
struct Fields<container::ContainerProcessState> {
  using S = container::ContainerProcessState;
  static constexpr auto table = std::tuple{
      required("ociVersion", &S::oci_version),
      required("fds", &S::fds),
      required("pid", &S::pid),
      optional("metadata", &S::metadata),
      required("state", &S::state),
  };
};

}  // namespace coracle::oci

namespace coracle::container {
namespace {

// No container's id: they have no '@'.
constexpr std::string_view filters_directory = "/@seccomp";

}  // namespace

Result<seccomp::Filter> compile_filter(const oci::Seccomp& config,
                                       const plan::Annotations& annotations,
                                       const std::string& root) {
  const sys::timings::Phase phase("seccomp filter");
  const auto unknown = annotations.fail_on_unknown_syscall ? seccomp::UnknownSyscalls::refuse
                                                           : seccomp::UnknownSyscalls::warn;
  return seccomp::compile_cached(config, unknown, root + std::string(filters_directory));
}

Result<void> send_seccomp_listener(const sys::Fd& agent, const oci::Seccomp& seccomp,
                                   const oci::State& state, const Notifying& process) {
  const ContainerProcessState text = {.oci_version = state.oci_version,
                                      .fds = {"seccompFd"},
                                      .pid = process.pid,
                                      .metadata = seccomp.listener_metadata,
                                      .state = state};
  oci::json::Writer out(oci::json::Layout::compact);
  oci::Codec<ContainerProcessState>::write(out, text);
  const std::array fds = {process.listener.get()};
  return sys::send_packet(agent, std::move(out).text(), fds)
      .context("seccomp agent at " + seccomp.listener_path);
}

}  // namespace coracle::container
