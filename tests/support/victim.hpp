// A directory of the host that a hostile container aims at, and whether it was hit.
#pragma once

#include <map>
#include <string>

namespace coracle::test {

// Made at `path` (its parent exists) with what attacks are after: a file "ptmx" and "null", a
// directory "dir" with a file, all writable by everybody.  Removed by whoever removes its parent.
class Victim {
 public:
  explicit Victim(std::string path);

  const std::string& path() const { return path_; }
  // A link's target that leads there out of any root file system.
  std::string climbing() const { return "../../../../../../../../../.." + path_; }

  // What is otherwise than at the beginning (names, types, modes, owners, times of change,
  // content), a line each; "" when nothing is.
  std::string changes() const;

 private:
  std::string path_;
  std::map<std::string, std::string> before_;
};

}  // namespace coracle::test
