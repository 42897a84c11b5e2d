// What is known of a container before it is planned.  Private to container/: `create` and `restore`
// use it.
#pragma once

#include "oci-spec/config.hpp"
#include "runtime/base/result.hpp"
#include "runtime/container/bundle.hpp"
#include "runtime/container/create.hpp"
#include "runtime/container/state_dir.hpp"

namespace coracle::container {

// Our own stdio is noted in it.
ContainerState new_state(const CreateOptions& options, Bundle bundle);

}  // namespace coracle::container
