// Mount options, separated by commas: each word is known or handed to the file system, a flag is
// never both set and cleared, and saying all of it twice changes nothing.
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/strings.hpp"
#include "runtime/plan/mount_options.hpp"
#include "tests/fuzz/input.hpp"

using namespace coracle;

namespace {

void check(const plan::MountOptions& options, const std::vector<std::string>& words) {
  fuzz::require((options.flags & options.cleared_flags) == 0, "no flag is both set and cleared");
  fuzz::require(!options.recursive || options.bind, "only a bind mount is recursive");
  fuzz::require(options.others.size() <= words.size(), "no word comes from nowhere");
  for (const plan::FileSystemOption& other : options.others) {
    fuzz::require(other.index < words.size() && words[other.index] == other.word,
                  "a file system's option is the word of that place");
  }
}

void check_twice(const plan::MountOptions& once, std::vector<std::string> words) {
  const std::vector<std::string> copy = words;
  words.insert(words.end(), copy.begin(), copy.end());
  const auto twice = plan::parse_mount_options(words, "/mounts/0/options");
  fuzz::require(twice.has_value(), "what is taken once is taken twice");
  fuzz::require(twice->flags == once.flags && twice->cleared_flags == once.cleared_flags &&
                    twice->bind == once.bind && twice->recursive == once.recursive &&
                    twice->remount == once.remount && twice->copy_up == once.copy_up &&
                    twice->idmap == once.idmap &&
                    twice->recursive_attrs.set == once.recursive_attrs.set &&
                    twice->recursive_attrs.clear == once.recursive_attrs.clear,
                "the second time says nothing new");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> words;
  for (const std::string_view word : split(text, ',')) words.emplace_back(word);
  const auto options = plan::parse_mount_options(words, "/mounts/0/options");
  if (!options) {
    fuzz::require(options.error().what.starts_with("/mounts/0/options"),
                  "an error has its pointer");
    return 0;
  }
  check(*options, words);
  check_twice(*options, words);
  return 0;
}
