#include "runtime/container/bundle.hpp"

#include "oci-spec/parse.hpp"
#include "oci-spec/validate.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/timings.hpp"

namespace coracle::container {

Result<Bundle> load_bundle(const std::string& directory, const std::string& config) {
  const sys::timings::Phase phase("load config");
  std::string path = TRY(sys::absolute_path(directory));
  const std::string text = TRY(sys::read_file(config.empty() ? path + "/config.json" : config));
  oci::Spec spec = TRY(oci::parse_spec(text, config.empty() ? "config.json" : config));
  TRY(oci::validate(spec));
  return Bundle{.path = std::move(path), .spec = std::move(spec)};
}

}  // namespace coracle::container
