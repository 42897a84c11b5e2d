// Store facts, derive status.
#include "runtime/container/status.hpp"

#include "runtime/container/processes.hpp"

namespace coracle::container {
namespace {

// `host` may not be known: where no cgroup is mounted.
bool is_frozen(const ContainerFacts& facts, const Result<cgroup::Host>& host,
               const sys::Stem& freezers) {
  return host && cgroup::is_frozen(*host, facts.cgroup_paths, freezers);
}

}  // namespace

Result<oci::Status> status_of(const ContainerFacts& facts, const Result<cgroup::Host>& host,
                              const sys::Stem& freezers) {
  if (facts.pid == 0) return oci::Status::creating;
  const std::optional<sys::ProcessFacts> init = TRY(init_facts(facts));
  return init ? status_of(facts, *init, host, freezers) : oci::Status::stopped;
}

oci::Status status_of(const ContainerFacts& facts, const sys::ProcessFacts& init,
                      const Result<cgroup::Host>& host, const sys::Stem& freezers) {
  if (is_frozen(facts, host, freezers)) return oci::Status::paused;
  const bool created = init.has_not_executed() && !facts.restored;
  return created ? oci::Status::created : oci::Status::running;
}

Result<oci::Status> status_of(const ContainerFacts& facts) {
  return status_of(facts, cgroup::detect());
}

oci::State oci_state(const ContainerFacts& state, oci::Status status) {
  return oci::State{.oci_version = state.oci_version,
                    .id = state.id,
                    .status = status,
                    .pid = status == oci::Status::stopped ? 0 : state.pid,
                    .bundle = state.bundle,
                    .annotations = state.annotations};
}

}  // namespace coracle::container
