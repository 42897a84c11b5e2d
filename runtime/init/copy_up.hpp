// tmpcopyup: what a tmpfs covers is copied into it.  Private to init/.
#pragma once

#include "runtime/base/result.hpp"
#include "runtime/sys/fd.hpp"

namespace coracle::init {

// Copies the tree below `from` into `to`, both directories (O_PATH): files,
// directories, symlinks, nodes, with owners and modes.  Links and nodes are
// never followed, so nothing of the image can lead out.
Result<void> copy_up(const sys::Fd& from, const sys::Fd& to);

}  // namespace coracle::init
