// Containers by a regular expression: kill and delete --regex.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runtime/base/result.hpp"

namespace coracle::container {

// The ids in which `pattern`, a POSIX extended regular expression, matches
// somewhere; regex(7).  Pure.
Result<std::vector<std::string>> matching(const std::vector<std::string>& ids,
                                          const std::string& pattern);

// Does `what` to each container below `root` whose id matches; none is no
// error.  When some fail the others have their turn nevertheless, and the
// error has the texts of all that did.
Result<void> for_each_match(const std::string& root, const std::string& pattern,
                            const std::function<Result<void>(const std::string& id)>& what);

}  // namespace coracle::container
