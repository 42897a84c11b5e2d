// A directory of the host that a hostile container aims at, and whether it was hit.
#include "tests/support/victim.hpp"

#include <doctest/doctest.h>
#include <filesystem>

#include "tests/support/process.hpp"
#include "tests/support/tree.hpp"

namespace coracle::test {
namespace fs = std::filesystem;

Victim::Victim(std::string path) : path_(std::move(path)) {
  fs::create_directories(path_ + "/dir");
  for (const char* name : {"/ptmx", "/null", "/dir/file"}) write_file(path_ + name, "the host's\n");
  for (const char* name : {"", "/dir"}) fs::permissions(path_ + name, fs::perms(0777));
  for (const char* name : {"/ptmx", "/null", "/dir/file"})
    fs::permissions(path_ + name, fs::perms(0666));
  before_ = tree_facts(path_);
}

std::string Victim::changes() const {
  return changed_facts(before_, tree_facts(path_));
}

}  // namespace coracle::test
