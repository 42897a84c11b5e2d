// ROOT/ID: claimed by mkdir(2), locked by flock(2) on the directory itself.
#include "runtime/container/state_dir.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <tuple>

#include "oci-spec/parse.hpp"
#include "oci-spec/write.hpp"
#include "runtime/base/strings.hpp"
#include "runtime/container/state_json.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/timings.hpp"

namespace coracle::container {
namespace {

constexpr const char* state_file = "state.json";
constexpr const char* config_file = "config.json";
constexpr std::size_t longest_id = 1024;
// A holder runs hooks at most; one that never ends must not hang `delete`.
constexpr int lock_wait_s = 30;
constexpr long lock_poll_ns = 5'000'000;

// For users who lost the variable by su(1): the default is root's then.
const char* hint_of_root(int code) {
  return code == EACCES ? " (--root names another directory, XDG_RUNTIME_DIR its parent)" : "";
}

bool is_id_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         std::string_view("_+.-").find(c) != std::string_view::npos;
}

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

struct Entry {
  std::string name;
  unsigned char type = DT_UNKNOWN;  // readdir(3); not every file system tells it
};

// All but "." and "..".
Result<std::vector<Entry>> entries_of(const sys::Fd& dir, const std::string& path) {
  // A description of its own: the position is not shared with other readers.
  sys::Fd own = TRY(sys::open_at(dir, ".", O_RDONLY | O_DIRECTORY).context(path));
  const Directory directory(::fdopendir(own.get()));
  if (!directory) return fail_errno("fdopendir " + path);
  own.release();  // closedir(3) closes it
  std::vector<Entry> entries;
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(directory.get());
    if (entry == nullptr && errno != 0) return fail_errno("readdir " + path);
    if (entry == nullptr) return entries;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..")
      entries.push_back({.name = std::string(name), .type = entry->d_type});
  }
}

bool is_directory(const sys::Fd& dir, const Entry& entry) {
  if (entry.type != DT_UNKNOWN) return entry.type == DT_DIR;
  struct stat status = {};
  return ::fstatat(dir.get(), entry.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
         S_ISDIR(status.st_mode);
}

// A container that may remount what it is shown of its directory may have
// made directories there.
Result<void> empty_directory(const sys::Fd& dir, const std::string& path) {
  for (const auto& [name, type] : TRY(entries_of(dir, path))) {
    const std::string full = path + "/" + name;
    if (::unlinkat(dir.get(), name.c_str(), 0) == 0 || errno == ENOENT) continue;
    if (errno != EISDIR) return fail_errno("unlink " + full);
    const sys::Fd below = TRY(sys::open_at(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW));
    TRY(empty_directory(below, full));
    if (::unlinkat(dir.get(), name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT)
      return fail_errno("rmdir " + full);
  }
  return {};
}

Result<sys::Fd> open_directory(const std::string& path) {
  sys::Fd dir(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!dir && errno == ENOENT) return fail(no_such_container);
  if (!dir) return fail_errno("open " + path);
  return dir;
}

// A removed directory has no link left, although descriptors keep it.
bool is_removed(const sys::Fd& dir) {
  struct stat status = {};
  return ::fstat(dir.get(), &status) == 0 && status.st_nlink == 0;
}

Result<void> lock(const sys::Fd& dir, const std::string& path) {
  for (long waited_ns = 0; waited_ns < lock_wait_s * 1'000'000'000L; waited_ns += lock_poll_ns) {
    if (::flock(dir.get(), LOCK_EX | LOCK_NB) == 0) return {};
    if (errno != EWOULDBLOCK && errno != EINTR) return fail_errno("flock " + path);
    const timespec pause = {.tv_sec = 0, .tv_nsec = lock_poll_ns};
    ::nanosleep(&pause, nullptr);
  }
  return fail("another command has held the lock of " + path + " for " +
              std::to_string(lock_wait_s) + " seconds");
}

// Where an unprivileged user has its runtime directory, the sticky bit keeps
// what lies there from being cleaned up.  XDG Base Directory Specification
Result<void> make_root(const std::string& root) {
  const bool rootless = ::geteuid() != 0;
  if (::access(root.c_str(), F_OK) == 0) return {};
  TRY(sys::make_directories(root, rootless ? 0700 : 0711));
  if (rootless && ::chmod(root.c_str(), 0700 | S_ISVTX) != 0) return fail_errno("chmod " + root);
  return {};
}

}  // namespace

Result<void> check_id(std::string_view id) {
  const bool good = !id.empty() && id.size() <= longest_id && id != "." && id != ".." &&
                    std::all_of(id.begin(), id.end(), is_id_char);
  if (!good)
    return fail("invalid container ID format: " + in_quotes(id) +
                "; it has 1 to 1024 letters, digits and characters of _+-.");
  return {};
}

Result<std::vector<std::string>> container_ids(const std::string& root) {
  const sys::Fd dir(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!dir && errno == ENOENT) return std::vector<std::string>();
  if (!dir) return fail_errno("open " + root + hint_of_root(errno));
  std::vector<std::string> ids;
  for (Entry& entry : TRY(entries_of(dir, root))) {
    if (check_id(entry.name) && is_directory(dir, entry)) ids.push_back(std::move(entry.name));
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

Result<StateDir> StateDir::claim(const std::string& root, const std::string& id) {
  const sys::timings::Phase phase("claim id");
  TRY(check_id(id));
  TRY(make_root(root).context("make the state's root"));
  std::string path = root + "/" + id;
  while (true) {
    if (::mkdir(path.c_str(), 0711) != 0) {
      if (errno == EEXIST) return fail("container with given ID already exists: " + in_quotes(id));
      return fail_errno("mkdir " + path + hint_of_root(errno));
    }
    sys::Fd dir(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    // `delete --force` may have taken the new directory for a killed one's.
    if (!dir && errno == ENOENT) continue;
    if (!dir) {
      const int code = errno;
      ::rmdir(path.c_str());
      return fail_errno("open " + path, code);
    }
    StateDir claimed(std::move(path), std::move(dir), true);
    TRY(lock(claimed.dir_, claimed.path_));
    if (!is_removed(claimed.dir_)) return claimed;
    claimed.keep();
    path = claimed.path_;
  }
}

Result<StateDir> StateDir::open(const std::string& root, const std::string& id) {
  StateDir found = TRY(peek(root, id));
  TRY(found.lock_again());
  return found;
}

Result<StateDir> StateDir::peek(const std::string& root, const std::string& id) {
  TRY(check_id(id));
  std::string path = root + "/" + id;
  sys::Fd dir = TRY(open_directory(path));
  return StateDir(std::move(path), std::move(dir), false);
}

StateDir::~StateDir() {
  if (!dir_) return;
  if (remove_when_dropped_) std::ignore = remove();  // best effort: an error is being reported
  unlock();
}

// Closing would not do: init may hold a copy of the descriptor until its execve.
void StateDir::unlock() const {
  ::flock(dir_.get(), LOCK_UN);
}

Result<void> StateDir::lock_again() const {
  TRY(lock(dir_, path_));
  if (is_removed(dir_)) return fail(no_such_container);
  return {};
}

Result<void> StateDir::save_config(const oci::Spec& spec) const {
  const sys::timings::Phase phase("save config");
  return sys::replace_file_at(dir_, config_file, oci::write_spec(spec, false), 0600).context(path_);
}

Result<void> StateDir::save(const ContainerFacts& facts) const {
  const sys::timings::Phase phase("save state");
  return sys::replace_file_at(dir_, state_file, render_facts(facts), 0600).context(path_);
}

// The id alone, where `error` says that nothing is written yet.
Result<ContainerFacts> StateDir::facts_without_file(Error error) const {
  if (error.code != ENOENT) return std::unexpected(std::move(error).context(path_));
  if (is_removed(dir_)) return fail(no_such_container);
  ContainerFacts claimed_only;
  claimed_only.id = path_.substr(path_.rfind('/') + 1);
  return claimed_only;
}

Result<ContainerFacts> StateDir::load_facts() const {
  auto text = sys::read_file_at(dir_, state_file);
  if (!text) return facts_without_file(std::move(text).error());
  return parse_facts(*text, path_ + "/" + state_file);
}

Result<ContainerState> StateDir::load() const {
  const sys::timings::Phase phase("load state");
  ContainerFacts facts = TRY(load_facts());
  auto config = sys::read_file_at(dir_, config_file);
  if (!config) {
    ContainerFacts id_alone = TRY(facts_without_file(std::move(config).error()));
    return ContainerState{facts.pid == 0 ? std::move(facts) : std::move(id_alone), {}};
  }
  return ContainerState{std::move(facts), TRY(oci::parse_spec(*config, path_ + "/" + config_file))};
}

Result<ContainerFacts> peek_facts(const std::string& root, const std::string& id,
                                  const sys::Stem& stem) {
  TRY(check_id(id));
  const std::string path = root + "/" + id + "/" + state_file;
  const auto text = sys::read_record(path, stem);
  if (text) return parse_facts(*text, path);
  // Why it is not there only the directory tells.
  const StateDir dir = TRY(StateDir::peek(root, id));
  return dir.load_facts();
}

Result<void> StateDir::remove() {
  const sys::timings::Phase phase("remove state");
  TRY(empty_directory(dir_, path_));
  if (::rmdir(path_.c_str()) != 0 && errno != ENOENT) return fail_errno("rmdir " + path_);
  remove_when_dropped_ = false;
  return {};
}

}  // namespace coracle::container
