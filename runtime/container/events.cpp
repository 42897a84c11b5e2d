// One poll loop over a timer, the out-of-memory watch, init and stdout.
#include "runtime/container/events.hpp"

#include <poll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <tuple>

#include "runtime/cgroup/stats.hpp"
#include "runtime/container/event_json.hpp"
#include "runtime/container/intel_rdt.hpp"
#include "runtime/container/log.hpp"
#include "runtime/container/processes.hpp"
#include "runtime/sys/files.hpp"

namespace coracle::container {
namespace {

struct Watched {
  ContainerState state;
  sys::PidFd init;
};

Result<Watched> open_running(const std::string& root, const std::string& id) {
  const StateDir dir = TRY(StateDir::peek(root, id));
  ContainerState state = TRY(dir.load());
  auto init = TRY(open_init(state));
  if (!init) return fail("container with id " + id + " is not running");
  if (!has_cgroups(state)) return fail("the container has no cgroup that would tell what it uses");
  return Watched{.state = std::move(state), .init = std::move(init->pidfd)};
}

Result<RdtStats> rdt_stats_of(const ContainerState& state) {
  const auto& rdt = state.spec.linux_.intel_rdt;
  if (!rdt) return RdtStats();
  const std::string mountinfo = TRY(sys::read_file("/proc/self/mountinfo"));
  const std::string root = TRY(find_resctrl(mountinfo));
  return read_rdt_stats(*rdt, state.id, root);
}

Result<std::string> measure(const ContainerState& state, const cgroup::Cgroup& cgroup) {
  const RdtStats rdt = TRY(rdt_stats_of(state));
  return render_stats(state.id, cgroup::read_stats(cgroup), rdt);
}

Result<sys::Fd> make_timer(std::chrono::nanoseconds interval) {
  constexpr long ns_per_s = 1'000'000'000;
  sys::Fd timer(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!timer) return fail_errno("timerfd_create");
  const timespec time = {.tv_sec = interval.count() / ns_per_s,
                         .tv_nsec = interval.count() % ns_per_s};
  const itimerspec settings = {.it_interval = time, .it_value = time};
  if (::timerfd_settime(timer.get(), 0, &settings, nullptr) != 0)
    return fail_errno("timerfd_settime");
  return timer;
}

bool has_ended(const sys::PidFd& init) {
  pollfd polled = {.fd = init.get(), .events = POLLIN, .revents = 0};
  return ::poll(&polled, 1, 0) > 0;
}

}  // namespace

Result<std::string> stats_event(const std::string& root, const std::string& id) {
  const Watched watched = TRY(open_running(root, id));
  const cgroup::Cgroup cgroup = TRY(cgroup_of(watched.state));
  return measure(watched.state, cgroup);
}

Result<EventStream> EventStream::open(const std::string& root, const std::string& id,
                                      std::chrono::nanoseconds interval) {
  Watched watched = TRY(open_running(root, id));
  cgroup::Cgroup cgroup = TRY(cgroup_of(watched.state));
  EventStream stream(std::move(watched.state), std::move(cgroup), std::move(watched.init));
  stream.timer_ = TRY(make_timer(interval));
  auto oom = cgroup::OomWatch::open(stream.cgroup_);
  if (oom) {
    stream.oom_ = *std::move(oom);
  } else {
    log::warn("running out of memory will not be told: " + oom.error().text());
  }
  return stream;
}

Result<std::optional<std::string>> EventStream::next() {
  while (true) {
    std::array<pollfd, 4> polled = {
        {{.fd = timer_.get(), .events = POLLIN, .revents = 0},
         {.fd = oom_.fd().get(), .events = POLLIN, .revents = 0},
         {.fd = init_.get(), .events = POLLIN, .revents = 0},
         {.fd = STDOUT_FILENO, .events = 0, .revents = 0}}};  // POLLERR: nobody reads it
    if (::poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR) return fail_errno("poll");
    const bool ended = polled[2].revents != 0;
    // Before the end: init itself may be what was killed.
    if ((polled[1].revents != 0 || ended) && oom_.take()) return render_oom(state_.id);
    if (ended || polled[3].revents != 0) return std::nullopt;
    if (polled[0].revents == 0) continue;

    std::uint64_t ticks = 0;
    std::ignore = ::read(timer_.get(), &ticks, sizeof ticks);  // missed ones are not made up for
    std::string line = TRY(measure(state_, cgroup_));
    // Its cgroups may be gone by now, and what was read with them.
    if (!has_ended(init_)) return line;
  }
}

}  // namespace coracle::container
