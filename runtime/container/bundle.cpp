#include "runtime/container/bundle.hpp"

#include "oci-spec/parse.hpp"
#include "oci-spec/validate.hpp"
#include "runtime/sys/files.hpp"
#include "runtime/sys/timings.hpp"

namespace coracle::container {

namespace {

Result<std::string> read_config(const std::string& path) {
  auto text = sys::read_file(path);
  if (text || (text.error().code != ENOENT && text.error().code != ENOTDIR)) return text;
  return std::move(text).context(
      "a bundle is a directory with a config.json (--bundle names it, the command spec writes "
      "one)");
}

}  // namespace

Result<Bundle> load_bundle(const std::string& directory, const std::string& config) {
  const sys::timings::Phase phase("load config");
  std::string path = TRY(sys::absolute_path(directory));
  const std::string text =
      config.empty() ? TRY(read_config(path + "/config.json")) : TRY(sys::read_file(config));
  oci::Spec spec = TRY(oci::parse_spec(text, config.empty() ? "config.json" : config));
  TRY(oci::validate(spec));
  return Bundle{.path = std::move(path), .spec = std::move(spec)};
}

}  // namespace coracle::container
