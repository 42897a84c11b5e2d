// cgroup.event_control and memory.events.
#include "runtime/cgroup/oom_watch.hpp"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>

#include "runtime/cgroup/stats.hpp"
#include "runtime/sys/files.hpp"

namespace coracle::cgroup {
namespace {

std::uint64_t kills_in(const std::string& dir) {
  const auto text = sys::read_file(dir + "/memory.events");
  if (!text) return 0;  // gone with its cgroup
  const auto events = parse_keyed(*text);
  const auto found = events.find("oom_kill");
  return found == events.end() ? 0 : found->second;
}

}  // namespace

Result<OomWatch> OomWatch::open(const Cgroup& cgroup) {
  const Place place = cgroup.place_of("memory");
  if (place.dir.empty()) return fail("the container has no cgroup with a memory controller");
  return place.is_v2 ? open_v2(place.dir) : open_v1(place.dir);
}

Result<OomWatch> OomWatch::open_v1(const std::string& dir) {
  sys::Fd events(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!events) return fail_errno("eventfd");
  const sys::Fd control = TRY(sys::open_file(dir + "/memory.oom_control", O_RDONLY));
  TRY(sys::write_once(dir + "/cgroup.event_control",
                      std::to_string(events.get()) + " " + std::to_string(control.get())));
  return OomWatch(std::move(events), dir, false);
}

Result<OomWatch> OomWatch::open_v2(const std::string& dir) {
  sys::Fd events(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!events) return fail_errno("inotify_init1");
  const std::string file = dir + "/memory.events";
  if (::inotify_add_watch(events.get(), file.c_str(), IN_MODIFY) < 0)
    return fail_errno("inotify_add_watch " + file);
  OomWatch watch(std::move(events), dir, true);
  watch.kills_ = kills_in(dir);
  return watch;
}

bool OomWatch::take() {
  if (!fd_) return false;
  return is_v2_ ? take_v2() : take_v1();
}

bool OomWatch::take_v1() const {
  std::uint64_t count = 0;
  if (::read(fd_.get(), &count, sizeof count) != sizeof count) return false;
  // The removal of the cgroup is an event too.
  return ::access((dir_ + "/cgroup.event_control").c_str(), F_OK) == 0;
}

bool OomWatch::take_v2() {
  alignas(inotify_event) std::array<char, 4096> events;
  while (::read(fd_.get(), events.data(), events.size()) > 0) continue;
  const std::uint64_t kills = kills_in(dir_);
  const bool more = kills > kills_;
  if (more) kills_ = kills;
  return more;
}

}  // namespace coracle::cgroup
