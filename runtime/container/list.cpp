// runtime.md#query-state for one container and for all.
#include "runtime/container/lifecycle.hpp"
#include "runtime/container/status.hpp"

namespace coracle::container {

Result<Described> describe(const std::string& root, const std::string& id) {
  const StateDir dir = TRY(StateDir::peek(root, id));
  ContainerState facts = TRY(dir.load());
  const oci::Status status = status_of(facts);
  return Described{.facts = std::move(facts), .status = status};
}

Result<Listing> list(const std::string& root) {
  Listing listing;
  for (const std::string& id : TRY(container_ids(root))) {
    auto described = describe(root, id);
    if (described)
      listing.containers.push_back(*std::move(described));
    else
      listing.unreadable.push_back(std::move(described.error()).context("load container " + id));
  }
  return listing;
}

}  // namespace coracle::container
