// Small questions about text that several tests ask.
#pragma once

#include <sstream>
#include <string>
#include <string_view>

namespace coracle::test {

inline bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// The words of `text` with one blank between two.
inline std::string words(const std::string& text) {
  std::istringstream stream(text);
  std::string joined;
  for (std::string word; stream >> word;) joined += (joined.empty() ? "" : " ") + word;
  return joined;
}

}  // namespace coracle::test
