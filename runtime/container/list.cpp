// runtime.md#query-state for one container and for all.
#include "runtime/container/lifecycle.hpp"
#include "runtime/container/status.hpp"

namespace coracle::container {

namespace {

Result<Described> describe_on(const Result<cgroup::Host>& host, const std::string& root,
                              const std::string& id) {
  const StateDir dir = TRY(StateDir::peek(root, id));
  ContainerFacts facts = TRY(dir.load_facts());
  const oci::Status status = status_of(facts, host);
  return Described{.facts = std::move(facts), .status = status};
}

}  // namespace

Result<Described> describe(const std::string& root, const std::string& id) {
  return describe_on(cgroup::detect(), root, id);
}

Result<Listing> list(const std::string& root) {
  // Once for all: it may take reading a list of mounts that grows with the containers.
  const Result<cgroup::Host> host = cgroup::detect();
  Listing listing;
  for (const std::string& id : TRY(container_ids(root))) {
    auto described = describe_on(host, root, id);
    if (described)
      listing.containers.push_back(*std::move(described));
    else
      listing.unreadable.push_back(std::move(described.error()).context("load container " + id));
  }
  return listing;
}

}  // namespace coracle::container
