// The unified hierarchy.
#include "runtime/cgroup/v2.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <tuple>

#include "runtime/base/strings.hpp"
#include "runtime/sys/files.hpp"

namespace coracle::cgroup::v2 {
namespace {

constexpr std::string_view subtree_control = "/cgroup.subtree_control";

Result<std::vector<std::string>> read_words(const std::string& path) {
  const std::string text = TRY(sys::read_file(path));
  std::vector<std::string> words;
  for (const std::string_view word : split(trim(text), ' '))
    if (!word.empty()) words.emplace_back(word);
  return words;
}

bool contains(const std::vector<std::string>& words, const std::string& word) {
  return std::ranges::find(words, word) != words.end();
}

Result<void> enable(const std::string& dir, const std::string& changes) {
  return sys::write_once(dir + std::string(subtree_control), changes);
}

// Best effort: what a limit needs is demanded, and explained, by require().
void enable_all(const std::string& dir) {
  const auto available = controllers(dir);
  const auto enabled = read_words(dir + std::string(subtree_control));
  if (!available || !enabled) return;
  std::vector<std::string> changes;
  for (const std::string& name : *available)
    if (!contains(*enabled, name)) changes.push_back("+" + name);
  if (changes.empty() || enable(dir, join(changes, " "))) return;
  // The kernel takes all or nothing.
  for (const std::string& change : changes) std::ignore = enable(dir, change);
}

// The root has no type, nor have kernels before 4.14.
bool is_invalid_domain(const std::string& dir) {
  const auto type = sys::read_file(dir + "/cgroup.type");
  return type && trim(*type) == "domain invalid";
}

std::string why_not_given(const Error& error) {
  if (error.code == EBUSY)
    return "it has processes of its own, and such a cgroup gives no controllers to sub-cgroups";
  if (error.code == EOPNOTSUPP) return "it is threaded, and the controller is not";
  return error.text();
}

std::string not_available(const std::string& controller, const std::string& dir) {
  const auto present = controllers(dir);
  std::string text = "controller \"" + controller + "\" not available: " + dir;
  text += "/cgroup.controllers lists ";
  if (!present || present->empty()) return text + "none";
  return text + in_quotes(join(*present, " "));
}

bool event_is_set(const std::string& dir, std::string_view line) {
  const auto events = sys::read_file(dir + "/cgroup.events");
  if (!events) return false;
  const auto lines = split(*events, '\n');
  return std::ranges::find(lines, line) != lines.end();
}

Result<std::vector<std::string>> delegated_files() {
  auto listed = sys::read_file("/sys/kernel/cgroup/delegate");
  if (!listed && listed.error().code == ENOENT)
    return std::vector<std::string>{"cgroup.procs", "cgroup.subtree_control", "cgroup.threads"};
  if (!listed) return std::unexpected(std::move(listed).error());
  std::vector<std::string> files;
  for (const std::string_view name : split(*listed, '\n'))
    if (!name.empty()) files.emplace_back(name);
  return files;
}

}  // namespace

Result<void> make(NewDirectories& made, const std::string& mount_point, const std::string& dir) {
  const std::vector<std::string> way = directories_down_to(mount_point, dir);
  for (const std::string& path : way)
    if (path != mount_point) TRY(made.make(path));
  // What makes one invalid makes all below it so (cgroup-v2.rst, "Threads").
  if (!is_invalid_domain(dir)) return {};
  for (const std::string& path : way)
    if (is_invalid_domain(path)) TRY(sys::write_once(path + "/cgroup.type", "threaded"));
  return {};
}

void enable_controllers(const std::string& mount_point, const std::string& dir) {
  const auto all = controllers(mount_point);
  const auto given = controllers(dir);
  if (all && given && all->size() == given->size()) return;  // what comes down comes from there
  for (const std::string& path : directories_down_to(mount_point, dir))
    if (path != dir) enable_all(path);
}

Result<std::vector<std::string>> controllers(const std::string& dir) {
  return read_words(dir + "/cgroup.controllers");
}

Result<void> require(const std::string& mount_point, const std::string& dir,
                     const std::string& controller) {
  std::string parent;
  for (const std::string& path : directories_down_to(mount_point, dir)) {
    const std::vector<std::string> present = TRY(controllers(path));
    if (!contains(present, controller)) {
      if (parent.empty()) return fail(not_available(controller, path));
      if (const auto given = enable(parent, "+" + controller); !given)
        return fail(not_available(controller, path) + ", and " + parent +
                    " does not give it: " + why_not_given(given.error()));
    }
    parent = path;
  }
  return {};
}

Result<void> freeze(const std::string& dir, std::chrono::milliseconds limit) {
  TRY(sys::write_once(dir + "/cgroup.freeze", "1"));
  Wait wait(limit);
  do {
    if (event_is_set(dir, "frozen 1")) return {};
  } while (wait.more());
  std::ignore = thaw(dir);  // best effort: half frozen is worse than running
  return fail("freeze " + dir + ": not frozen after " + std::to_string(limit.count()) + " ms");
}

Result<void> thaw(const std::string& dir) {
  return sys::write_once(dir + "/cgroup.freeze", "0");
}

bool frozen(const std::string& dir, const sys::Stem& stem) {
  const auto asked = sys::read_record(dir + "/cgroup.freeze", stem);
  return asked && trim(*asked) == "1";
}

bool effectively_frozen(const std::string& dir) {
  return event_is_set(dir, "frozen 1");  // by itself or by one above
}

bool kill(const std::string& dir) {
  return sys::write_once(dir + "/cgroup.kill", "1").has_value();
}

Result<void> delegate(const std::string& dir, uid_t uid) {
  constexpr auto same_group = static_cast<gid_t>(-1);
  const std::vector<std::string> files = TRY(delegated_files());
  const sys::Fd opened = TRY(sys::open_file(dir, O_RDONLY | O_DIRECTORY));
  if (::fchown(opened.get(), uid, same_group) != 0) return fail_errno("chown " + dir);
  for (const std::string& name : files) {
    const int done = ::fchownat(opened.get(), name.c_str(), uid, same_group, AT_SYMLINK_NOFOLLOW);
    // The list is of every controller's files; a cgroup has those of its own.
    if (done != 0 && errno != ENOENT) return fail_errno("chown " + dir + "/" + name);
  }
  return {};
}

}  // namespace coracle::cgroup::v2
