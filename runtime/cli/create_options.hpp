// The options that `create` and `run` share.
#pragma once

#include <array>

#include "runtime/base/result.hpp"
#include "runtime/cli/command.hpp"
#include "runtime/container/create.hpp"

namespace coracle::cli {

inline constexpr std::array create_options = {
    Option{.name = "bundle",
           .letter = 'b',
           .value = "dir",
           .help = "the bundle's directory",
           .initial = "."},
    Option{.name = "config",
           .letter = 'f',
           .value = "file",
           .help = "the configuration, in place of the bundle's config.json"},
    Option{.name = "console-socket",
           .value = "socket",
           .help = "unix socket that receives the terminal's master end"},
    Option{.name = "pidfd-socket",
           .value = "socket",
           .help = "unix socket that receives a pidfd of the container's init"},
    Option{.name = "pid-file", .value = "file", .help = "write the process id of init there"},
    Option{.name = "no-pivot",
           .help = "change the root without pivot_root, for a rootfs on a ramdisk"},
    Option{.name = "no-new-keyring", .help = "keep the caller's session keyring"},
    Option{.name = "preserve-fds",
           .value = "count",
           .help = "pass this many descriptors above stdio and $LISTEN_FDS",
           .initial = "0"},
};

// Fails on a count that is none.
Result<container::CreateOptions> create_options_from(const Globals& globals,
                                                     const Arguments& arguments);

}  // namespace coracle::cli
