// runtime.md#query-state for one container and for all.
#include <optional>

#include "runtime/base/in_order.hpp"
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
  const std::vector<std::string> ids = TRY(container_ids(root));
  const Work work = {.count = ids.size(), .ahead = 64, .worth_a_thread = 64};
  std::vector<std::optional<Result<Described>>> described(work.ahead);
  in_order(
      work,
      [&](std::size_t i) {
        described[i % work.ahead] =
            describe_on(host, root, ids[i]).context("load container " + ids[i]);
      },
      [&](std::size_t i) { each(*std::move(described[i % work.ahead])); });
  return {};
}

}  // namespace coracle::container
