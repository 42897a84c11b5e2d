// The two formats of a line.
#include "runtime/container/log_line.hpp"

#include <string_view>

#include "oci-spec/json_text.hpp"
#include "oci-spec/json_writer.hpp"
#include "runtime/base/strings.hpp"

namespace coracle::container::log {
namespace {

std::string_view level_name(Level level) {
  switch (level) {
    case Level::debug:
      return "debug";
    case Level::warning:
      return "warning";
    case Level::error:
      return "error";
  }
  return {};
}

std::string valid_utf8(std::string_view text) {
  std::string out;
  while (true) {
    const std::size_t good = oci::json::utf8_prefix(text);
    out.append(text.substr(0, good));
    if (good == text.size()) return out;
    out += "\xef\xbf\xbd";
    text.remove_prefix(good + 1);
  }
}

// Go's %q, near enough for those who read it.
std::string text_value(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    const std::string one = in_quotes(std::string_view(&c, 1));
    out.append(one, 1, one.size() - 2);
  }
  return out + '"';
}

std::string render_text(const Line& line) {
  std::string out = "time=" + text_value(line.time) + " level=";
  out.append(level_name(line.level)).append(" msg=").append(text_value(valid_utf8(line.message)));
  if (!line.warnings.empty())
    out.append(" warnings=").append(text_value(valid_utf8(join(line.warnings, "; "))));
  return out;
}

std::string render_json(const Line& line) {
  oci::json::Writer writer(oci::json::Layout::compact);
  const auto member = [&](std::string_view name, std::string_view value) {
    writer.key(name);
    writer.string(valid_utf8(value));
  };
  writer.begin_object();
  member("level", level_name(line.level));
  member("msg", line.message);
  member("time", line.time);
  for (const auto& [name, value] : line.fields) member(name, value);
  if (!line.warnings.empty()) {
    writer.key("warnings");
    writer.begin_array();
    for (const std::string& warning : line.warnings) writer.string(valid_utf8(warning));
    writer.end_array();
  }
  writer.end_object();
  return std::move(writer).text();
}

}  // namespace

std::string render_line(Format format, const Line& line) {
  switch (format) {
    case Format::text:
      return render_text(line);
    case Format::json:
      return render_json(line);
  }
  return {};
}

}  // namespace coracle::container::log
