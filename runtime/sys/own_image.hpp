// The program that this process runs, exchanged under its feet for the same one elsewhere.
#pragma once

#include <string>

#include "runtime/base/result.hpp"
#include "runtime/sys/fd.hpp"

namespace coracle::sys {

// Makes `same`, another descriptor of the very program that runs, what /proc/self/exe and the
// process's memory refer to, without execve: the code is mapped anew from it, what was written
// since the start stays.  `same` may be closed afterwards.  Needs CAP_SYS_RESOURCE in the
// initial user namespace, or CAP_SYS_ADMIN; where it fails the process runs on as before, from
// either of the two.  PR_SET_MM_EXE_FILE and PR_SET_MM_MAP in prctl(2)
Result<void> replace_own_image(const Fd& same);

// What the linker says of the program that runs: the bytes of its build id, another for every
// build that differs; empty where it has none.  ld(1), --build-id
std::string own_build_id();

}  // namespace coracle::sys
