// By the paths that hierarchies have on this machine.
#include "tests/support/container_cgroup.hpp"

#include "tests/support/leftovers.hpp"
#include "tests/support/summary.hpp"
#include "tests/support/text.hpp"

namespace coracle::test {

bool shows(Bundle& bundle, CgroupView view) {
  bundle.view = view;
  const auto reason = why_not(view);
  if (reason) skip_case((name(view) + ": " + *reason).c_str());
  return !reason;
}

std::string cgroup_directory(const Bundle& bundle, const std::string& controller) {
  const std::vector<std::string> found = cgroup_directories(bundle.cgroup());
  for (const std::string& path : found) {
    if (contains(path, "/cgroup/" + controller + "/")) return path;
  }
  // A v2 machine has one for all of them.
  if (why_not(CgroupView::v1) && found.size() == 1) return found.front();
  return "(no cgroup of " + controller + ")";
}

std::string cgroup_setting(const Bundle& bundle, const std::string& controller,
                           const std::string& file) {
  return words(read_file(cgroup_directory(bundle, controller) + "/" + file));
}

}  // namespace coracle::test
