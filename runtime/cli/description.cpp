// Containers as JSON objects and as rows of a table.
#include "runtime/cli/description.hpp"

#include <algorithm>
#include <array>

#include "runtime/container/status.hpp"

namespace coracle::cli {
namespace {

constexpr std::uint32_t least_width = 12;
constexpr std::uint32_t gap = 3;

pid_t shown_pid(const container::Described& container) {
  return container.status == oci::Status::stopped ? 0 : container.facts.pid;
}

// Takes the first field off a line of passwd(5).
std::string_view take_field(std::string_view& line) {
  const std::string_view field = line.substr(0, line.find(':'));
  line.remove_prefix(std::min(field.size() + 1, line.size()));
  return field;
}

}  // namespace

std::string user_name(uid_t uid, std::string_view passwd) {
  const std::string wanted = std::to_string(uid);
  while (!passwd.empty()) {
    std::string_view line = passwd.substr(0, passwd.find('\n'));
    passwd.remove_prefix(std::min(line.size() + 1, passwd.size()));
    const std::string_view name = take_field(line);
    take_field(line);  // the password
    if (take_field(line) == wanted) return std::string(name);
  }
  return "#" + wanted;
}

void write_description(oci::json::Writer& out, const container::Described& container,
                       std::string_view passwd) {
  const container::ContainerFacts& facts = container.facts;
  const auto text = [&](std::string_view name, std::string_view value) {
    out.key(name);
    out.string(value);
  };
  out.begin_object();
  text("ociVersion", facts.oci_version);
  text("id", facts.id);
  out.key("pid");
  out.integer(shown_pid(container));
  text("status", oci::to_string(container.status));
  text("bundle", facts.bundle);
  text("rootfs", facts.rootfs);
  text("created", facts.created);
  if (!facts.annotations.empty()) {
    out.key("annotations");
    out.begin_object();
    for (const auto& [name, value] : facts.annotations) text(name, value);
    out.end_object();
  }
  text("owner", user_name(facts.owner, passwd));
  out.end_object();
}

Table::Table() {
  widths_.fill(least_width);
  add({"ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"});
}

void Table::add(const container::Described& container, std::string_view passwd) {
  const container::ContainerFacts& facts = container.facts;
  const std::string pid = std::to_string(shown_pid(container));
  const std::string owner = user_name(facts.owner, passwd);
  add({facts.id, pid, oci::to_string(container.status), facts.bundle, facts.created, owner});
}

void Table::add(const std::array<std::string_view, columns>& row) {
  Sizes& sizes = sizes_.emplace_back();
  for (std::size_t i = 0; i < columns; ++i) {
    sizes[i] = static_cast<std::uint32_t>(row[i].size());
    widths_[i] = std::max(widths_[i], sizes[i] + gap);
    cells_.insert(cells_.end(), row[i].begin(), row[i].end());
  }
}

std::string Table::take_lines(std::size_t most) {
  std::string text;
  for (; most > 0 && !sizes_.empty(); --most, sizes_.pop_front()) {
    const Sizes& sizes = sizes_.front();
    for (std::size_t i = 0; i < columns; ++i) {
      const auto end = cells_.begin() + sizes[i];
      text.append(cells_.begin(), end);
      cells_.erase(cells_.begin(), end);
      const bool last = i + 1 == columns;
      text.append(last ? 1 : widths_[i] - sizes[i], last ? '\n' : ' ');
    }
  }
  return text;
}

}  // namespace coracle::cli
