// Containers as JSON objects and as rows of a table.
#include "runtime/cli/description.hpp"

#include <algorithm>
#include <array>

#include "runtime/base/strings.hpp"
#include "runtime/container/status.hpp"

namespace coracle::cli {
namespace {

constexpr std::size_t columns = 6;
constexpr std::size_t least_width = 12;
constexpr std::size_t gap = 3;

using Row = std::array<std::string, columns>;

pid_t shown_pid(const container::Described& container) {
  return container.status == oci::Status::stopped ? 0 : container.facts.pid;
}

std::string render_rows(const std::vector<Row>& rows) {
  std::array<std::size_t, columns> widths;
  widths.fill(least_width);
  for (const Row& row : rows)
    for (std::size_t i = 0; i < columns; ++i) widths[i] = std::max(widths[i], row[i].size() + gap);
  std::string text;
  for (const Row& row : rows) {
    for (std::size_t i = 0; i + 1 < columns; ++i)
      text.append(row[i]).append(widths[i] - row[i].size(), ' ');
    text.append(row.back()) += '\n';
  }
  return text;
}

}  // namespace

std::string user_name(uid_t uid, std::string_view passwd) {
  const std::string wanted = std::to_string(uid);
  for (const std::string_view line : split(passwd, '\n')) {
    const auto fields = split(line, ':');
    if (fields.size() > 2 && fields[2] == wanted) return std::string(fields[0]);
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

std::string render_table(const std::vector<container::Described>& containers,
                         std::string_view passwd) {
  std::vector<Row> rows = {{"ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"}};
  for (const container::Described& container : containers) {
    const container::ContainerFacts& facts = container.facts;
    rows.push_back({facts.id, std::to_string(shown_pid(container)),
                    std::string(oci::to_string(container.status)), facts.bundle, facts.created,
                    user_name(facts.owner, passwd)});
  }
  return render_rows(rows);
}

}  // namespace coracle::cli
