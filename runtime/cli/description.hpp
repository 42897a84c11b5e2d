// How `state` and `list` show a container.  Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "oci-spec/json_writer.hpp"
#include "runtime/container/lifecycle.hpp"

namespace coracle::cli {

// The name of `uid` in the text of /etc/passwd, or "#UID".
std::string user_name(uid_t uid, std::string_view passwd);

// One object: ociVersion, id, pid (0 when stopped), status, bundle, rootfs,
// created, annotations (left out when empty), owner.
void write_description(oci::json::Writer& out, const container::Described& container,
                       std::string_view passwd);

// Columns at least twelve wide and three apart, a header, a line each.
std::string render_table(const std::vector<container::Described>& containers,
                         std::string_view passwd);

}  // namespace coracle::cli
