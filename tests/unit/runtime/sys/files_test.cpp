// Files and paths as text.
#include "runtime/sys/files.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

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

TEST_CASE("files: a record is read whole, however long it is") {
  std::string path = (std::filesystem::temp_directory_path() / "coracle-files-XXXXXX").string();
  const Fd file(::mkstemp(path.data()));
  REQUIRE(file);
  std::string text;
  for (const std::size_t size : {0UZ, 1UZ, 8191UZ, 8192UZ, 8193UZ, 100000UZ}) {
    text.resize(size, static_cast<char>('a' + size % 26));
    REQUIRE(::ftruncate(file.get(), 0) == 0);
    REQUIRE(::pwrite(file.get(), text.data(), text.size(), 0) == static_cast<ssize_t>(size));
    CHECK(read_record(path).value() == text);
    CHECK(read_file(path).value() == text);
  }
  std::filesystem::remove(path);
  CHECK(read_record(path).error().text() == "open " + path + ": no such file or directory");
}

TEST_CASE("files: below a stem or beside it, the file that the path names is read") {
  std::string pattern = (std::filesystem::temp_directory_path() / "coracle-files-XXXXXX").string();
  const std::string top = ::mkdtemp(pattern.data());
  std::filesystem::create_directories(top + "/root/web1");
  std::filesystem::create_directory(top + "/root2");
  std::ofstream(top + "/root/web1/state.json") << "below";
  std::ofstream(top + "/root2/state.json") << "beside";
  const Stem stem = open_stem(top + "/root");
  REQUIRE(stem.dir);
  CHECK(read_record(top + "/root/web1/state.json", stem).value() == "below");
  CHECK(read_record(top + "/root2/state.json", stem).value() == "beside");
  CHECK(read_record(top + "/root//web1/state.json", stem).value() == "below");
  CHECK(read_record(top + "/root//", stem).error().text() == top + "/root//: read: is a directory");
  CHECK(read_record(top + "/root/none", stem).error().text() ==
        "open " + top + "/root/none: no such file or directory");
  // It is the directory that was opened, whatever has its name by now.
  std::filesystem::rename(top + "/root", top + "/moved");
  CHECK(read_record(top + "/root/web1/state.json", stem).value() == "below");
  CHECK_FALSE(open_stem(top + "/root").dir);
  CHECK(read_record(top + "/moved/web1/state.json", open_stem(top + "/root")).value() == "below");
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
