// The options that stand before the command.
#pragma once

#include <span>
#include <string>

#include "runtime/base/result.hpp"
#include "runtime/cli/command.hpp"
#include "runtime/container/log.hpp"

namespace coracle::cli {

std::span<const Option> global_options();

// --log, --log-format and --debug.  Fails on an unknown format.
Result<container::log::Settings> log_settings(const Arguments& arguments);

// --root, --rootless, --cgroup-manager and --systemd-cgroup, with what the machine says where
// they are not given.  `program` is passed on.
Result<Globals> resolve_globals(const Arguments& arguments, std::string program);

// "coracle", or "runc" where argv[0] ends so: some engines insist on the name.  Pure.
std::string program_name(std::string_view argv0);

}  // namespace coracle::cli
