// A directory tree as facts that can be compared.
#include "tests/support/tree.hpp"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <filesystem>
#include <set>
#include <sstream>

#include "tests/support/process.hpp"

namespace coracle::test {
namespace fs = std::filesystem;

namespace {

std::string time_of(const timespec& moment) {
  return std::to_string(moment.tv_sec) + "." + std::to_string(moment.tv_nsec);
}

std::string facts_of(const std::string& path) {
  struct stat facts = {};
  if (::lstat(path.c_str(), &facts) != 0) return "gone";
  std::ostringstream text;
  text << std::oct << facts.st_mode << std::dec << " " << facts.st_uid << ":" << facts.st_gid << " "
       << major(facts.st_rdev) << ":" << minor(facts.st_rdev) << " " << time_of(facts.st_mtim)
       << " " << time_of(facts.st_ctim);
  if (S_ISREG(facts.st_mode)) text << " " << read_file(path);
  if (S_ISLNK(facts.st_mode)) text << " " << fs::read_symlink(path).string();
  return text.str();
}

std::string value_in(const std::map<std::string, std::string>& facts, const std::string& key) {
  const auto found = facts.find(key);
  return found == facts.end() ? "(none)" : found->second;
}

}  // namespace

std::map<std::string, std::string> tree_facts(const std::string& top) {
  std::map<std::string, std::string> all = {{"", facts_of(top)}};
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(top))
    all[entry.path().string().substr(top.size())] = facts_of(entry.path());
  return all;
}

std::string changed_facts(const std::map<std::string, std::string>& before,
                          const std::map<std::string, std::string>& after) {
  std::set<std::string> keys;
  for (const auto* facts : {&before, &after}) {
    for (const auto& [key, value] : *facts) keys.insert(key);
  }
  std::string text;
  for (const std::string& key : keys) {
    const std::string was = value_in(before, key);
    const std::string is = value_in(after, key);
    if (was != is) text += "\n  " + key + ": " + was + " -> " + is;
  }
  return text;
}

}  // namespace coracle::test
