// Texts as shells quote them.  Pure.
#pragma once

#include <string>
#include <string_view>

namespace coracle::docs {

// For bash and zsh: 'it'\''s'.
inline std::string single_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'')
      out += "'\\''";
    else
      out += c;
  }
  return out + "'";
}

// `text` with a backslash before each of `special`.
inline std::string with_backslashes(std::string_view text, std::string_view special) {
  std::string out;
  for (const char c : text) {
    if (special.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

}  // namespace coracle::docs
