// How `state` and `list` show a container.  Pure.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "oci-spec/json_writer.hpp"
#include "runtime/container/lifecycle.hpp"

namespace coracle::cli {

// The name of `uid` in the text of /etc/passwd, or "#UID".
std::string user_name(uid_t uid, std::string_view passwd);

// One object: ociVersion, id, pid (0 when stopped), status, bundle, rootfs,
// created, annotations (left out when empty), owner.
void write_description(oci::json::Writer& out, const container::Described& container,
                       std::string_view passwd);

// Columns at least twelve wide and three apart, a header, a line each.  Until the last container
// is known no line can be written: a table holds little more than their texts, and never twice as
// much while it grows.
class Table {
 public:
  Table();
  void add(const container::Described& container, std::string_view passwd);
  // The next lines, `most` of them or fewer; empty after the last.
  std::string take_lines(std::size_t most);

 private:
  static constexpr std::size_t columns = 6;
  using Sizes = std::array<std::uint32_t, columns>;
  void add(const std::array<std::string_view, columns>& row);

  // Of the rows not yet taken.
  std::deque<char> cells_;  // one after another
  std::deque<Sizes> sizes_;
  Sizes widths_;
};

}  // namespace coracle::cli
