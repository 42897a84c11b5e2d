// Container paths resolved inside a root, on a directory tree of the test's own.
#include "runtime/sys/path.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "runtime/sys/files.hpp"

namespace coracle::sys {
namespace {

namespace fs = std::filesystem;

// A root, and beside it what must stay as it is.
class Tree {
 public:
  Tree() {
    std::string pattern = (fs::temp_directory_path() / "coracle-path-XXXXXX").string();
    top_ = ::mkdtemp(pattern.data());
    fs::create_directories(inside("dir"));
    fs::create_directories(top_ / "victim");
    std::ofstream(top_ / "victim" / "secret") << "secret";
    std::ofstream(inside("dir/file")) << "inside";
    root_ = open_file(inside(""), O_PATH | O_DIRECTORY).value();
  }
  ~Tree() { fs::remove_all(top_); }

  fs::path inside(const std::string& path) const { return top_ / "root" / path; }
  fs::path victim() const { return top_ / "victim"; }
  const Fd& root() const { return root_; }

 private:
  fs::path top_;
  Fd root_;
};

std::string read_inside(const Tree& tree, const std::string& path) {
  const auto fd = open_in_root(tree.root(), path, O_RDONLY);
  return fd ? read_all(*fd).value() : fd.error().text();
}

TEST_CASE("path in root: an absolute symlink counts from the root") {
  const Tree tree;
  fs::create_symlink("/dir/file", tree.inside("link"));
  CHECK(read_inside(tree, "/link") == "inside");
}

TEST_CASE("path in root: a symlink and .. cannot lead out") {
  const Tree tree;
  fs::create_symlink(tree.victim(), tree.inside("absolute"));
  fs::create_symlink("../../victim", tree.inside("dir/relative"));
  for (const char* path : {"/absolute/secret", "/dir/relative/secret", "/../victim/secret"})
    CHECK_MESSAGE(read_inside(tree, path).ends_with("no such file or directory"), path);
}

TEST_CASE("path in root: plain is what no symlink leads to") {
  const Tree tree;
  fs::create_symlink("dir", tree.inside("way"));
  fs::create_symlink("file", tree.inside("dir/link"));
  for (const char* path : {"/dir/file", "dir/file", "/dir", "/", "/dir/../dir/./file"})
    CHECK_MESSAGE(open_plain_in_root(tree.root(), path, O_PATH), path);
  for (const char* path : {"/way/file", "/way", "/dir/link", "/none", "/dir/file/below"})
    CHECK_FALSE_MESSAGE(open_plain_in_root(tree.root(), path, O_PATH), path);
  CHECK_FALSE(open_plain_in_root(tree.root(), "/dir/file", O_PATH | O_DIRECTORY));
  CHECK_FALSE(open_plain_in_root(tree.root(), "/../victim/secret", O_PATH));
}

TEST_CASE("path in root: directories are made, and only inside") {
  const Tree tree;
  fs::create_symlink("../../victim/new", tree.inside("dangling"));
  REQUIRE(make_directory_in_root(tree.root(), "/a/b/c", 0755).has_value());
  REQUIRE(make_directory_in_root(tree.root(), "/dangling/d", 0755).has_value());
  CHECK(fs::is_directory(tree.inside("a/b/c")));
  CHECK(fs::is_directory(tree.inside("victim/new/d")));
  CHECK_FALSE(fs::exists(tree.victim() / "new"));
}

TEST_CASE("path in root: a file is made empty, one that is there stays") {
  const Tree tree;
  REQUIRE(make_file_in_root(tree.root(), "/etc/conf", 0644).has_value());
  CHECK(fs::is_regular_file(tree.inside("etc/conf")));
  REQUIRE(make_file_in_root(tree.root(), "/dir/file", 0644).has_value());
  CHECK(read_inside(tree, "/dir/file") == "inside");
}

TEST_CASE("path in root: a file is no directory to go through") {
  const Tree tree;
  const auto made = make_directory_in_root(tree.root(), "/dir/file/below", 0755);
  REQUIRE_FALSE(made.has_value());
  CHECK(made.error().code == ENOTDIR);
}

TEST_CASE("path in root: links in a circle end") {
  const Tree tree;
  fs::create_symlink("/one", tree.inside("two"));
  fs::create_symlink("/two", tree.inside("one"));
  CHECK(make_directory_in_root(tree.root(), "/one", 0755).error().code == ELOOP);
}

TEST_CASE("path in root: a place is a directory and a last name") {
  const Tree tree;
  const auto place = place_in_root(tree.root(), "/dev/null");
  REQUIRE(place.has_value());
  CHECK(place->name == "null");
  CHECK(fs::is_directory(tree.inside("dev")));
  for (const char* path : {"", "/", "/dev/", "/dev/.."})
    CHECK_MESSAGE(!place_in_root(tree.root(), path).has_value(), path);
}

}  // namespace
}  // namespace coracle::sys
