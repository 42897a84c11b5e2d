// A directory of files that is gone with the test.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <string>
#include <utility>

#include <doctest/doctest.h>

namespace coracle::test {

class TemporaryTree {
 public:
  // Names below it -> texts; directories on the way are made.
  TemporaryTree(std::initializer_list<std::pair<const char*, const char*>> files) {
    REQUIRE(::mkdtemp(path_.data()) != nullptr);
    for (const auto& [name, text] : files) write(name, text);
  }
  TemporaryTree(const TemporaryTree&) = delete;
  TemporaryTree& operator=(const TemporaryTree&) = delete;
  ~TemporaryTree() { std::filesystem::remove_all(path_); }

  const std::string& path() const { return path_; }
  void write(const std::string& name, const std::string& text) const {
    const std::filesystem::path file = path_ + "/" + name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  std::string read(const std::string& name) const {
    std::ifstream file(path_ + "/" + name);
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  std::string path_ = "/tmp/coracle-unit-XXXXXX";
};

}  // namespace coracle::test
