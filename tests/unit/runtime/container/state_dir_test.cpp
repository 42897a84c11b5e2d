// The directory of one container: claims, locks, what a crash leaves.
#include "runtime/container/state_dir.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "runtime/sys/files.hpp"

using namespace coracle;
using container::ContainerState;
using container::peek_facts;
using container::StateDir;

namespace {

// A root that is gone with the test.
class Root {
 public:
  Root() {
    std::string name = "/tmp/coracle-state-XXXXXX";
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name + "/root";
  }
  Root(const Root&) = delete;
  Root& operator=(const Root&) = delete;
  ~Root() { std::filesystem::remove_all(std::filesystem::path(path_).parent_path()); }

  const std::string& path() const { return path_; }
  bool has(const std::string& name) const { return std::filesystem::exists(path_ + "/" + name); }

 private:
  std::string path_;
};

bool is_locked(const std::string& path) {
  const sys::Fd other(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return ::flock(other.get(), LOCK_EX | LOCK_NB) != 0;
}

ContainerState example() {
  ContainerState state;
  state.id = "web1";
  state.oci_version = "1.3.0";
  state.pid = 42;
  state.spec.oci_version = "1.3.0";
  state.spec.root.path = "rootfs";
  return state;
}

Result<void> save(const StateDir& dir) {
  TRY(dir.save_config(example().spec));
  return dir.save(example());
}

}  // namespace

TEST_CASE("state dir: a claim that is not kept leaves nothing") {
  const Root root;
  {
    const auto dir = StateDir::claim(root.path(), "web1");
    REQUIRE(dir.has_value());
    REQUIRE(save(*dir).has_value());
    CHECK(root.has("web1/state.json"));
  }
  CHECK_FALSE(root.has("web1"));
}

TEST_CASE("state dir: a claim that is kept stays and is unlocked") {
  const Root root;
  {
    auto dir = StateDir::claim(root.path(), "web1");
    REQUIRE(dir.has_value());
    CHECK(is_locked(dir->path()));
    dir->keep();
  }
  CHECK(root.has("web1"));
  CHECK_FALSE(is_locked(root.path() + "/web1"));
}

TEST_CASE("state dir: the lock ends with its holder, although a copy of the descriptor lives") {
  const Root root;
  sys::Fd copy;
  {
    auto dir = StateDir::claim(root.path(), "web1");
    REQUIRE(dir.has_value());
    copy = sys::Fd(::dup(dir->fd().get()));
    dir->keep();
  }
  CHECK_FALSE(is_locked(root.path() + "/web1"));
}

TEST_CASE("state dir: an id is claimed once") {
  const Root root;
  const auto first = StateDir::claim(root.path(), "web1");
  REQUIRE(first.has_value());
  CHECK(StateDir::claim(root.path(), "web1").error().text() ==
        "container with given ID already exists: \"web1\"");
  CHECK(root.has("web1"));
}

TEST_CASE("state dir: an unknown id does not exist, with or without a root") {
  const Root root;
  CHECK(StateDir::open(root.path(), "web1").error().text() == "container does not exist");
  REQUIRE(StateDir::claim(root.path(), "web2").has_value());
  CHECK(StateDir::peek(root.path(), "web1").error().text() == "container does not exist");
}

TEST_CASE("state dir: what was saved is loaded") {
  const Root root;
  const auto dir = StateDir::claim(root.path(), "web1");
  REQUIRE(dir.has_value());
  REQUIRE(save(*dir).has_value());
  const auto loaded = StateDir::peek(root.path(), "web1")->load();
  REQUIRE(loaded.has_value());
  CHECK(loaded->pid == 42);
  CHECK(loaded->spec.root.path == "rootfs");
  struct stat status = {};
  REQUIRE(::stat((dir->path() + "/state.json").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
}

TEST_CASE("state dir: before init is cloned there need not be a configuration") {
  const Root root;
  const auto dir = StateDir::claim(root.path(), "web1");
  REQUIRE(dir.has_value());
  ContainerState state = example();
  state.pid = 0;
  state.bundle = "/bundle";
  REQUIRE(dir->save(state).has_value());
  CHECK(dir->load().value().bundle == "/bundle");
  // A pid, but no configuration any more: `delete` is at it.
  REQUIRE(dir->save(example()).has_value());
  CHECK(dir->load().value().pid == 0);
}

TEST_CASE("state dir: facts are read without the configuration, and as it would read them") {
  const Root root;
  CHECK(peek_facts(root.path(), "web1").error().text() == "container does not exist");
  CHECK_FALSE(peek_facts(root.path(), "../web1").has_value());
  const auto dir = StateDir::claim(root.path(), "web1");
  REQUIRE(dir.has_value());
  CHECK(peek_facts(root.path(), "web1").value().id == "web1");
  CHECK(peek_facts(root.path(), "web1").value().pid == 0);
  REQUIRE(save(*dir).has_value());
  CHECK(peek_facts(root.path(), "web1").value().pid == 42);
  std::filesystem::remove(dir->path() + "/config.json");
  CHECK(peek_facts(root.path(), "web1").value().pid == 42);
}

TEST_CASE("state dir: a claim without state has an id and no pid") {
  const Root root;
  REQUIRE(std::filesystem::create_directories(root.path() + "/web1"));
  const auto loaded = StateDir::open(root.path(), "web1")->load();
  REQUIRE(loaded.has_value());
  CHECK(loaded->id == "web1");
  CHECK(loaded->pid == 0);
}

TEST_CASE("state dir: corrupt state is one error that names the file") {
  const Root root;
  REQUIRE(std::filesystem::create_directories(root.path() + "/web1"));
  std::ofstream(root.path() + "/web1/state.json") << "{\"id\":";
  const auto loaded = StateDir::open(root.path(), "web1")->load();
  REQUIRE_FALSE(loaded.has_value());
  CHECK(loaded.error().text().starts_with(root.path() + "/web1/state.json: "));
}

TEST_CASE("state dir: whatever lies in it goes with it, and nothing that a link names") {
  const Root root;
  auto dir = StateDir::claim(root.path(), "web1");
  REQUIRE(dir.has_value());
  const std::string kept = root.path() + "/kept";
  std::filesystem::create_directories(root.path() + "/web1/notify/a/b");
  std::filesystem::create_directories(kept + "/below");
  std::filesystem::create_directory_symlink(kept, root.path() + "/web1/notify/a/link");
  REQUIRE(dir->remove().has_value());
  CHECK_FALSE(root.has("web1"));
  CHECK(root.has("kept/below"));
}

TEST_CASE("state dir: one that is removed while it is held does not exist any more") {
  const Root root;
  auto dir = StateDir::claim(root.path(), "web1");
  const auto reader = StateDir::peek(root.path(), "web1");
  REQUIRE(dir->remove().has_value());
  CHECK(reader->load().error().text() == "container does not exist");
  CHECK_FALSE(root.has("web1"));
}

TEST_CASE("state dir: one that was unlocked is locked again, unless it was removed") {
  const Root root;
  auto dir = StateDir::claim(root.path(), "web1");
  dir->unlock();
  CHECK_FALSE(is_locked(dir->path()));
  REQUIRE(dir->lock_again().has_value());
  CHECK(is_locked(dir->path()));
  dir->keep();
  dir->unlock();
  REQUIRE(StateDir::open(root.path(), "web1")->remove().has_value());
  const auto other = StateDir::claim(root.path(), "web1");
  CHECK(dir->lock_again().error().text() == "container does not exist");
  CHECK(other->path() == dir->path());
}

TEST_CASE("state dir: ids are letters, digits and _+.-") {
  CHECK(container::check_id("a-B_c+1.2").has_value());
  for (const char* id : {"", ".", "..", "a/b", "a b", "a\n", "\xc3\xa9"})
    CHECK_MESSAGE(!container::check_id(id).has_value(), id);
  CHECK(container::check_id(std::string(1024, 'a')).has_value());
  CHECK_FALSE(container::check_id(std::string(1025, 'a')).has_value());
  CHECK(container::check_id("a b").error().text() ==
        "invalid container ID format: \"a b\"; it has 1 to 1024 letters, digits and characters of "
        "_+-.");
}

TEST_CASE("state dir: ids are listed in order, without files and foreign names") {
  const Root root;
  CHECK(container::container_ids(root.path())->empty());
  for (const char* name : {"web2", "web1", "not an id"})
    std::filesystem::create_directories(root.path() + "/" + name);
  std::ofstream(root.path() + "/file") << "";
  CHECK(*container::container_ids(root.path()) == std::vector<std::string>{"web1", "web2"});
}
