// A container whose cgroups systemd makes, as the unit that systemd shows.
#pragma once

#include <string>
#include <vector>

#include "tests/support/bundle.hpp"
#include "tests/support/process.hpp"

namespace coracle::test {

// False, and the case is skipped, where systemd is not PID 1; where it has cgroup v1.
bool systemd_is_init();
bool is_v2();

std::string systemctl(const std::vector<std::string>& args);

// A container in the slice of this process, by the systemd driver.  Only `create` and `run` say so:
// the others have to remember it.
class Unit : public Bundle {
 public:
  explicit Unit(const std::string& prefix = "coracle");
  ~Unit();

  static std::string slice();
  std::string name() const { return prefix_ + "-" + id() + ".scope"; }
  std::string directory() const { return "/sys/fs/cgroup/" + slice() + "/" + name(); }
  std::string setting(const std::string& file) const;
  // Of the unit, as systemd shows it.
  std::string property(const std::string& key) const;
  bool is_gone() const { return property("LoadState") == "not-found"; }

  Outcome create_unit(const std::vector<std::string>& globals = {"--systemd-cgroup"}) const;
  void launch_unit() const;
  // Its program becomes a shell that waits after `script`.
  void wait_in(const std::string& script = "");
  Outcome exec(const std::string& script) const;
  std::string cgroups() const;

 private:
  std::string prefix_;
};

}  // namespace coracle::test
