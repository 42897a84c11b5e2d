// Paths of a configuration as text: nothing is looked up.
#pragma once

#include <string>
#include <string_view>

namespace coracle::plan {

// A container path, absolute and clean: no "." or "..", no double or trailing
// slash.  A relative path starts at "/", and so does what ".." would leave.
std::string container_path(std::string_view path);

// A host path, absolute: a relative one starts at `bundle`.  Without "." and
// needless slashes; ".." stays, because the kernel resolves it behind links.
std::string host_path(std::string_view path, std::string_view bundle);

// As a JSON string cannot be a C string: whether `text` holds a NUL.
bool has_nul(std::string_view text);

}  // namespace coracle::plan
