// runtime.md#query-state for one container and for all.
#include "runtime/container/lifecycle.hpp"
#include "runtime/container/status.hpp"

namespace coracle::container {

namespace {

Result<Described> describe_on(const Result<cgroup::Host>& host, const std::string& root,
                              const std::string& id) {
  ContainerFacts facts = TRY(peek_facts(root, id));
  const oci::Status status = TRY(status_of(facts, host));
  return Described{.facts = std::move(facts), .status = status};
}

}  // namespace

Result<Described> describe(const std::string& root, const std::string& id) {
  return describe_on(cgroup::detect(), root, id);
}

Result<void> list(const std::string& root, const std::function<void(Result<Described>)>& each) {
  // Once for all: it may take reading a list of mounts that grows with the containers.
  const Result<cgroup::Host> host = cgroup::detect();
  for (const std::string& id : TRY(container_ids(root)))
    each(describe_on(host, root, id).context("load container " + id));
  return {};
}

}  // namespace coracle::container
