// What a unit is told of its container: limits and annotations as properties.
// Source: systemd.resource-control(5), org.freedesktop.systemd1(5)
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "oci-spec/config_linux.hpp"
#include "runtime/base/result.hpp"
#include "runtime/cgroup/cgroup.hpp"
#include "runtime/cgroup/systemd_unit.hpp"
#include "runtime/dbus/value.hpp"

namespace coracle::cgroup::systemd {

struct Property {
  std::string name;  // "MemoryMax"
  dbus::Value value;

  bool operator==(const Property&) const = default;
};

// The annotations "org.systemd.property.NAME", in D-Bus's text form.  A name of
// at least three letters; one that ends in "Sec" becomes the "USec" that D-Bus has.  Pure.
Result<std::vector<Property>> annotated_properties(
    const std::map<std::string, std::string>& annotations);

// systemd has processor time in whole percents of a second: the quota rounded
// up to one, so that it stays what it is when systemd writes it.  Pure.
oci::Resources rounded(oci::Resources resources);

// Those of `settings` that systemd has a property for; a later setting of the
// same file wins.  `version` is systemd's: what it is too old for is left to
// the files.  Refuses what is no value of its file.  Pure.
Result<std::vector<Property>> limiting_properties(std::span<const Setting> settings, int version);

// What can only be said when the unit is made.  Pure.
std::vector<Property> oom_policy(const oci::Resources& resources, int version);

// DeviceAllow= and DevicePolicy= for the rules with those that every container
// has; none where systemd has no words for them: then the kernel alone has them.  Pure.
std::vector<Property> device_properties(const std::vector<oci::DeviceRule>& configured);

// The frame of a new unit: description, slice, delegation, accounting, and the
// process that it begins with, unless it is a slice.  Pure.
std::vector<Property> unit_properties(const Unit& unit, const std::string& id, pid_t pid);

// "0-2,8" -> the bits of a set, least first.  Pure.
Result<dbus::Value> bit_set(std::string_view numbers);

}  // namespace coracle::cgroup::systemd
