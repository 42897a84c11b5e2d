// What the host has that no container may change: its mounts, settings, devices, the runtime.
#pragma once

#include <map>
#include <string>

namespace coracle::test {

// Remembers at construction: the mount table, the settings that lead out of a container when they
// are written (core_pattern and its like, the release agents of cgroups), what is in /dev for
// everybody, and the runtime's binary.
class HostWitness {
 public:
  HostWitness();

  // What is otherwise now, a line each; "" when nothing is.
  std::string changes() const;

  // Writes the settings again that have changed: a runtime that can be hit is no reason to leave
  // the machine so.
  void restore() const;

 private:
  std::map<std::string, std::string> before_;
};

}  // namespace coracle::test
