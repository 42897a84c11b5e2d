// linux.netDevices: interfaces of the runtime's network namespace move to the container's.
// Spec: config-linux.md#network-devices
#pragma once

#include <sys/types.h>

#include <map>
#include <string>

#include "oci-spec/config_linux.hpp"
#include "runtime/base/result.hpp"

namespace coracle::container {

// Moves each device of `devices` to the network namespace of `init`, under its
// new name, with its permanent addresses of global scope, and sets it up
// there.  Nothing is moved when one is missing, or when its name is taken
// inside; a name with "%d" gets the first free number.  Routes stay behind.
// What was moved is not moved back: it goes where its namespace goes.
// Fails without privilege, and for an init in the runtime's own namespace.
Result<void> move_net_devices(const std::map<std::string, oci::NetDevice>& devices, pid_t init);

}  // namespace coracle::container
