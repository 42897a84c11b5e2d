// A bundle: its directory and its configuration.  Spec: bundle.md
#pragma once

#include <string>

#include "oci-spec/config.hpp"
#include "runtime/base/result.hpp"

namespace coracle::container {

struct Bundle {
  std::string path;  // absolute
  oci::Spec spec;    // validated
};

// `config` is read in place of the bundle's config.json, unless it is empty.
Result<Bundle> load_bundle(const std::string& directory, const std::string& config);

}  // namespace coracle::container
