// Files and paths as text.
#include "runtime/sys/files.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <filesystem>

namespace coracle::sys {
namespace {

TEST_CASE("clean path: dots and slashes go, .. stops at the root") {
  CHECK(clean_path("/a//b/./c/") == "/a/b/c");
  CHECK(clean_path("/a/../../b") == "/b");
  CHECK(clean_path("/") == "/");
  CHECK(clean_path("/..") == "/");
}

TEST_CASE("files: a replaced file has the new text and leaves none beside it") {
  std::string pattern = (std::filesystem::temp_directory_path() / "coracle-files-XXXXXX").string();
  const std::string top = ::mkdtemp(pattern.data());
  const Fd dir = open_file(top, O_RDONLY | O_DIRECTORY).value();
  REQUIRE(replace_file_at(dir, "state.json", "one", 0600).has_value());
  REQUIRE(replace_file_at(dir, "state.json", "two", 0600).has_value());
  CHECK(read_file_at(dir, "state.json").value() == "two");
  CHECK(std::distance(std::filesystem::directory_iterator(top), {}) == 1);
  std::filesystem::remove_all(top);
}

TEST_CASE("files: one longer than allowed is refused") {
  const auto text = read_file("/proc/self/status", 16);
  REQUIRE_FALSE(text.has_value());
  CHECK(text.error().text() == "/proc/self/status: larger than 16 bytes");
}

TEST_CASE("files: a missing one is named") {
  CHECK(read_file("/no/such/file").error().text() ==
        "open /no/such/file: no such file or directory");
}

}  // namespace
}  // namespace coracle::sys
