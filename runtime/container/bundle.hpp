// A bundle: its directory and its config.json.  Spec: bundle.md
#pragma once

#include <string>

#include "oci-spec/config.hpp"
#include "runtime/base/result.hpp"

namespace coracle::container {

struct Bundle {
  std::string path;  // absolute
  oci::Spec spec;    // validated
};

Result<Bundle> load_bundle(const std::string& directory);

}  // namespace coracle::container
