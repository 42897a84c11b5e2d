// The options that `checkpoint` and `restore` share.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "runtime/base/result.hpp"
#include "runtime/cli/command.hpp"
#include "runtime/container/checkpoint.hpp"

namespace coracle::cli {

inline constexpr std::array criu_options = {
    Option{.name = "image-path",
           .value = "dir",
           .help = "where CRIU's image files are (default: ./checkpoint)"},
    Option{.name = "work-path",
           .value = "dir",
           .help = "where CRIU writes its log and other files (default: the image path)"},
    Option{.name = "tcp-established", .help = "allow established TCP connections"},
    Option{.name = "ext-unix-sk", .help = "allow unix sockets that lead out of the container"},
    Option{.name = "shell-job", .help = "allow a terminal that is the host's"},
    Option{.name = "file-locks", .help = "dump and restore file locks"},
    Option{.name = "manage-cgroups-mode",
           .value = "mode",
           .help = "\"soft\", \"full\", \"strict\" or \"ignore\" (default: CRIU's, soft)"},
    Option{.name = "network-lock",
           .value = "method",
           .help = "what stops packets meanwhile: \"iptables\", \"nftables\" or \"skip\" "
                   "(default: CRIU's)"},
    Option{.name = "empty-ns",
           .value = "namespace",
           .help = "leave the new namespace empty: \"network\", which is always left so",
           .repeated = true},
    Option{.name = "auto-dedup", .help = "free in parent images what later ones replace"},
    Option{.name = "lazy-pages", .help = "fetch memory when it is first touched: userfaultfd(2)"},
};

// Fails on a value that is none of those listed.
Result<container::criu::Options> criu_options_from(const Arguments& arguments);

Result<container::Images> images_from(const Arguments& arguments);

// "ADDRESS:PORT"; an IPv6 address stands in brackets.  Pure.
Result<container::criu::PageServer> parse_page_server(std::string_view text);

}  // namespace coracle::cli
