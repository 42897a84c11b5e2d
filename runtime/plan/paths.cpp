// Container and host paths as text.
#include "runtime/plan/paths.hpp"

#include <vector>

#include "runtime/base/strings.hpp"

namespace coracle::plan {
namespace {

std::string absolute(const std::vector<std::string_view>& names) {
  if (names.empty()) return "/";
  std::string path;
  for (const std::string_view name : names) path.append("/").append(name);
  return path;
}

}  // namespace

std::string container_path(std::string_view path) {
  std::vector<std::string_view> names;
  for (const std::string_view name : split(path, '/')) {
    if (name.empty() || name == ".") continue;
    if (name != "..") {
      names.push_back(name);
    } else if (!names.empty()) {
      names.pop_back();
    }
  }
  return absolute(names);
}

std::string host_path(std::string_view path, std::string_view bundle) {
  std::vector<std::string_view> names;
  if (!path.starts_with('/')) names = split(bundle, '/');
  for (const std::string_view name : split(path, '/')) names.push_back(name);
  std::erase_if(names, [](std::string_view name) { return name.empty() || name == "."; });
  return absolute(names);
}

bool has_nul(std::string_view text) {
  return text.find('\0') != std::string_view::npos;
}

}  // namespace coracle::plan
