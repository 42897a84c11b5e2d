// `events`: what a container uses, and when its memory has run out.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "runtime/base/result.hpp"
#include "runtime/cgroup/oom_watch.hpp"
#include "runtime/container/state_dir.hpp"
#include "runtime/sys/fd.hpp"

namespace coracle::container {

// One line of `events --stats`: see event_json.hpp.  Fails for a container that
// has stopped.
Result<std::string> stats_event(const std::string& root, const std::string& id);

// The events of one container as they come.  Holds no lock.
class EventStream {
 public:
  // Statistics every `interval`, the first after the first interval.  Fails
  // for a container that has stopped; without a memory controller no event
  // of that kind comes, and a warning is logged.
  static Result<EventStream> open(const std::string& root, const std::string& id,
                                  std::chrono::nanoseconds interval);

  // Waits for the next one, and returns its line.  Nothing when the container
  // has stopped, or when nobody reads our stdout any more.
  Result<std::optional<std::string>> next();

 private:
  EventStream(ContainerState state, cgroup::Cgroup cgroup, sys::PidFd init)
      : state_(std::move(state)), cgroup_(std::move(cgroup)), init_(std::move(init)) {}

  ContainerState state_;
  cgroup::Cgroup cgroup_;
  sys::PidFd init_;
  sys::Fd timer_;
  cgroup::OomWatch oom_;
};

}  // namespace coracle::container
