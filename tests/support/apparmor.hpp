// Profiles of AppArmor, where the kernel has it.
#pragma once

#include <string>

namespace coracle::test {

// Otherwise the case is skipped, and says why.
bool apparmor_is_on();

// A profile in the kernel that allows everything but /denied; gone with the test.
class AppArmorProfile {
 public:
  explicit AppArmorProfile(const std::string& suffix = "");
  AppArmorProfile(const AppArmorProfile&) = delete;
  AppArmorProfile& operator=(const AppArmorProfile&) = delete;
  ~AppArmorProfile();

  const std::string& name() const { return name_; }
  // What /proc/PID/attr/current has of a process that it confines.
  std::string in_force() const { return name_ + " (enforce)\n"; }

 private:
  std::string name_;
};

}  // namespace coracle::test
