#include "runtime/container/bundle.hpp"

#include "oci-spec/parse.hpp"
#include "oci-spec/validate.hpp"
#include "runtime/sys/files.hpp"

namespace coracle::container {

Result<Bundle> load_bundle(const std::string& directory) {
  std::string path = TRY(sys::absolute_path(directory));
  const std::string text = TRY(sys::read_file(path + "/config.json"));
  oci::Spec spec = TRY(oci::parse_spec(text));
  TRY(oci::validate(spec));
  return Bundle{.path = std::move(path), .spec = std::move(spec)};
}

}  // namespace coracle::container
