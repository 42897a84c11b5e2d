// The hierarchies of v1 and hybrid hosts.
#include "runtime/cgroup/v1.hpp"

#include <algorithm>
#include <tuple>

#include "runtime/base/strings.hpp"
#include "runtime/sys/files.hpp"

namespace coracle::cgroup::v1 {
namespace {

bool has_cpuset(const Hierarchy& hierarchy) {
  return std::ranges::find(hierarchy.controllers, "cpuset") != hierarchy.controllers.end();
}

// Up to the first that has something: the hierarchy's root always does.
Result<void> inherit_file(const std::string& dir, const std::string& file) {
  const std::string own = TRY(sys::read_file(dir + "/" + file));
  if (!trim(own).empty()) return {};
  const std::string parent = dir.substr(0, dir.rfind('/'));
  TRY(inherit_file(parent, file));
  const std::string inherited = TRY(sys::read_file(parent + "/" + file));
  return sys::write_once(dir + "/" + file, trim(inherited));
}

Result<std::string> read_state(const std::string& dir) {
  const std::string text = TRY(sys::read_file(dir + "/freezer.state"));
  return std::string(trim(text));
}

// True when frozen; false when it is stuck in FREEZING.
Result<bool> try_freeze(const std::string& dir) {
  constexpr int tries = 40;
  constexpr int tries_without_pause = 10;
  Wait wait(std::chrono::seconds(1));
  for (int i = 0; i < tries; ++i) {
    TRY(sys::write_once(dir + "/freezer.state", "FROZEN"));
    const std::string state = TRY(read_state(dir));
    if (state == "FROZEN") return true;
    if (i >= tries_without_pause && !wait.more()) break;
  }
  return false;
}

}  // namespace

Result<void> make(NewDirectories& made, const Hierarchy& hierarchy, const std::string& dir) {
  for (const std::string& path : directories_down_to(hierarchy.mount_point, dir)) {
    if (path == hierarchy.mount_point) continue;
    TRY(made.make(path));
    if (!has_cpuset(hierarchy)) continue;
    auto inherited = inherit_cpuset(path);
    // The container's own may fail beside an exclusive neighbour: its limits,
    // once written, say which processors it can have.
    if (!inherited && path != dir) return inherited;
  }
  return {};
}

Result<void> inherit_cpuset(const std::string& dir) {
  TRY(inherit_file(dir, "cpuset.cpus"));
  return inherit_file(dir, "cpuset.mems");
}

Result<void> freeze(const std::string& dir, std::chrono::milliseconds limit) {
  Wait wait(limit);
  Result<bool> done = false;
  do {
    done = try_freeze(dir);
    if (done && *done) return {};
    // A cgroup left in FREEZING is neither alive nor paused, and what is
    // frozen already may be what the rest waits for.
    std::ignore = thaw(dir);
  } while (done && wait.more());
  if (!done) return std::unexpected(std::move(done).error());
  return fail("freeze " + dir + ": still FREEZING after " + std::to_string(limit.count()) + " ms");
}

Result<void> thaw(const std::string& dir) {
  return sys::write_once(dir + "/freezer.state", "THAWED");
}

bool frozen(const std::string& dir, const sys::Stem& stem) {
  const auto asked = sys::read_record(dir + "/freezer.self_freezing", stem);
  return asked && trim(*asked) == "1";
}

bool effectively_frozen(const std::string& dir) {
  const auto state = read_state(dir);
  return state && *state != "THAWED";
}

}  // namespace coracle::cgroup::v1
