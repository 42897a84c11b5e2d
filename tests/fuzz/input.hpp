// The fuzzer's bytes as numbers, words and lists; and what a target does when a property fails.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace coracle::fuzz {

// Taken from the front; zeros when there are no more.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size)
      : rest_(reinterpret_cast<const char*>(data), size) {}

  bool empty() const { return rest_.empty(); }
  std::size_t size() const { return rest_.size(); }

  template <class T>
  T number() {
    T value = 0;
    const std::size_t taken = std::min(sizeof value, rest_.size());
    std::memcpy(&value, rest_.data(), taken);
    rest_.remove_prefix(taken);
    return value;
  }

  // In [0, limit).
  std::size_t below(std::size_t limit) { return number<std::uint16_t>() % limit; }

  // What comes before the first `end`, which is taken too; everything without one.
  std::string_view before(char end) {
    const std::string_view taken = rest_.substr(0, rest_.find(end));
    rest_.remove_prefix(std::min(taken.size() + 1, rest_.size()));
    return taken;
  }

  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

// A finding: libFuzzer keeps the input of a program that aborts.
inline void require(bool holds, std::string_view what) {
  if (holds) return;
  std::fprintf(stderr, "broken property: %.*s\n", static_cast<int>(what.size()), what.data());
  std::abort();
}

}  // namespace coracle::fuzz
