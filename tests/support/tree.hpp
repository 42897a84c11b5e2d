// A directory tree as facts that can be compared.
#pragma once

#include <map>
#include <string>

namespace coracle::test {

// Path below `top` ("" itself) -> type, mode, owner, device, modification and change times, content
// or link target.  Nothing is followed.
std::map<std::string, std::string> tree_facts(const std::string& top);

// What differs, a line each: "KEY: BEFORE -> AFTER"; "" when nothing does.
std::string changed_facts(const std::map<std::string, std::string>& before,
                          const std::map<std::string, std::string>& after);

}  // namespace coracle::test
