// One line of the log, as text or as JSON.  Pure.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace coracle::container::log {

enum class Format { text, json };

enum class Level { debug, warning, error };

struct Line {
  Level level = Level::error;
  std::string message = {};
  std::string time = {};  // RFC 3339; engines refuse anything else
  // For programs, in JSON alone; engines skip what they do not know.
  // "code" -> "ENOENT"
  std::vector<std::pair<std::string, std::string>> fields = {};
  std::vector<std::string> warnings = {};  // a field of that name, left out when empty
};

// text: `time="..." level=error msg="..."`, as logrus writes it.
// json: one object with `level`, `msg`, `time` and the other fields.  No line
// break at the end nor inside; bytes that are not UTF-8 become U+FFFD.
std::string render_line(Format format, const Line& line);

}  // namespace coracle::container::log
