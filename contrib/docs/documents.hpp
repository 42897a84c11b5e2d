// The man page and the completion scripts: templates whose marked lines are
// made from the table of commands.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "runtime/base/result.hpp"

namespace coracle::docs {

// Stands for the line of a template that holds "@MARKER@".
struct Part {
  std::string_view marker;
  std::string (*render)();  // whole lines
};

// Paths from the root of the tree.
struct Document {
  std::string_view from;  // the template
  std::string_view to;    // the file that is committed and installed
  std::span<const Part> parts;
};

std::span<const Document> documents();

// The text of `document`, made from that of its template.  Fails where a part
// has no line, or a marked line no part.
Result<std::string> fill(const Document& document, std::string_view from);

// The parts, one file each: man_page.cpp, bash.cpp, zsh.cpp, fish.cpp.
std::span<const Part> man_page_parts();
std::span<const Part> bash_parts();
std::span<const Part> zsh_parts();
std::span<const Part> fish_parts();

}  // namespace coracle::docs
