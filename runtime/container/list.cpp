// runtime.md#query-state for one container and for all.
#include <optional>

#include "runtime/base/in_order.hpp"
#include "runtime/container/lifecycle.hpp"
#include "runtime/container/status.hpp"
#include "runtime/sys/files.hpp"

namespace coracle::container {

namespace {

// What is found once for all containers.
struct Places {
  const std::string& root;
  Result<cgroup::Host> host;
  sys::Stem states;
  sys::Stem freezers;
};

Result<Described> describe_at(const Places& places, const std::string& id) {
  ContainerFacts facts = TRY(peek_facts(places.root, id, places.states));
  const oci::Status status = TRY(status_of(facts, places.host, places.freezers));
  return Described{.facts = std::move(facts), .status = status};
}

}  // namespace

Result<Described> describe(const std::string& root, const std::string& id) {
  return describe_at({.root = root, .host = cgroup::detect(), .states = {}, .freezers = {}}, id);
}

Result<void> list(const std::string& root,
                  const std::function<void(const Result<Described>&)>& each) {
  // The cgroups: it may take reading a list of mounts that grows with the containers.
  Places places = {
      .root = root, .host = cgroup::detect(), .states = sys::open_stem(root), .freezers = {}};
  if (places.host) places.freezers = cgroup::freezer_stem(*places.host);
  const std::vector<std::string> ids = TRY(container_ids(root));
  const Work work = {.count = ids.size(), .ahead = 64, .worth_a_thread = 64};
  std::vector<std::optional<Result<Described>>> described(work.ahead);
  in_order(
      work,
      [&](std::size_t i) {
        auto found = describe_at(places, ids[i]);
        if (!found) found = std::move(found).context("load container " + ids[i]);
        described[i % work.ahead].emplace(std::move(found));
      },
      [&](std::size_t i) { each(*described[i % work.ahead]); });
  return {};
}

}  // namespace coracle::container
